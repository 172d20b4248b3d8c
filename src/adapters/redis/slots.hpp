#pragma once

#include "adapters/redis/resp.hpp"
#include "adapters/redis/url.hpp"

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>
#include <vector>

namespace knotos::adapters::redis {

/// Redis Cluster specification, "Key distribution model".
inline constexpr std::size_t kSlots = 16'384;

/// Where a key, or a sharded channel, lives: CRC16 (XMODEM) of what stands between its first
/// braces, if they hold something, or else of all of it.
[[nodiscard]] std::uint16_t slot_of(std::string_view key);

/// Which server is the master of which slots.
class SlotMap {
 public:
  /// Of the reply to CLUSTER SLOTS by `asked`, which stands for servers that have no name in it.
  /// nullopt: it is not such a reply.
  [[nodiscard]] static std::optional<SlotMap> parse(const Reply& reply, const Endpoint& asked);

  /// Null: nobody serves it.
  [[nodiscard]] const Endpoint* master_of(std::uint16_t slot) const;
  [[nodiscard]] const std::vector<Endpoint>& masters() const { return masters_; }
  [[nodiscard]] bool is_whole() const;

  bool operator==(const SlotMap&) const = default;

 private:
  static constexpr std::uint16_t kNobody = 0xffff;

  std::vector<Endpoint> masters_;
  std::vector<std::uint16_t> by_slot_ = std::vector<std::uint16_t>(kSlots, kNobody);
};

/// What a server says of a slot that is another one's.
struct Redirect {
  std::uint16_t slot = 0;
  Endpoint to;
};
/// Of an error such as `MOVED 3999 127.0.0.1:6381`.
[[nodiscard]] std::optional<Redirect> parse_moved(std::string_view error);

}  // namespace knotos::adapters::redis
