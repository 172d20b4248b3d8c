#pragma once

#include "adapters/memory/memory_store.hpp"
#include "ports/random_ids.hpp"
#include "services/chat_service.hpp"
#include "services/member_service.hpp"
#include "services/message_service.hpp"
#include "support/fake_clock.hpp"
#include "support/recording_bus.hpp"
#include "support/run_task.hpp"
#include "support/seeded_random.hpp"
#include "support/slow_store.hpp"
#include "support/test_shards.hpp"

#include <boost/asio/io_context.hpp>

#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

namespace knotos::test {

/// The limits of tests that are not about rates.
[[nodiscard]] inline services::MessageService::Limits without_rate() {
  services::MessageService::Limits limits;
  limits.rate_messages = {};
  return limits;
}

[[nodiscard]] inline domain::Draft draft_of(std::string key, std::string content) {
  domain::Draft draft;
  draft.client_message_id = std::move(key);
  draft.content = std::move(content);
  return draft;
}

/// One process's services over a store that others may share.
struct ChatProcess {
  ChatProcess(adapters::memory::MemoryStore& memory, boost::asio::io_context& io, FakeClock& clock,
              SeededRandom& random, services::MessageService::Limits limits = without_rate(),
              std::size_t shard_count = 1)
      : shards(io, shard_count),
        store(memory, io, random),
        chats({.chats = store, .relations = memory, .bus = bus, .clock = clock, .random = random},
              {}),
        messages({.shards = shards,
                  .log = store,
                  .messages = store,
                  .states = memory,
                  .relations = memory,
                  .bus = bus,
                  .clock = clock,
                  .random = random},
                 limits),
        states({.states = memory, .messages = store, .bus = bus, .clock = clock}, {}),
        members({.messages = messages,
                 .states = states,
                 .log = store,
                 .chats = store,
                 .invites = memory,
                 .clock = clock,
                 .random = random},
                {}) {}

  TestShards shards;
  SlowStore store;
  RecordingBus bus;
  services::ChatService chats;
  services::MessageService messages;
  services::StateService states;
  services::MemberService members;
};

/// A store with users in it, and one process.
class ChatWorld {
 public:
  explicit ChatWorld(std::uint64_t seed = 1,
                     services::MessageService::Limits limits = without_rate(),
                     std::size_t shard_count = 1)
      : random(seed), process(memory, io, clock, random, limits, shard_count) {}

  [[nodiscard]] domain::UserId add_user(const std::string& name) {
    ports::Credentials credentials;
    credentials.user = {.id = ports::random_id<domain::UserId>(random),
                        .username = name,
                        .display_name = name,
                        .created_at = clock.now()};
    const auto id = credentials.user.id;
    must(run(memory.create(std::move(credentials), new_device(id))));
    return id;
  }

  domain::DeviceId add_device(domain::UserId user) {
    auto device = new_device(user);
    const auto id = device.device.id;
    must(run(memory.add_device(std::move(device))));
    return id;
  }

  [[nodiscard]] domain::ChatId add_direct(domain::UserId one, domain::UserId other) {
    return must(run(process.chats.create_direct(one, other))).item.chat.id;
  }

  [[nodiscard]] domain::ChatId add_group(domain::UserId owner, std::vector<domain::UserId> others) {
    return must(run(process.chats.create_group(
                    owner,
                    {.title = "Group", .member_ids = std::move(others), .client_chat_id = {}})))
        .item.chat.id;
  }

  template <class T>
  T run(Task<T> task) {
    return test::run(io, std::move(task));
  }
  template <class T>
  [[nodiscard]] Started<T> start(Task<T> task) {
    return test::start(io, std::move(task));
  }

  [[nodiscard]] Result<services::Receipt> send(domain::UserId sender, domain::ChatId chat,
                                               std::string key, std::string content = "hello") {
    return run(process.messages.send(sender, chat, draft_of(std::move(key), std::move(content))));
  }

  /// All messages in their present state, by `rev`.
  [[nodiscard]] std::vector<domain::Message> messages_of(domain::ChatId chat) {
    return must(test::run(memory.changes(chat, 0, 1'000'000))).messages;
  }
  [[nodiscard]] domain::Chat chat(domain::ChatId id) {
    return must(test::run(memory.load(id, {}))).chat;
  }
  [[nodiscard]] domain::UserChatState state(domain::ChatId id, domain::UserId user) {
    return must(test::run(memory.load(id, {user}))).states.at(0);
  }

  template <class T>
  static T must(Result<T> result) {
    if (!result) throw std::runtime_error(std::string(describe(result.error().code).code));
    if constexpr (!std::is_void_v<T>) return std::move(*result);
  }

  boost::asio::io_context io{1};
  FakeClock clock;
  SeededRandom random;
  adapters::memory::MemoryStore memory;
  ChatProcess process;

 private:
  ports::NewDevice new_device(domain::UserId user) {
    ports::NewDevice device;
    device.device.id = ports::random_id<domain::DeviceId>(random);
    device.device.user_id = user;
    random.fill(device.refresh_hash);
    return device;
  }
};

/// For EXPECT_EQ: the code of a failure, or nothing.
template <class T>
[[nodiscard]] std::optional<Errc> failure_of(const Result<T>& result) {
  if (result) return std::nullopt;
  return result.error().code;
}

}  // namespace knotos::test
