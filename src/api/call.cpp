#include "api/call.hpp"

#include <algorithm>

namespace knotos::api {
namespace {

constexpr std::size_t kRequestIdMax = 64;
constexpr std::string_view kBlanks = " \t";

char lower(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; }

bool equals_in_any_case(std::string_view text, std::string_view lower_case) {
  return std::ranges::equal(text, lower_case, {}, lower);
}

std::string_view trimmed(std::string_view text) {
  const auto begin = text.find_first_not_of(kBlanks);
  if (begin == std::string_view::npos) return {};
  return text.substr(begin, text.find_last_not_of(kBlanks) - begin + 1);
}

/// A body without a type is taken for what it must be anyway.
bool is_json(const http::Request& request) {
  const auto type = request.header("Content-Type");
  if (!type) return true;
  return equals_in_any_case(trimmed(type->substr(0, type->find(';'))), "application/json");
}

}  // namespace

Result<json::Object> body_of(const Call& call) {
  if (!is_json(call.request())) {
    return fail(Errc::unsupported_media, "A body is application/json.");
  }
  return json::parse_object(call.request().body);
}

Result<std::string> bearer_token(const http::Request& request) {
  const auto header = request.header("Authorization");
  if (!header) return fail(Errc::unauthenticated);
  const auto text = trimmed(*header);
  const auto blank = text.find_first_of(kBlanks);
  if (blank == std::string_view::npos || !equals_in_any_case(text.substr(0, blank), "bearer")) {
    return fail(Errc::unauthenticated, "A bearer token is wanted.");
  }
  return std::string(trimmed(text.substr(blank)));
}

bool is_request_id(std::string_view text) {
  const auto is_allowed = [](char c) {
    return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '_' ||
           c == '-' || c == '.';
  };
  return !text.empty() && text.size() <= kRequestIdMax && std::ranges::all_of(text, is_allowed);
}

}  // namespace knotos::api
