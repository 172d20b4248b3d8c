#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <optional>
#include <string_view>
#include <utility>

namespace knotos {

/// The names of an enum's values, in the order of the values.
template <class Enum, std::size_t kCount>
using Names = std::array<std::pair<Enum, std::string_view>, kCount>;

template <class Enum, std::size_t kCount>
[[nodiscard]] constexpr std::string_view name_in(const Names<Enum, kCount>& names, Enum value) {
  return names[static_cast<std::size_t>(value)].second;
}

template <class Enum, std::size_t kCount>
[[nodiscard]] constexpr std::optional<Enum> find_in(const Names<Enum, kCount>& names,
                                                    std::string_view name) {
  for (const auto& [value, each] : names) {
    if (each == name) return value;
  }
  return std::nullopt;
}

}  // namespace knotos
