#include "api/api.hpp"

#include "api/user_rate.hpp"
#include "base/digest.hpp"
#include "base/log.hpp"
#include "base/metrics.hpp"

#include <array>
#include <exception>

namespace knotos::api {
namespace {

metrics::Counter answered("api_responses_total", "REST requests answered.", "class", "2xx");
metrics::Counter refused("api_responses_total", "REST requests answered.", "class", "4xx");
metrics::Counter failed("api_responses_total", "REST requests answered.", "class", "5xx");

void count(unsigned status) {
  if (status >= 500) {
    failed.add();
  } else if (status >= 400) {
    refused.add();
  } else {
    answered.add();
  }
}

std::string make_request_id(ports::Random& random) {
  std::array<std::uint8_t, 15> bytes{};
  random.fill(bytes);
  return base64url_encode(bytes);
}

}  // namespace

Api::Api(Parts parts, Settings settings, std::function<Readiness()> readiness)
    : parts_(parts),
      cors_(std::move(settings.cors_origins)),
      auth_rate_("auth", settings.rate_auth, parts.clock),
      account_routes_(parts.accounts),
      user_routes_(parts.accounts),
      chat_routes_(parts.chats, parts.clock, settings.group_members_max),
      message_routes_(parts.messages, parts.own.states, settings.content, settings.rate_messages),
      people_routes_(parts.own, parts.clock),
      state_routes_(parts.own, parts.clock),
      sync_routes_(parts.own, parts.clock),
      reaction_routes_(parts.messages, settings.rate_messages),
      member_routes_(parts.members, parts.clock, settings.group_members_max),
      operation_routes_(std::move(readiness), std::move(settings.version)) {
  account_routes_.add_to(router_);
  user_routes_.add_to(router_);
  chat_routes_.add_to(router_);
  message_routes_.add_to(router_);
  people_routes_.add_to(router_);
  state_routes_.add_to(router_);
  sync_routes_.add_to(router_);
  reaction_routes_.add_to(router_);
  member_routes_.add_to(router_);
  operation_routes_.add_to(router_);
  description_routes_.add_to(router_);
}

void Api::serve(std::shared_ptr<server::HttpExchange> exchange) {
  auto call = begin(std::move(exchange));
  const auto& request = call->request();
  auto target = router_.find(request.method, request.path());
  if (auto* found = std::get_if<Router::Found>(&target)) {
    call->route = found->route->path;
    call->path_parameters = std::move(found->parameters);
    const auto executor = parts_.shards.executor(parts_.shards.current());
    spawn(executor, "api request", answer(std::move(call), found->route));
  } else if (const auto* wrong = std::get_if<Router::WrongMethod>(&target)) {
    answer_wrong_method(*call, wrong->allowed);
  } else {
    respond(*call, fail(Errc::not_found, "There is nothing under this path."));
  }
}

http::Response Api::refuse(unsigned status, std::string_view text) {
  auto response = refuse(
      fail(status == 413 ? Errc::payload_too_large : Errc::request_timeout, std::string(text))
          .error());
  response.closes_connection = true;
  return response;
}

http::Response Api::refuse(const Error& error) {
  const auto request_id = make_request_id(parts_.random);
  auto reply = problem_reply(error, request_id);
  http::Response response{
      .status = reply.status, .headers = std::move(reply.headers), .body = std::move(reply.body)};
  response.headers.push_back({"X-Request-Id", request_id});
  response.headers.push_back({"Content-Type", std::string(reply.content_type)});
  response.headers.push_back({"Cache-Control", "no-store"});
  return response;
}

CallPtr Api::begin(std::shared_ptr<server::HttpExchange> exchange) {
  auto call = std::make_shared<Call>();
  call->exchange = std::move(exchange);
  call->route = "(none)";
  call->began_at = parts_.clock.steady_now();
  const auto given = call->request().header("X-Request-Id");
  call->request_id =
      given && is_request_id(*given) ? std::string(*given) : make_request_id(parts_.random);
  return call;
}

Task<void> Api::answer(CallPtr call, const Route* route) {
  Result<Reply> result = fail(Errc::internal);
  try {
    result = co_await run(call, route);
  } catch (const std::exception& exception) {
    result = fail_because(Errc::internal, exception.what());
  }
  respond(*call, std::move(result));
}

Task<Result<Reply>> Api::run(CallPtr call, const Route* route) {
  auto admitted = co_await admit(call, route->access);
  if (!admitted) co_return fail(std::move(admitted.error()));
  if (route->rate) {
    auto taken = take_rate(parts_.own.rates, *route->rate, *call);
    if (!taken) co_return fail(std::move(taken.error()));
  }
  co_return co_await route->handler(std::move(call));
}

Task<Result<void>> Api::admit(CallPtr call, Access access) {
  if (access == Access::limited) {
    co_return auth_rate_.take(call->request().remote_address, call->answer_headers);
  }
  if (access == Access::signed_in) {
    auto token = bearer_token(call->request());
    if (!token) co_return fail(std::move(token.error()));
    // The device is looked up each time: whoever signs a lost one out means at once, not when its
    // token expires.
    auto claims = co_await parts_.accounts.authenticate_device(*std::move(token));
    if (!claims) co_return fail(std::move(claims.error()));
    call->caller = *std::move(claims);
  }
  co_return Result<void>();
}

void Api::answer_wrong_method(Call& call, const std::string& allowed) {
  call.answer_headers.push_back({"Allow", allowed});
  if (call.request().method != "OPTIONS") {
    respond(call, fail(Errc::method_not_allowed));
    return;
  }
  cors_.add_preflight_headers(call.request(), allowed, call.answer_headers);
  respond(call, empty_reply());
}

void Api::respond(Call& call, Result<Reply> result) {
  const auto* error = result ? nullptr : &result.error();
  auto reply = result ? std::move(*result) : problem_reply(*error, call.request_id);
  http::Response response;
  response.status = reply.status;
  response.headers = std::move(call.answer_headers);
  std::ranges::move(reply.headers, std::back_inserter(response.headers));
  response.headers.push_back({"X-Request-Id", call.request_id});
  response.headers.push_back({"X-Content-Type-Options", "nosniff"});
  if (reply.status != 204) {
    response.headers.push_back({"Content-Type", std::string(reply.content_type)});
  }
  // Everything here is somebody's own or true for a moment only.
  response.headers.push_back({"Cache-Control", "no-store"});
  cors_.add_headers(call.request(), response.headers);
  response.body = std::move(reply.body);
  record(call, reply.status, error);
  call.exchange->respond(std::move(response));
}

void Api::record(const Call& call, unsigned status, const Error* error) const {
  count(status);
  // A probe that is told "not ready" is no failure: it comes every second.
  const bool has_failed = status >= 500 && error != nullptr;
  const auto level = has_failed ? log::Level::warning : log::Level::debug;
  if (!log::enabled(level)) return;
  const auto took = std::chrono::duration_cast<std::chrono::microseconds>(
      parts_.clock.steady_now() - call.began_at);
  const std::string_view code = error != nullptr ? describe(error->code).code : "";
  const std::string_view cause = error != nullptr ? std::string_view(error->cause) : "";
  log::write(level, has_failed ? "request failed" : "request answered",
             {{"requestId", call.request_id},
              {"method", call.request().method},
              {"route", call.route},
              {"status", status},
              {"durationUs", took.count()},
              {"code", code},
              {"cause", cause}});
}

}  // namespace knotos::api
