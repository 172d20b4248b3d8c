#include "api/reply.hpp"

#include "json/write.hpp"

#include <algorithm>

namespace knotos::api {
namespace {

/// RFC 6750 section 3.1: a challenge names an error only where a token was shown. An expired one
/// says so in its description, so that the client knows to refresh.
std::string challenge_of(const Error& error) {
  if (error.code == Errc::token_expired) {
    return R"(Bearer error="invalid_token", error_description="The access token has expired")";
  }
  return "Bearer";
}

}  // namespace

std::string seconds_text(std::chrono::milliseconds duration) {
  return std::to_string(std::chrono::ceil<std::chrono::seconds>(duration).count());
}

Reply problem_reply(const Error& error, std::string_view request_id) {
  Reply reply{.status = describe(error.code).status,
              .body = json::problem(error, request_id),
              .content_type = kProblemType,
              .headers = {}};
  if (reply.status == 401) reply.headers.push_back({"WWW-Authenticate", challenge_of(error)});
  if (reply.status == 429 || reply.status == 503) {
    reply.headers.push_back(
        {"Retry-After", seconds_text(std::max(error.retry_after, std::chrono::milliseconds(1)))});
  }
  return reply;
}

}  // namespace knotos::api
