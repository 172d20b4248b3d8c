#pragma once

#include <charconv>
#include <optional>
#include <string_view>
#include <system_error>

namespace knotos::adapters::redis {

/// The text as one decimal number, with nothing before or behind it.
template <class Number>
[[nodiscard]] std::optional<Number> whole(std::string_view text) {
  Number number{};
  const auto* end = text.data() + text.size();
  const auto [stop, fault] = std::from_chars(text.data(), end, number);
  if (text.empty() || stop != end || fault != std::errc()) return std::nullopt;
  return number;
}

}  // namespace knotos::adapters::redis
