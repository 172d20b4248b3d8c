#include "json/read.hpp"

#include "base/assert.hpp"

#include <boost/json/parse.hpp>
#include <boost/json/value.hpp>

#include <simdjson.h>

#include <algorithm>
#include <cmath>
#include <utility>

namespace knotos::json {
namespace {

namespace bj = boost::json;

/// A name longer than this is left out of pointers: the answer must not grow with the request.
constexpr std::size_t kPointerNameMax = 256;

std::optional<unsigned> hex_digit(char c) {
  if (c >= '0' && c <= '9') return static_cast<unsigned>(c - '0');
  if (c >= 'a' && c <= 'f') return static_cast<unsigned>(c - 'a') + 10U;
  if (c >= 'A' && c <= 'F') return static_cast<unsigned>(c - 'A') + 10U;
  return std::nullopt;
}

/// The code unit of a \uXXXX escape that begins at `at`; nullopt where there is none.
std::optional<unsigned> escaped_unit(std::string_view text, std::size_t at) {
  if (at + 6 > text.size() || text[at] != '\\' || text[at + 1] != 'u') return std::nullopt;
  unsigned unit = 0;
  for (std::size_t i = at + 2; i < at + 6; ++i) {
    const auto digit = hex_digit(text[i]);
    if (!digit) return std::nullopt;
    unit = unit * 16 + *digit;
  }
  return unit;
}

bool is_high_surrogate(unsigned unit) { return unit >= 0xd800 && unit <= 0xdbff; }
bool is_low_surrogate(unsigned unit) { return unit >= 0xdc00 && unit <= 0xdfff; }

/// Rewrites escapes of lone surrogates, which Boost.JSON refuses, as U+FFFD. A backslash outside a
/// string is no JSON either way, so strings need not be told from the rest.
std::string without_lone_surrogates(std::string_view text) {
  std::string out(text);
  for (auto at = out.find('\\'); at != std::string::npos; at = out.find('\\', at)) {
    const auto unit = escaped_unit(out, at);
    if (!unit) {
      at += 2;  // Some other escape: the character after the backslash is no start of one.
      continue;
    }
    if (is_high_surrogate(*unit) || is_low_surrogate(*unit)) {
      const auto next = escaped_unit(out, at + 6);
      if (is_high_surrogate(*unit) && next && is_low_surrogate(*next)) {
        at += 12;
        continue;
      }
      out.replace(at, 6, "\\ufffd");
    }
    at += 6;
  }
  return out;
}

bool may_hold_surrogates(std::string_view text) {
  return text.find("\\ud") != std::string_view::npos || text.find("\\uD") != std::string_view::npos;
}

void find_infinite(const bj::value& value, const std::string& pointer,
                   std::vector<FieldError>& errors) {
  if (errors.size() >= kFieldErrorsMax) return;
  if (const auto* number = value.if_double()) {
    if (std::isfinite(*number)) return;
    errors.push_back({pointer, "out-of-range", "A number that is too large."});
  } else if (const auto* object = value.if_object()) {
    for (const auto& [name, member] : *object) {
      if (member.is_double() || member.is_structured()) {
        find_infinite(member, pointer_to(pointer, name), errors);
      }
    }
  } else if (const auto* array = value.if_array()) {
    for (std::size_t i = 0; i < array->size(); ++i) {
      const auto& item = (*array)[i];
      if (item.is_double() || item.is_structured()) {
        find_infinite(item, pointer + "/" + std::to_string(i), errors);
      }
    }
  }
}

bj::value parse_strictly(std::string_view text, bj::error_code& ec) {
  bj::parse_options options;
  options.max_depth = kDepthMax;
  if (!may_hold_surrogates(text)) return bj::parse(text, ec, {}, options);
  return bj::parse(without_lone_surrogates(text), ec, {}, options);
}

}  // namespace

std::string pointer_to(std::string_view parent, std::string_view name) {
  std::string pointer(parent);
  if (name.size() > kPointerNameMax) return pointer;
  pointer += '/';
  for (const char c : name) {
    if (c == '~') {
      pointer += "~0";
    } else if (c == '/') {
      pointer += "~1";
    } else {
      pointer += c;
    }
  }
  return pointer;
}

Object::Object(bj::value value) : value_(std::make_unique<bj::value>(std::move(value))) {
  KN_ASSERT(value_->is_object());
}
Object::Object(Object&&) noexcept = default;
Object& Object::operator=(Object&&) noexcept = default;
Object::~Object() = default;

const bj::object& Object::fields() const { return value_->get_object(); }

Result<Object> parse_object(std::string_view text) {
  if (!simdjson::validate_utf8(text)) return fail(Errc::malformed_json, "It is not UTF-8.");
  bj::error_code ec;
  bj::value value;
  try {
    value = parse_strictly(text, ec);
  } catch (const std::exception& exception) {
    return fail_because(Errc::internal, exception.what());
  }
  if (ec == bj::error::too_deep) {
    return fail(Errc::malformed_json, "It is nested too deeply.");
  }
  if (ec) return fail(Errc::malformed_json);
  if (!value.is_object()) return fail_field("", "wrong-type", "An object is wanted.");
  std::vector<FieldError> errors;
  find_infinite(value, "", errors);
  if (!errors.empty()) {
    return fail(Error{
        .code = Errc::validation_failed, .detail = {}, .fields = std::move(errors), .cause = {}});
  }
  return Object(std::move(value));
}

}  // namespace knotos::json
