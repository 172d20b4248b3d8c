#pragma once

#include "base/error.hpp"
#include "base/time.hpp"
#include "json/read.hpp"
#include "ports/secrets.hpp"
#include "server/http_exchange.hpp"

#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace knotos::api {

/// One request on its way through its route: what the handlers are given. Lives on the shard of its
/// connection; whoever answers it holds it.
struct Call {
  std::shared_ptr<server::HttpExchange> exchange;
  std::string request_id;
  std::string_view route;  ///< The template, for logs: a constant of the router.
  std::vector<std::pair<std::string_view, std::string>> path_parameters;  ///< Decoded.
  SteadyTime began_at;
  ports::AccessClaims caller;                ///< Only behind a route that wants one.
  std::vector<http::Header> answer_headers;  ///< What the answer has whatever becomes of it.

  [[nodiscard]] const http::Request& request() const { return exchange->request(); }
};

using CallPtr = std::shared_ptr<Call>;

/// The body as an object. Errors: unsupported_media, malformed_json, validation_failed.
[[nodiscard]] Result<json::Object> body_of(const Call& call);

/// The text after `Authorization: Bearer`. Errors: unauthenticated.
[[nodiscard]] Result<std::string> bearer_token(const http::Request& request);

/// The request's own X-Request-Id, where it is one: 1 to 64 of [A-Za-z0-9_.-].
[[nodiscard]] bool is_request_id(std::string_view text);

}  // namespace knotos::api
