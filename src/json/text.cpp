#include "json/text.hpp"

#include <simdjson.h>

#include <array>
#include <charconv>
#include <cstddef>

namespace knotos::json {
namespace {

constexpr std::string_view kReplacement = "\xef\xbf\xbd";
constexpr std::string_view kHexDigits = "0123456789abcdef";

/// 0: stands for itself; 'u': as \u00XX; else the letter after the backslash.
constexpr std::array<char, 256> kEscapes = [] {
  std::array<char, 256> escapes{};
  for (std::size_t i = 0; i < 0x20; ++i) escapes[i] = 'u';
  escapes['\b'] = 'b';
  escapes['\f'] = 'f';
  escapes['\n'] = 'n';
  escapes['\r'] = 'r';
  escapes['\t'] = 't';
  escapes['"'] = '"';
  escapes['\\'] = '\\';
  return escapes;
}();

void append_escaped(std::string& out, std::string_view valid) {
  std::size_t clean_from = 0;
  for (std::size_t i = 0; i < valid.size(); ++i) {
    const auto byte = static_cast<unsigned char>(valid[i]);
    const char escape = kEscapes[byte];
    if (escape == 0) continue;
    out += valid.substr(clean_from, i - clean_from);
    clean_from = i + 1;
    out += '\\';
    out += escape;
    if (escape != 'u') continue;
    out += "00";
    out += kHexDigits[byte >> 4U];
    out += kHexDigits[byte & 0x0fU];
  }
  out += valid.substr(clean_from);
}

/// How many bytes the lead byte of a sequence announces; 0: it is none.
std::size_t sequence_length(unsigned char lead) {
  if (lead < 0x80) return 1;
  if (lead >= 0xc2 && lead <= 0xdf) return 2;
  if (lead >= 0xe0 && lead <= 0xef) return 3;
  if (lead >= 0xf0 && lead <= 0xf4) return 4;
  return 0;
}

/// Each byte that is part of no valid sequence becomes U+FFFD.
std::string repaired(std::string_view text) {
  std::string valid;
  valid.reserve(text.size() + 16);
  for (std::size_t at = 0; at < text.size();) {
    const auto length = sequence_length(static_cast<unsigned char>(text[at]));
    if (length > 0 && length <= text.size() - at &&
        simdjson::validate_utf8(text.data() + at, length)) {
      valid += text.substr(at, length);
      at += length;
    } else {
      valid += kReplacement;
      ++at;
    }
  }
  return valid;
}

}  // namespace

void append_string(std::string& out, std::string_view text) {
  out += '"';
  if (simdjson::validate_utf8(text)) {
    append_escaped(out, text);
  } else {
    append_escaped(out, repaired(text));
  }
  out += '"';
}

void append_uuid(std::string& out, const Uuid& uuid) {
  std::array<char, 38> text{};
  std::size_t at = 0;
  text[at++] = '"';
  for (std::size_t i = 0; i < uuid.bytes.size(); ++i) {
    if (i == 4 || i == 6 || i == 8 || i == 10) text[at++] = '-';
    text[at++] = kHexDigits[uuid.bytes[i] >> 4U];
    text[at++] = kHexDigits[uuid.bytes[i] & 0x0fU];
  }
  text[at++] = '"';
  out.append(text.data(), at);
}

std::string& ObjectWriter::value(std::string_view name) {
  if (!is_first_) out_ += ',';
  is_first_ = false;
  out_ += '"';
  out_ += name;
  out_ += "\":";
  return out_;
}

void ObjectWriter::text(std::string_view name, std::string_view text) {
  append_string(value(name), text);
}

void ObjectWriter::number(std::string_view name, std::uint64_t number) {
  std::array<char, 20> digits{};
  const auto [end, ec] = std::to_chars(digits.data(), digits.data() + digits.size(), number);
  value(name).append(digits.data(), end);
}

void ObjectWriter::flag(std::string_view name, bool flag) {
  value(name) += flag ? "true" : "false";
}

void ObjectWriter::null(std::string_view name) { value(name) += "null"; }

void ObjectWriter::time(std::string_view name, Time time) {
  auto& out = value(name);
  out += '"';
  out += format_time(time);
  out += '"';
}

void ObjectWriter::duration(std::string_view name, Milliseconds duration) {
  number(name, duration.count() > 0 ? static_cast<std::uint64_t>(duration.count()) : 0);
}

void ObjectWriter::uuid(std::string_view name, const Uuid& uuid) { append_uuid(value(name), uuid); }

bool is_utf8(std::string_view text) { return simdjson::validate_utf8(text.data(), text.size()); }

void append_page(ObjectWriter& list, const std::optional<std::string>& next_cursor) {
  ObjectWriter page(list.value("page"));
  if (next_cursor) {
    page.text("nextCursor", *next_cursor);
  } else {
    page.null("nextCursor");
  }
  page.flag("hasMore", next_cursor.has_value());
  page.close();
}

}  // namespace knotos::json
