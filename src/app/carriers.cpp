#include "app/carriers.hpp"

#include "base/digest.hpp"

#include <array>
#include <stdexcept>

namespace knotos::app {

Carriers::Carriers(const Config& config, Ports ports)
    : presence_table_(ports.clock), memory_board_(presence_table_) {
  if (config.bus == "local") return;
  const auto url = adapters::redis::parse_url(config.bus);
  if (!url) throw std::runtime_error("the bus: " + url.error());
  // How others know this process from all that ever were.
  std::array<std::uint8_t, 16> random{};
  ports.random.fill(random);
  const auto process = base64url_encode(random);
  codec_.emplace(process, ports.clock,
                 json::BusCodec::Limits{.bytes_max = config.socketio.payload_bytes_max});
  redis_bus_.emplace(*url,
                     adapters::redis::RedisBus::Ports{.shards = ports.shards, .codec = *codec_},
                     config.redis);
  redis_board_.emplace(redis_bus_->servers(), process);
  redis_rates_.emplace(redis_bus_->servers());
}

ports::Bus& Carriers::bus() {
  if (redis_bus_) return *redis_bus_;
  return local_bus_;
}

ports::PresenceBoard& Carriers::presence_board() {
  if (redis_board_) return *redis_board_;
  return memory_board_;
}

ports::RateBoard* Carriers::rate_board() { return redis_rates_ ? &*redis_rates_ : nullptr; }

adapters::redis::RedisBus* Carriers::redis() { return redis_bus_ ? &*redis_bus_ : nullptr; }

}  // namespace knotos::app
