#include "api/parameters.hpp"

#include "json/requests.hpp"
#include "json/text.hpp"

#include <algorithm>
#include <charconv>

namespace knotos::api {
namespace {

/// Digits, and before them perhaps a sign: a number that may be out of range but is none other.
bool is_whole_number(std::string_view text) {
  if (!text.empty() && (text.front() == '-' || text.front() == '+')) text.remove_prefix(1);
  return !text.empty() && std::ranges::all_of(text, [](char c) { return c >= '0' && c <= '9'; });
}

}  // namespace

Parameters::Parameters(const Call& call)
    : path_(call.path_parameters), query_(call.request().query()) {}

std::optional<std::string> Parameters::text(std::string_view name) const {
  const auto value = query_.get(name);
  if (!value) return std::nullopt;
  return std::string(*value);
}

std::optional<std::uint64_t> Parameters::number(std::string_view name, std::uint64_t min,
                                                std::uint64_t max) {
  const auto text = query_.get(name);
  if (!text) return std::nullopt;
  if (!is_whole_number(*text)) {
    refuse(name, "malformed", "A whole number is wanted.");
    return std::nullopt;
  }
  std::uint64_t value = 0;
  const auto [end, ec] = std::from_chars(text->data(), text->data() + text->size(), value);
  if (ec != std::errc() || end != text->data() + text->size() || value < min || value > max) {
    refuse(name, "out-of-range",
           "A whole number from " + std::to_string(min) + " to " + std::to_string(max) +
               " is wanted.");
    return std::nullopt;
  }
  return value;
}

std::uint64_t Parameters::required_number(std::string_view name, std::uint64_t min,
                                          std::uint64_t max) {
  if (!query_.get(name)) refuse(name, "required", "It is missing.");
  return number(name, min, max).value_or(min);
}

std::size_t Parameters::limit() {
  return number("limit", 1, json::kPageMax).value_or(json::kPageDefault);
}

void Parameters::refuse(std::string_view name, std::string_view code, std::string detail) {
  errors_.push_back({"/" + std::string(name), std::string(code), std::move(detail)});
}

void Parameters::refuse_all(const Error& error) {
  errors_.insert(errors_.end(), error.fields.begin(), error.fields.end());
}

Result<void> Parameters::finish() {
  if (errors_.empty()) return {};
  return fail(Error{.code = Errc::validation_failed,
                    .detail = {},
                    .fields = std::exchange(errors_, {}),
                    .cause = {}});
}

std::string Parameters::path_text(std::string_view name) {
  const auto found = std::ranges::find(path_, name, [](const auto& each) { return each.first; });
  KN_ASSERT(found != path_.end());  // The template of the route names it.
  if (!json::is_utf8(found->second)) refuse(name, "malformed", "It is not UTF-8.");
  return found->second;
}

Uuid Parameters::uuid(std::string_view name) {
  const auto found = std::ranges::find(path_, name, [](const auto& each) { return each.first; });
  KN_ASSERT(found != path_.end());  // The template of the route names it.
  const auto parsed = Uuid::parse(found->second);
  if (!parsed) refuse(name, "malformed", "An id is wanted.");
  return parsed.value_or(Uuid());
}

}  // namespace knotos::api
