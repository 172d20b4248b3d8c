#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <span>
#include <string_view>

namespace knotos::server {

using Random = std::function<void(std::span<std::uint8_t>)>;

/// 20 characters of URL-safe base64.
using IdText = std::array<char, 20>;

[[nodiscard]] inline std::string_view view(const IdText& id) { return {id.data(), id.size()}; }

/// Where the sid of a link says that the link lives.
struct LinkPlace {
  std::uint32_t shard = 0;
  std::uint32_t slot = 0;

  bool operator==(const LinkPlace&) const = default;
};

inline constexpr std::uint32_t kLinkShardsMax = 1U << 12U;
inline constexpr std::uint32_t kLinkSlotsMax = 1U << 24U;

/// The sid of a link, a bearer's secret: two characters name the shard, four the slot, so that any
/// shard finds the owner without a table; fourteen are random (84 bits).
[[nodiscard]] IdText make_sid(LinkPlace place, const Random& random);
/// nullopt: no such text was ever made. The caller compares the whole sid.
[[nodiscard]] std::optional<LinkPlace> place_of(std::string_view sid);

/// The public id of a socket: all random, unrelated to the sid.
[[nodiscard]] IdText make_socket_id(const Random& random);

}  // namespace knotos::server
