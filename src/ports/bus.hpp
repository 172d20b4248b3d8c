#pragma once

#include "base/error.hpp"
#include "base/task.hpp"
#include "domain/chat.hpp"
#include "domain/chat_log.hpp"

#include <memory>
#include <string>
#include <variant>

namespace knotos::ports {

/// `channel:chat:<id>`: a durable change took place `rev`. Tells which message is in which state
/// now.
struct ChatChanged {
  domain::ChatId chat_id;
  domain::Rev rev = 0;
  std::shared_ptr<const domain::Message> message;
};

/// `channel:user:<id>`: a chat came to the user's list. `known_rev`: where the chat stood before
/// what brought the user in, so that the join itself is delivered too.
struct ChatAdded {
  domain::UserId user_id;
  domain::UserRev user_rev = 0;
  domain::ChatId chat_id;
  domain::Rev known_rev = 0;
};

/// `channel:user:<id>`: a device was signed out; its links must end.
struct SessionRevoked {
  domain::UserId user_id;
  domain::DeviceId device_id;
  std::string reason;  ///< `logout`, `revoked`, `refresh-token-reused`.
};

using BusEvent = std::variant<ChatChanged, ChatAdded, SessionRevoked>;

/// Hears what the bus brings: on any shard, in any order, twice or not at all.
class BusListener {
 public:
  virtual ~BusListener() = default;
  virtual void hear(BusEvent event) = 0;
};

/// At most once, no promise of order: a hint that the store has changed (SEMANTICS section 1.3).
/// Whoever needs certainty asks the store.
class Bus {
 public:
  virtual ~Bus() = default;

  /// Hands the event to the own process's listener and to the others. Never fails for the caller:
  /// what was committed stays committed, and a lost event is repaired by its reader. Any shard.
  virtual void publish(BusEvent event) = 0;

  /// Answers once events of the channel arrive. Counted: as many `leave`s as `join`s. Errors:
  /// overloaded.
  [[nodiscard]] virtual Task<Result<void>> join_chat(domain::ChatId chat) = 0;
  virtual void leave_chat(domain::ChatId chat) = 0;
  [[nodiscard]] virtual Task<Result<void>> join_user(domain::UserId user) = 0;
  virtual void leave_user(domain::UserId user) = 0;

  /// Before the first publish; null: nobody.
  virtual void listen(BusListener* listener) = 0;
};

}  // namespace knotos::ports
