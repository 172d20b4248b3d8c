#pragma once

#include "base/error.hpp"
#include "base/task.hpp"
#include "domain/chat.hpp"
#include "domain/chat_log.hpp"

#include <chrono>
#include <cstdint>
#include <memory>
#include <string>
#include <variant>
#include <vector>

namespace knotos::ports {

/// A membership that changed with a message: who, and how they stand now.
struct MemberMoved {
  domain::UserId user_id;
  domain::UserRev user_rev = 0;  ///< 0: not known any more.
  bool is_member = true;
  domain::Seq visible_from_seq = 1;
};

/// `channel:chat:<id>`: a durable change took place `rev`. Tells which message is in which state
/// now, and who came or went by it: what follows `rev` is for the members after it. Without a
/// message it is a mere hint that the chat may stand at `rev`: look in the store.
struct ChatChanged {
  domain::ChatId chat_id;
  domain::Rev rev = 0;
  std::shared_ptr<const domain::Message> message;
  std::vector<MemberMoved> moved;
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

/// `channel:user:<id>`: the user's own state of a chat changed, by one of their devices.
struct ChatStateChanged {
  domain::UserId user_id;
  domain::UserRev user_rev = 0;
  std::shared_ptr<const domain::Chat> chat;
  std::shared_ptr<const domain::UserChatState> state;
};

/// `channel:user:<id>`: the user read on, on one of their devices.
struct ReadStateChanged {
  domain::UserId user_id;
  domain::UserRev user_rev = 0;
  domain::ChatId chat_id;
  domain::Seq last_read_seq = 0;
  std::uint64_t unread_count = 0;
};

/// What a user set for themselves.
enum class SettingsKind : std::uint8_t { profile, privacy, contacts, blocks, sessions };

/// `channel:user:<id>`.
struct SettingsChanged {
  domain::UserId user_id;
  domain::UserRev user_rev = 0;
  SettingsKind kind = SettingsKind::profile;
};

/// `channel:user:<id>`: a message was hidden from the user alone ("delete for me").
struct MessageHidden {
  domain::UserId user_id;
  domain::UserRev user_rev = 0;
  domain::ChatId chat_id;
  domain::MessageId message_id;
};

/// `channel:chat:<id>`: a member has got, or read, everything up to `seq`. Merged by its hearers.
struct ReceiptMoved {
  domain::ChatId chat_id;
  domain::UserId user_id;
  bool is_read = false;  ///< Else delivered.
  domain::Seq seq = 0;
  Time at;
};

/// `channel:chat:<id>`: never stored, dead after `kTypingLife` without another one.
struct TypingChanged {
  domain::ChatId chat_id;
  domain::UserId user_id;
  bool is_typing = true;
};

inline constexpr std::chrono::milliseconds kTypingLife = std::chrono::seconds(3);

/// `channel:presence:<id>`: look at the board again.
struct PresenceChanged {
  domain::UserId user_id;
};

/// An event of somebody who is not Knotos, for everybody in a chat or for all of a user's sockets:
/// relayed as it is (SEMANTICS section 11). Its name and its text were checked by the bus.
struct ForeignEvent {
  std::variant<domain::ChatId, domain::UserId> to;
  std::string name;
  std::string text;  ///< JSON.
};

using BusEvent = std::variant<ChatChanged, ChatAdded, SessionRevoked, ChatStateChanged,
                              ReadStateChanged, SettingsChanged, MessageHidden, ReceiptMoved,
                              TypingChanged, PresenceChanged, ForeignEvent>;

/// Hears what the bus brings: on any shard, in any order, twice or not at all.
class BusListener {
 public:
  virtual ~BusListener() = default;
  virtual void hear(BusEvent event) = 0;

  /// What other processes publish does not arrive any more, and what is published here may reach
  /// nobody there. The own process still hears itself. Any thread.
  virtual void bus_degraded() = 0;
  /// All channels are joined again. What was published in between is for the store to tell. Any
  /// thread.
  virtual void bus_restored() = 0;
};

/// At most once, no promise of order: a hint that the store has changed (SEMANTICS section 1.3).
/// Whoever needs certainty asks the store.
class Bus {
 public:
  virtual ~Bus() = default;

  /// Hands the event to the own process's listener and to the others. Never fails for the caller:
  /// what was committed stays committed, and a lost event is repaired by its reader. Any shard.
  virtual void publish(BusEvent event) = 0;

  /// Answers once events of the channels arrive, all of them or none; while the bus is degraded at
  /// once, and they arrive when it is restored. Counted: as many `leave`s as `join`s. Errors:
  /// overloaded.
  [[nodiscard]] virtual Task<Result<void>> join_chats(std::vector<domain::ChatId> chats) = 0;
  virtual void leave_chat(domain::ChatId chat) = 0;
  [[nodiscard]] virtual Task<Result<void>> join_user(domain::UserId user) = 0;
  virtual void leave_user(domain::UserId user) = 0;
  /// Of those whose presence somebody here has subscribed to.
  [[nodiscard]] virtual Task<Result<void>> join_presences(std::vector<domain::UserId> users) = 0;
  virtual void leave_presence(domain::UserId user) = 0;

  /// Before the first publish; null: nobody.
  virtual void listen(BusListener* listener) = 0;
};

}  // namespace knotos::ports
