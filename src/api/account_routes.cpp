#include "api/account_routes.hpp"

#include "api/page.hpp"
#include "api/parameters.hpp"
#include "json/requests.hpp"
#include "json/write.hpp"

#include <algorithm>

namespace knotos::api {
namespace {

constexpr std::size_t kDeviceNameBytesMax = 120;

}  // namespace

void AccountRoutes::add_to(Router& router) {
  router.add({"POST", "/v1/auth/register", Access::limited,
              handled_by(*this, &AccountRoutes::register_user)});
  router.add({"POST", "/v1/auth/login", Access::limited, handled_by(*this, &AccountRoutes::login)});
  router.add(
      {"POST", "/v1/auth/refresh", Access::limited, handled_by(*this, &AccountRoutes::refresh)});
  router.add(
      {"POST", "/v1/auth/logout", Access::signed_in, handled_by(*this, &AccountRoutes::logout)});
  router.add(
      {"GET", "/v1/auth/sessions", Access::signed_in, handled_by(*this, &AccountRoutes::sessions)});
  router.add({"DELETE", "/v1/auth/sessions/{deviceId}", Access::signed_in,
              handled_by(*this, &AccountRoutes::revoke)});
}

Task<Result<Reply>> AccountRoutes::register_user(CallPtr call) {
  const auto body = body_of(*call);
  if (!body) co_return fail(body.error());
  auto registration = json::registration(*body);
  if (!registration) co_return fail(std::move(registration.error()));
  registration->device_name = device_name_of(call->request());
  auto session = co_await accounts_.register_user(*std::move(registration));
  if (!session) co_return fail(std::move(session.error()));
  co_return json_reply(json::session(*session), 201);
}

Task<Result<Reply>> AccountRoutes::login(CallPtr call) {
  const auto body = body_of(*call);
  if (!body) co_return fail(body.error());
  auto login = json::login(*body);
  if (!login) co_return fail(std::move(login.error()));
  login->device_name = device_name_of(call->request());
  auto session = co_await accounts_.login(*std::move(login));
  if (!session) co_return fail(std::move(session.error()));
  co_return json_reply(json::session(*session));
}

Task<Result<Reply>> AccountRoutes::refresh(CallPtr call) {
  const auto body = body_of(*call);
  if (!body) co_return fail(body.error());
  auto token = json::refresh_request(*body);
  if (!token) co_return fail(std::move(token.error()));
  auto session = co_await accounts_.refresh(*std::move(token));
  if (!session) co_return fail(std::move(session.error()));
  co_return json_reply(json::session(*session));
}

Task<Result<Reply>> AccountRoutes::logout(CallPtr call) {
  auto done = co_await accounts_.logout(call->caller);
  if (!done) co_return fail(std::move(done.error()));
  co_return empty_reply();
}

Task<Result<Reply>> AccountRoutes::sessions(CallPtr call) {
  Parameters parameters(*call);
  const auto query = page_query(parameters, json::decode_newest_first_cursor);
  if (auto checked = parameters.finish(); !checked) co_return fail(std::move(checked.error()));
  auto devices = co_await accounts_.sessions(call->caller.user_id);
  if (!devices) co_return fail(std::move(devices.error()));
  const auto next_cursor = cut_to_page(*devices, query, [](const domain::Device& device) {
    return json::NewestFirstPosition{.created_at = device.created_at, .key = device.id.to_string()};
  });
  const auto append = [&call](std::string& out, const domain::Device& device) {
    json::append_device(out, device, device.id == call->caller.device_id);
  };
  co_return json_reply(list_page(*devices, append, next_cursor));
}

Task<Result<Reply>> AccountRoutes::revoke(CallPtr call) {
  Parameters parameters(*call);
  const auto device = parameters.id<domain::DeviceId>("deviceId");
  if (auto checked = parameters.finish(); !checked) co_return fail(std::move(checked.error()));
  auto done = co_await accounts_.revoke(call->caller.user_id, device);
  if (!done) co_return fail(std::move(done.error()));
  co_return empty_reply();
}

std::string device_name_of(const http::Request& request) {
  std::string name(request.header("User-Agent").value_or("").substr(0, kDeviceNameBytesMax));
  // What is not printable ASCII has no business there, and could be cut in the middle.
  std::ranges::replace_if(name, [](char c) { return c < ' ' || c > '~'; }, '?');
  return name;
}

}  // namespace knotos::api
