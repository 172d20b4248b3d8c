#include "api/sync_routes.hpp"

#include "api/parameters.hpp"
#include "json/private_cursors.hpp"
#include "json/private_requests.hpp"
#include "json/write_private.hpp"

namespace knotos::api {

using services::RateKind;

void SyncRoutes::add_to(Router& router) {
  router.add(
      {"GET", "/v1/sync", Access::signed_in, handled_by(*this, &SyncRoutes::sync), RateKind::sync});
  router.add({"POST", "/v1/sync/verify", Access::signed_in, handled_by(*this, &SyncRoutes::verify),
              RateKind::sync});
}

Task<Result<Reply>> SyncRoutes::sync(CallPtr call) {
  Parameters parameters(*call);
  auto cursor = parameters.cursor(json::decode_sync_cursor);
  if (auto checked = parameters.finish(); !checked) co_return fail(std::move(checked.error()));
  const auto user = call->caller.user_id;
  const auto answer = co_await own_.syncs.sync(user, std::move(cursor));
  if (!answer) co_return fail(answer.error());
  co_return json_reply(json::sync(*answer, user, clock_.now()));
}

Task<Result<Reply>> SyncRoutes::verify(CallPtr call) {
  const auto body = body_of(*call);
  if (!body) co_return fail(body.error());
  auto known = json::verify_request(*body, own_.syncs.limits().known_max);
  if (!known) co_return fail(std::move(known.error()));
  const auto verified = co_await own_.syncs.verify(call->caller.user_id, std::move(*known));
  if (!verified) co_return fail(verified.error());
  co_return json_reply(json::verified(*verified));
}

}  // namespace knotos::api
