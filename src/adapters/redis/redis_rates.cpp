#include "adapters/redis/redis_rates.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <string>
#include <utility>

namespace knotos::adapters::redis {
namespace {

/// ARGV: the milliseconds to add. A key without an end is somebody else's doing, and counts as
/// none.
constexpr std::string_view kSpend = R"lua(
local owed = math.max(redis.call('PTTL', KEYS[1]), 0) + tonumber(ARGV[1])
redis.call('SET', KEYS[1], '', 'PX', owed)
return owed
)lua";

std::string key_of(std::string_view rate, std::uint64_t key) {
  constexpr int kHexadecimal = 16;
  std::array<char, 2 * sizeof key> digits{};
  const auto end = std::to_chars(digits.begin(), digits.end(), key, kHexadecimal).ptr;
  std::string name = "rate:";
  name.append(rate).append(":").append(digits.begin(), end);
  return name;
}

}  // namespace

void RedisRateBoard::spend(std::string_view rate, std::uint64_t key,
                           std::chrono::milliseconds spent, Heard heard) {
  Commands::Command command{
      .text = {},
      .is_kept = false,
      .done = [heard = std::move(heard)](Result<Reply> reply) mutable {
        if (!reply) return heard(fail(std::move(reply.error())));
        heard(std::chrono::milliseconds(std::max<std::int64_t>(0, reply->number)));
      }};
  const auto count = std::max<std::chrono::milliseconds::rep>(1, spent.count());
  const auto name = key_of(rate, key);
  append_command(command.text, {"EVAL", kSpend, "1", name, std::to_string(count)});
  servers_.submit(name, std::move(command));
}

}  // namespace knotos::adapters::redis
