#include "api/people_routes.hpp"

#include "api/page.hpp"
#include "api/parameters.hpp"
#include "json/private_cursors.hpp"
#include "json/private_requests.hpp"
#include "json/write_export.hpp"
#include "json/write_private.hpp"

namespace knotos::api {
namespace {

using services::PeopleService;
using services::RateKind;

Result<PageQuery<ports::AcquaintancePosition>> people_query(const Call& call) {
  Parameters parameters(call);
  const auto query = page_query(parameters, json::decode_acquaintance_cursor);
  if (auto checked = parameters.finish(); !checked) return fail(std::move(checked.error()));
  return query;
}

Result<domain::UserId> user_of(const Call& call) {
  Parameters parameters(call);
  const auto user = parameters.id<domain::UserId>("userId");
  if (auto checked = parameters.finish(); !checked) return fail(std::move(checked.error()));
  return user;
}

Result<Reply> people_reply(const Result<ports::AcquaintancePage>& page) {
  if (!page) return fail(page.error());
  std::optional<std::string> next_cursor;
  if (page->has_more && !page->people.empty()) {
    const auto& last = page->people.back();
    next_cursor = json::encode_cursor(
        ports::AcquaintancePosition{.since = last.since, .user_id = last.user.id});
  }
  return json_reply(list_page(page->people, json::append_acquaintance, next_cursor));
}

Result<Reply> me_reply(const Result<PeopleService::Me>& me) {
  if (!me) return fail(me.error());
  return json_reply(json::me(*me));
}

}  // namespace

void PeopleRoutes::add_to(Router& router) {
  const auto add = [this, &router](std::string method, std::string path, auto handler,
                                   std::optional<RateKind> rate = std::nullopt) {
    router.add(
        {std::move(method), std::move(path), Access::signed_in, handled_by(*this, handler), rate});
  };
  add("GET", "/v1/me", &PeopleRoutes::me);
  add("PATCH", "/v1/me", &PeopleRoutes::update_me, RateKind::people);
  add("DELETE", "/v1/me", &PeopleRoutes::delete_me, RateKind::account);
  add("PATCH", "/v1/me/privacy", &PeopleRoutes::update_privacy, RateKind::people);
  add("POST", "/v1/me/export", &PeopleRoutes::export_me, RateKind::account);
  add("GET", "/v1/users/{userId}", &PeopleRoutes::user);
  add("GET", "/v1/contacts", &PeopleRoutes::contacts);
  add("GET", "/v1/contacts/{userId}", &PeopleRoutes::contact);
  add("PUT", "/v1/contacts/{userId}", &PeopleRoutes::put_contact, RateKind::people);
  add("DELETE", "/v1/contacts/{userId}", &PeopleRoutes::remove_contact, RateKind::people);
  add("GET", "/v1/blocks", &PeopleRoutes::blocks);
  add("PUT", "/v1/blocks/{userId}", &PeopleRoutes::put_block, RateKind::people);
  add("DELETE", "/v1/blocks/{userId}", &PeopleRoutes::remove_block, RateKind::people);
}

Task<Result<Reply>> PeopleRoutes::me(CallPtr call) {
  co_return me_reply(co_await own_.people.me(call->caller.user_id));
}

Task<Result<Reply>> PeopleRoutes::update_me(CallPtr call) {
  const auto body = body_of(*call);
  if (!body) co_return fail(body.error());
  auto patch = json::profile_patch(*body);
  if (!patch) co_return fail(std::move(patch.error()));
  co_return me_reply(co_await own_.people.update_profile(call->caller.user_id, std::move(*patch)));
}

Task<Result<Reply>> PeopleRoutes::delete_me(CallPtr call) {
  const auto body = body_of(*call);
  if (!body) co_return fail(body.error());
  auto password = json::password_request(*body);
  if (!password) co_return fail(std::move(password.error()));
  auto deleted = co_await own_.account_end.delete_account(call->caller, std::move(*password));
  if (!deleted) co_return fail(std::move(deleted.error()));
  co_return empty_reply();
}

Task<Result<Reply>> PeopleRoutes::update_privacy(CallPtr call) {
  const auto body = body_of(*call);
  if (!body) co_return fail(body.error());
  const auto patch = json::privacy_patch(*body);
  if (!patch) co_return fail(patch.error());
  const auto me = co_await own_.people.update_privacy(call->caller.user_id, *patch);
  if (!me) co_return fail(me.error());
  co_return json_reply(json::privacy(me->privacy));
}

Task<Result<Reply>> PeopleRoutes::export_me(CallPtr call) {
  Parameters parameters(*call);
  const auto after = parameters.cursor(json::decode_export_cursor);
  if (auto checked = parameters.finish(); !checked) co_return fail(std::move(checked.error()));
  const auto document = co_await own_.account_end.export_data(call->caller.user_id, after);
  if (!document) co_return fail(document.error());
  co_return json_reply(json::exported(*document, clock_.now()));
}

Task<Result<Reply>> PeopleRoutes::user(CallPtr call) {
  const auto user = user_of(*call);
  if (!user) co_return fail(user.error());
  const auto seen = co_await own_.people.user(call->caller.user_id, *user);
  if (!seen) co_return fail(seen.error());
  co_return json_reply(json::seen_user(*seen));
}

Task<Result<Reply>> PeopleRoutes::contact(CallPtr call) {
  const auto user = user_of(*call);
  if (!user) co_return fail(user.error());
  const auto contact = co_await own_.people.contact(call->caller.user_id, *user);
  if (!contact) co_return fail(contact.error());
  co_return json_reply(json::acquaintance(*contact));
}

Task<Result<Reply>> PeopleRoutes::contacts(CallPtr call) {
  const auto query = people_query(*call);
  if (!query) co_return fail(query.error());
  co_return people_reply(
      co_await own_.people.contacts(call->caller.user_id, query->after, query->limit));
}

Task<Result<Reply>> PeopleRoutes::put_contact(CallPtr call) {
  return change(std::move(call), &PeopleService::put_contact);
}

Task<Result<Reply>> PeopleRoutes::remove_contact(CallPtr call) {
  return change(std::move(call), &PeopleService::remove_contact);
}

Task<Result<Reply>> PeopleRoutes::blocks(CallPtr call) {
  const auto query = people_query(*call);
  if (!query) co_return fail(query.error());
  co_return people_reply(
      co_await own_.people.blocks(call->caller.user_id, query->after, query->limit));
}

Task<Result<Reply>> PeopleRoutes::put_block(CallPtr call) {
  return change(std::move(call), &PeopleService::put_block);
}

Task<Result<Reply>> PeopleRoutes::remove_block(CallPtr call) {
  return change(std::move(call), &PeopleService::remove_block);
}

Task<Result<Reply>> PeopleRoutes::change(CallPtr call, Change change) {
  const auto other = user_of(*call);
  if (!other) co_return fail(other.error());
  auto done = co_await (own_.people.*change)(call->caller.user_id, *other);
  if (!done) co_return fail(std::move(done.error()));
  co_return empty_reply();
}

}  // namespace knotos::api
