#pragma once

#include "adapters/redis/redis_bus.hpp"
#include "adapters/redis/redis_presence.hpp"
#include "adapters/redis/redis_rates.hpp"
#include "json/bus_codec.hpp"
#include "runtime/shard_pool.hpp"
#include "support/bus_ear.hpp"
#include "support/fake_clock.hpp"

#include <boost/asio/use_future.hpp>

#include <chrono>
#include <cstdint>
#include <future>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

namespace knotos::test {

/// One process of a fleet: its shards, what it has in Redis, and who hears its bus.
class RedisProcess {
 public:
  RedisProcess(const std::string& url, const std::string& name) : codec_(name, clock_, {}) {
    shards.start();
    bus.emplace(adapters::redis::parse_url(url).value(),
                adapters::redis::RedisBus::Ports{.shards = shards, .codec = codec_},
                adapters::redis::RedisBus::Limits{});
    bus->listen(&ear);
    board.emplace(bus->servers(), name);
    rates.emplace(bus->servers());
  }
  ~RedisProcess() {
    shards.stop();
    bus->listen(nullptr);
  }

  template <class T>
  T run(Task<T> task) {
    return boost::asio::co_spawn(shards.executor(0), std::move(task), boost::asio::use_future)
        .get();
  }

  /// Waits for the answer.
  Result<std::chrono::milliseconds> spend(std::string_view rate, std::uint64_t key,
                                          std::chrono::milliseconds spent) {
    std::promise<Result<std::chrono::milliseconds>> owed;
    rates->spend(rate, key, spent, [&owed](auto answer) { owed.set_value(std::move(answer)); });
    return owed.get_future().get();
  }

 private:
  FakeClock clock_;
  json::BusCodec codec_;

 public:
  runtime::ShardPool shards{2};
  BusEar ear;
  std::optional<adapters::redis::RedisBus> bus;
  std::optional<adapters::redis::RedisPresenceBoard> board;
  std::optional<adapters::redis::RedisRateBoard> rates;
};

}  // namespace knotos::test
