#pragma once

#include "adapters/memory/local_bus.hpp"
#include "adapters/memory/memory_presence.hpp"
#include "adapters/redis/redis_bus.hpp"
#include "adapters/redis/redis_presence.hpp"
#include "adapters/redis/redis_rates.hpp"
#include "app/config.hpp"
#include "base/shards.hpp"
#include "json/bus_codec.hpp"
#include "ports/world.hpp"

#include <optional>

namespace knotos::app {

/// What goes between processes and not through the store: the bus, the presence board, what users
/// did of late. In this process's memory, or in Redis.
class Carriers {
 public:
  struct Ports {
    Shards& shards;
    const ports::Clock& clock;
    ports::Random& random;
  };

  /// Throws std::runtime_error where Redis is wanted and cannot be used.
  Carriers(const Config& config, Ports ports);

  [[nodiscard]] ports::Bus& bus();
  [[nodiscard]] ports::PresenceBoard& presence_board();
  /// Null: this process counts alone.
  [[nodiscard]] ports::RateBoard* rate_board();
  /// Null: there is none.
  [[nodiscard]] adapters::redis::RedisBus* redis();

 private:
  adapters::memory::LocalBus local_bus_;
  adapters::memory::PresenceTable presence_table_;
  adapters::memory::MemoryPresenceBoard memory_board_;
  // Of Redis; all there or none.
  std::optional<json::BusCodec> codec_;
  std::optional<adapters::redis::RedisBus> redis_bus_;
  std::optional<adapters::redis::RedisPresenceBoard> redis_board_;
  std::optional<adapters::redis::RedisRateBoard> redis_rates_;
};

}  // namespace knotos::app
