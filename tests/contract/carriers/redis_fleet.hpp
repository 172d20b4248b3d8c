#pragma once

#include "support/redis_process.hpp"
#include "support/redis_server.hpp"

#include <chrono>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

namespace knotos::contract {

/// Two processes on a Redis of their own.
struct RedisFleet {
  test::RedisServer server;
  test::RedisProcess one{server.url(), "one"};
  test::RedisProcess other{server.url(), "other"};

  /// As if the server's clock had gone on: whatever ends in it ends so much sooner.
  void pass(std::chrono::milliseconds time) {
    constexpr std::string_view kAge = R"lua(
for _, key in ipairs(redis.call('KEYS', '*')) do
  local words = redis.call('HGETALL', key)
  for i = 1, #words, 2 do
    local state, ends = string.match(words[i + 1], '^(%d):(%d+)$')
    redis.call('HSET', key, words[i], state .. ':' .. string.format('%d', ends - ARGV[1]))
  end
  redis.call('PEXPIRE', key, redis.call('PTTL', key) - ARGV[1])
end
return 1
)lua";
    std::vector<adapters::redis::Servers::Ask> asks(1);
    adapters::redis::append_command(asks[0].text,
                                    {"EVAL", kAge, "0", std::to_string(time.count())});
    const auto replies = one.run(one.bus->servers().ask_all(std::move(asks)));
    if (!replies[0]) throw std::runtime_error(replies[0].error().detail);
  }
};

}  // namespace knotos::contract
