#include "protocol/http/message.hpp"

#include <algorithm>
#include <cstddef>

namespace knotos::http {
namespace {

char lower(char character) {
  return character >= 'A' && character <= 'Z' ? static_cast<char>(character - 'A' + 'a')
                                              : character;
}

bool equal_in_any_case(std::string_view a, std::string_view b) {
  return std::ranges::equal(a, b, {}, lower, lower);
}

std::string_view without_blanks(std::string_view text) {
  const auto begin = text.find_first_not_of(" \t");
  if (begin == std::string_view::npos) return {};
  return text.substr(begin, text.find_last_not_of(" \t") - begin + 1);
}

/// Cuts off and returns what comes before the separator; all of it where there is none.
std::string_view take_until(std::string_view& rest, char separator) {
  const auto end = rest.find(separator);
  const auto taken = rest.substr(0, end);
  rest = end == std::string_view::npos ? std::string_view{} : rest.substr(end + 1);
  return taken;
}

int hex_value(char digit) {
  if (digit >= '0' && digit <= '9') return digit - '0';
  const char letter = lower(digit);
  return letter >= 'a' && letter <= 'f' ? letter - 'a' + 10 : -1;
}

std::string decoded_or_as_it_is(std::string_view text) {
  auto decoded = percent_decode(text);
  return decoded ? std::move(*decoded) : std::string(text);
}

}  // namespace

std::string_view Request::path() const {
  return std::string_view(target).substr(0, target.find('?'));
}

std::string_view Request::query() const {
  const auto mark = target.find('?');
  return mark == std::string::npos ? std::string_view{} : std::string_view(target).substr(mark + 1);
}

std::optional<std::string_view> Request::header(std::string_view name) const {
  const auto found = std::ranges::find_if(
      headers, [name](const Header& header) { return equal_in_any_case(header.name, name); });
  if (found == headers.end()) return std::nullopt;
  return found->value;
}

bool Request::header_has_token(std::string_view name, std::string_view token) const {
  // A list may be spread over several headers of one name (RFC 9110, 5.3).
  for (const auto& header : headers) {
    if (!equal_in_any_case(header.name, name)) continue;
    std::string_view rest = header.value;
    while (!rest.empty()) {
      if (equal_in_any_case(without_blanks(take_until(rest, ',')), token)) return true;
    }
  }
  return false;
}

std::optional<std::string> percent_decode(std::string_view text) {
  std::string decoded;
  decoded.reserve(text.size());
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] != '%') {
      decoded += text[i];
      continue;
    }
    if (text.size() - i < 3) return std::nullopt;
    const int high = hex_value(text[i + 1]);
    const int low = hex_value(text[i + 2]);
    if (high < 0 || low < 0) return std::nullopt;
    decoded += static_cast<char>(high * 16 + low);
    i += 2;
  }
  return decoded;
}

Query::Query(std::string_view text) {
  while (!text.empty()) {
    std::string_view value = take_until(text, '&');
    if (value.empty()) continue;
    const std::string_view name = take_until(value, '=');
    parameters_.emplace_back(decoded_or_as_it_is(name), decoded_or_as_it_is(value));
  }
}

std::optional<std::string_view> Query::get(std::string_view name) const {
  const auto found = std::find_if(parameters_.rbegin(), parameters_.rend(),
                                  [name](const auto& pair) { return pair.first == name; });
  if (found == parameters_.rend()) return std::nullopt;
  return found->second;
}

}  // namespace knotos::http
