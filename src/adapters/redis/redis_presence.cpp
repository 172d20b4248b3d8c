#include "adapters/redis/redis_presence.hpp"

#include <algorithm>
#include <utility>

namespace knotos::adapters::redis {
namespace {

using ports::PresenceState;

/// ARGV: the process, its word (0: none), how long it holds.
constexpr std::string_view kPost = R"lua(
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
local life = tonumber(ARGV[3])
if ARGV[2] == '0' then
  redis.call('HDEL', KEYS[1], ARGV[1])
else
  redis.call('HSET', KEYS[1], ARGV[1], ARGV[2] .. ':' .. string.format('%d', now + life))
  if redis.call('PTTL', KEYS[1]) < life then redis.call('PEXPIRE', KEYS[1], life) end
end
return 1
)lua";

/// The highest of the words that still hold.
constexpr std::string_view kRead = R"lua(
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
local words = redis.call('HGETALL', KEYS[1])
local best = 0
for i = 1, #words, 2 do
  local state, good_until = string.match(words[i + 1], '^(%d):(%d+)$')
  if state and tonumber(good_until) > now then
    best = math.max(best, tonumber(state))
  else
    redis.call('HDEL', KEYS[1], words[i])
  end
end
return best
)lua";

std::string key_of(domain::UserId user) { return "presence:" + user.to_string(); }

}  // namespace

Task<Result<void>> RedisPresenceBoard::post(std::vector<Entry> entries,
                                            std::chrono::milliseconds lifetime) {
  const auto life = std::to_string(lifetime.count());
  std::vector<Servers::Ask> asks;
  asks.reserve(entries.size());
  for (const auto& entry : entries) {
    const auto word = std::to_string(static_cast<unsigned>(entry.state));
    Servers::Ask ask{.key = key_of(entry.user_id), .text = {}};
    append_command(ask.text, {"EVAL", kPost, "1", ask.key, process_, word, life});
    asks.push_back(std::move(ask));
  }
  const auto replies = co_await servers_.ask_all(std::move(asks));
  for (const auto& reply : replies) {
    if (!reply) co_return fail(reply.error());
  }
  co_return Result<void>();
}

Task<Result<std::vector<PresenceState>>> RedisPresenceBoard::read(
    std::vector<domain::UserId> users) {
  std::vector<Servers::Ask> asks;
  asks.reserve(users.size());
  for (const auto& user : users) {
    Servers::Ask ask{.key = key_of(user), .text = {}};
    append_command(ask.text, {"EVAL", kRead, "1", ask.key});
    asks.push_back(std::move(ask));
  }
  const auto replies = co_await servers_.ask_all(std::move(asks));
  std::vector<PresenceState> states;
  states.reserve(replies.size());
  for (const auto& reply : replies) {
    if (!reply) co_return fail(reply.error());
    const auto state = std::clamp<std::int64_t>(reply->number, 0, 2);
    states.push_back(static_cast<PresenceState>(state));
  }
  co_return states;
}

}  // namespace knotos::adapters::redis
