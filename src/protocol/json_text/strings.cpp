#include "protocol/json_text/strings.hpp"

#include <charconv>
#include <cstdint>
#include <optional>

namespace knotos::json_text {
namespace {

constexpr char32_t kReplacement = 0xFFFD;

constexpr bool is_high_surrogate(char32_t unit) { return unit >= 0xD800 && unit <= 0xDBFF; }
constexpr bool is_low_surrogate(char32_t unit) { return unit >= 0xDC00 && unit <= 0xDFFF; }

void append_utf8(std::string& out, char32_t point) {
  const auto tail = [&out, point](unsigned shift) {
    out += static_cast<char>(0x80U | (point >> shift & 0x3FU));
  };
  if (point < 0x80) {
    out += static_cast<char>(point);
  } else if (point < 0x800) {
    out += static_cast<char>(0xC0U | point >> 6U);
    tail(0);
  } else if (point < 0x10000) {
    out += static_cast<char>(0xE0U | point >> 12U);
    tail(6);
    tail(0);
  } else {
    out += static_cast<char>(0xF0U | point >> 18U);
    tail(12);
    tail(6);
    tail(0);
  }
}

/// Takes `\uXXXX` off the front; nullopt: there is none.
std::optional<char32_t> take_unit(std::string_view& rest) {
  if (rest.size() < 6 || !rest.starts_with("\\u")) return std::nullopt;
  std::uint32_t unit = 0;
  std::from_chars(rest.data() + 2, rest.data() + 6, unit, 16);
  rest.remove_prefix(6);
  return unit;
}

char32_t take_point(std::string_view& rest) {
  const char32_t first = *take_unit(rest);
  if (is_low_surrogate(first)) return kReplacement;
  if (!is_high_surrogate(first)) return first;
  auto behind = rest;
  const auto second = take_unit(behind);
  if (!second || !is_low_surrogate(*second)) return kReplacement;
  rest = behind;
  return 0x10000 + ((first - 0xD800) << 10U) + (*second - 0xDC00);
}

char short_escape(char kind) {
  switch (kind) {
    case 'b':
      return '\b';
    case 'f':
      return '\f';
    case 'n':
      return '\n';
    case 'r':
      return '\r';
    case 't':
      return '\t';
    default:
      return kind;
  }
}

}  // namespace

std::string unescaped(std::string_view token) {
  auto rest = token.substr(1, token.size() - 2);
  std::string out;
  out.reserve(rest.size());
  while (!rest.empty()) {
    const auto plain = rest.substr(0, rest.find('\\'));
    out += plain;
    rest.remove_prefix(plain.size());
    if (rest.empty()) break;
    if (rest[1] == 'u') {
      append_utf8(out, take_point(rest));
    } else {
      out += short_escape(rest[1]);
      rest.remove_prefix(2);
    }
  }
  return out;
}

void append_string(std::string& out, std::string_view text) {
  constexpr std::string_view kHex = "0123456789abcdef";
  out += '"';
  while (true) {
    std::size_t plain = 0;
    while (plain < text.size() && static_cast<unsigned char>(text[plain]) >= 0x20 &&
           text[plain] != '"' && text[plain] != '\\') {
      ++plain;
    }
    out += text.substr(0, plain);
    if (plain == text.size()) break;
    const auto special = static_cast<unsigned char>(text[plain]);
    if (special >= 0x20) {
      (out += '\\') += static_cast<char>(special);
    } else if (special == '\n') {
      out += "\\n";
    } else {
      ((out += "\\u00") += kHex[special >> 4U]) += kHex[special & 0xFU];
    }
    text.remove_prefix(plain + 1);
  }
  out += '"';
}

}  // namespace knotos::json_text
