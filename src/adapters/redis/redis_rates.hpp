#pragma once

#include "adapters/redis/servers.hpp"
#include "ports/rate_board.hpp"

namespace knotos::adapters::redis {

/// What users owe, as keys without a value, `rate:<name>:<key in hexadecimal>`, whose time to live
/// is the debt: it runs down by the server's own clock, and what is at rest takes no memory.
class RedisRateBoard final : public ports::RateBoard {
 public:
  explicit RedisRateBoard(Servers& servers) : servers_(servers) {}

  void spend(std::string_view rate, std::uint64_t key, std::chrono::milliseconds spent,
             Heard heard) override;

 private:
  Servers& servers_;
};

}  // namespace knotos::adapters::redis
