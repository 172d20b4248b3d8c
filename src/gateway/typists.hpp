#pragma once

#include "domain/ids.hpp"
#include "ports/bus.hpp"
#include "server/timers.hpp"

#include <chrono>
#include <cstdint>
#include <functional>
#include <unordered_map>
#include <vector>

namespace knotos::gateway {

/// Who types in the chats whose home is this shard (SEMANTICS section 7). Whoever does not say so
/// again is taken for done, so what a lost stop, or a gateway that died, leaves behind goes by
/// itself. Nothing of it is stored. On the home shard.
class Typists {
 public:
  struct Limits {
    std::chrono::milliseconds start_pause{1'000};  ///< Between two starts of one user in one chat.
    std::size_t typists_per_chat_max = 64;         ///< Shown at once; more are not told.
  };

  /// Told to the members of the chat, the user's own sockets excepted. Called on the home shard.
  using Tell = std::function<void(domain::ChatId chat, domain::UserId user, bool is_typing)>;

  Typists(server::Timers& timers, Limits limits, Tell tell);

  /// A start of one of this process's users that may be on its way.
  struct Ticket {
    std::uint64_t number = 0;                  ///< 0: refused.
    std::chrono::milliseconds retry_after{0};  ///< With a refusal.
  };
  /// Counts a start against the rate of its user in the chat.
  [[nodiscard]] Ticket admit(domain::ChatId chat, domain::UserId user);
  /// It may be told: since it was admitted, the user has neither stopped nor sent.
  [[nodiscard]] bool is_good(domain::ChatId chat, domain::UserId user, std::uint64_t ticket);

  /// What the bus brings; of a chat with members here.
  void hear(const ports::TypingChanged& event);
  /// One of this process's users types no more: a start of theirs that is on its way is none. True:
  /// others were told that they do, so they must hear of it.
  [[nodiscard]] bool withdraw(domain::ChatId chat, domain::UserId user);
  /// The user's message is about to be delivered: it ends the typing, and the rate starts anew.
  void commit(domain::ChatId chat, domain::UserId user);
  /// Nobody here is in the chat any more.
  void forget(domain::ChatId chat);

  [[nodiscard]] bool is_typing(domain::ChatId chat, domain::UserId user);
  [[nodiscard]] std::size_t chats() const { return chats_.size(); }

 private:
  struct Typist {
    domain::UserId user_id;
    bool is_shown = false;
    std::uint64_t ticket = 0;
    SteadyTime admitted_at;
    server::Timers::Handle timer = 0;
  };
  using Chat = std::vector<Typist>;

  [[nodiscard]] Typist* find(domain::ChatId chat, domain::UserId user);
  /// Null: the chat has as many as it may.
  [[nodiscard]] Typist* find_or_add(domain::ChatId chat, domain::UserId user);
  void stop(domain::ChatId chat, domain::UserId user);
  void watch(domain::ChatId chat, Typist& typist, std::chrono::milliseconds life);
  void expire(domain::ChatId chat, domain::UserId user);
  void erase(domain::ChatId chat, domain::UserId user);

  server::Timers& timers_;
  Limits limits_;
  Tell tell_;
  std::uint64_t last_ticket_ = 0;
  std::unordered_map<domain::ChatId, Chat> chats_;
};

}  // namespace knotos::gateway
