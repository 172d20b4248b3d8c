#pragma once

#include "base/error.hpp"
#include "protocol/http/message.hpp"

#include <string>
#include <string_view>
#include <vector>

namespace knotos::api {

inline constexpr std::string_view kJsonType = "application/json";
inline constexpr std::string_view kProblemType = "application/problem+json";

/// What a route answers, before the headers that every answer gets.
struct Reply {
  unsigned status = 200;
  std::string body;
  std::string_view content_type = kJsonType;  ///< A constant.
  std::vector<http::Header> headers;
};

[[nodiscard]] inline Reply json_reply(std::string body, unsigned status = 200) {
  return {.status = status, .body = std::move(body), .content_type = kJsonType, .headers = {}};
}

/// 204.
[[nodiscard]] inline Reply empty_reply() {
  return {.status = 204, .body = {}, .content_type = kJsonType, .headers = {}};
}

/// The problem object of an error, with WWW-Authenticate and Retry-After where the status wants
/// them.
[[nodiscard]] Reply problem_reply(const Error& error, std::string_view request_id);

/// Whole seconds, rounded up: a client that waits as told is not too early.
[[nodiscard]] std::string seconds_text(std::chrono::milliseconds duration);

}  // namespace knotos::api
