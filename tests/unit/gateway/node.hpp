#pragma once

#include "adapters/memory/memory_presence.hpp"
#include "adapters/memory/memory_store.hpp"
#include "gateway/gateway.hpp"
#include "services/account_service.hpp"
#include "services/chat_service.hpp"
#include "services/member_service.hpp"
#include "services/message_service.hpp"
#include "services/own_services.hpp"
#include "services/presence_service.hpp"
#include "support/fake_client.hpp"

#include <chrono>
#include <memory>
#include <optional>
#include <string>

namespace knotos::test {

/// Reads the clock that the node's timers run on.
class NodeClock final : public ports::Clock {
 public:
  explicit NodeClock(const ManualClock& clock) : clock_(clock) {}
  Time now() const override { return clock_.wall_now(); }
  SteadyTime steady_now() const override { return clock_.now(); }

 private:
  const ManualClock& clock_;
};

/// Passwords as they are: what they cost is tested elsewhere.
class PlainHasher final : public ports::PasswordHasher {
 public:
  Task<Result<std::string>> hash(std::string password) override { co_return password; }
  Task<Result<bool>> verify(std::string password, std::string password_hash) override {
    co_return !password_hash.empty() && password == password_hash;
  }
};

/// `<user>|<device>|<expiry>`, signed by nobody.
class PlainTokens final : public ports::AccessTokens {
 public:
  std::string issue(const ports::AccessClaims& claims) const override {
    return claims.user_id.to_string() + "|" + claims.device_id.to_string() + "|" +
           format_time(claims.expires_at);
  }
  Result<ports::AccessClaims> verify(std::string_view token, Time now) const override {
    if (token.size() != 98) return fail(Errc::unauthenticated);
    const auto user = domain::UserId::parse(token.substr(0, 36));
    const auto device = domain::DeviceId::parse(token.substr(37, 36));
    const auto expires_at = parse_time(token.substr(74));
    if (!user || !device || !expires_at) return fail(Errc::unauthenticated);
    if (*expires_at <= now) return fail(Errc::token_expired);
    return ports::AccessClaims{.user_id = *user, .device_id = *device, .expires_at = *expires_at};
  }
};

/// One process: server, services and gateway on shards and a clock that the test moves, over a
/// store and a bus that it shares with other nodes.
class Node {
 public:
  /// `others`: another node, whose presence table this one shares.
  Node(adapters::memory::MemoryStore& store, ports::Bus& bus, ports::Random& random,
       std::size_t shard_count, server::Options options = {}, Node* others = nullptr)
      : recovers_(options.recovery.is_on),
        world(shard_count, std::move(options)),
        clock(world.clock),
        own_table_(clock),
        board(others == nullptr ? own_table_ : others->own_table_),
        accounts({.accounts = store,
                  .chats = store,
                  .passwords = passwords_,
                  .tokens = tokens_,
                  .bus = bus,
                  .clock = clock,
                  .random = random},
                 {}),
        chats({.chats = store, .relations = store, .bus = bus, .clock = clock, .random = random},
              {}),
        messages({.shards = world.shards,
                  .log = store,
                  .messages = store,
                  .states = store,
                  .relations = store,
                  .bus = bus,
                  .clock = clock,
                  .random = random},
                 {.rate_messages = {}}),
        states({.states = store, .messages = store, .bus = bus, .clock = clock}, {}),
        members({.messages = messages,
                 .states = states,
                 .log = store,
                 .chats = store,
                 .invites = store,
                 .clock = clock,
                 .random = random},
                {}),
        presence({.people = store, .chats = store}),
        own({.shards = world.shards,
             .account_store = store,
             .people = store,
             .states = store,
             .syncs = store,
             .chats = store,
             .messages = store,
             .bus = bus,
             .clock = clock,
             .accounts = accounts,
             .writes = messages},
            {}),
        gateway({.shards = world.shards,
                 .timers = world.clock.all_timers(),
                 .server = world.server,
                 .accounts = accounts,
                 .chats = chats,
                 .messages = messages,
                 .presence = presence,
                 .own = own,
                 .chat_store = store,
                 .state_store = store,
                 .message_store = store,
                 .sync_store = store,
                 .people = store,
                 .presence_board = board,
                 .bus = bus,
                 .clock = clock,
                 .random = random},
                // The memory store's times are exact: what is read again would hide what is missed.
                {.sweep = {.margin = std::chrono::milliseconds(0)}, .recovers = recovers_}) {}

  [[nodiscard]] adapters::memory::PresenceTable& presence_table() { return own_table_; }

  /// Runs a task on shard 0 to its end, with everything else that can run.
  template <class T>
  T run(Task<T> task) {
    std::optional<T> result;
    boost::asio::co_spawn(world.shards.executor(0), std::move(task),
                          [&result](const std::exception_ptr& thrown, T value) {
                            if (thrown) std::rethrow_exception(thrown);
                            result = std::move(value);
                          });
    world.shards.run();
    return std::move(result.value());
  }

 private:
  PlainHasher passwords_;
  PlainTokens tokens_;
  bool recovers_;

 public:
  FakeWorld world;
  NodeClock clock;

 private:
  adapters::memory::PresenceTable own_table_;

 public:
  adapters::memory::MemoryPresenceBoard board;
  services::AccountService accounts;
  services::ChatService chats;
  services::MessageService messages;
  services::StateService states;
  services::MemberService members;
  services::PresenceService presence;
  services::OwnServices own;
  gateway::Gateway gateway;
};

}  // namespace knotos::test
