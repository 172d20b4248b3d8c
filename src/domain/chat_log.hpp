#pragma once

#include "domain/chat.hpp"
#include "domain/message.hpp"

#include <variant>
#include <vector>

/// A chat's log (SEMANTICS section 12): everything durable that happens to a chat takes the next
/// place, `rev`, in one order. An entry holds all that is needed to apply it; applying is a pure
/// function of the state at `rev − 1`.
namespace knotos::domain {

/// A new message. Who joins or leaves by it is written with it.
struct MessageEntry {
  Message message;
  /// The states of those who join, leave or change role by this entry, as they are after it.
  std::vector<UserChatState> memberships;

  bool operator==(const MessageEntry&) const = default;
};

enum class ChangeKind : std::uint8_t { edit, erase };

/// A change of one message: its new state in full, so that applying it twice is applying it once.
struct ChangeEntry {
  ChangeKind kind = ChangeKind::edit;
  UserId actor_id;
  Message after;  ///< `after.rev` is the entry's place; `after.seq`, `after.place` stay the
                  ///< message's own.
  Time created_at;

  bool operator==(const ChangeEntry&) const = default;
};

using LogEntry = std::variant<MessageEntry, ChangeEntry>;

[[nodiscard]] Rev rev_of(const LogEntry& entry);
/// The message in the state that the entry gives it.
[[nodiscard]] const Message& message_of(const LogEntry& entry);

/// The chat's projections after the entry. Pre: `chat.last_rev == rev_of(entry) − 1`.
void apply(Chat& chat, const LogEntry& entry);

/// The sender's own state after their message: the own count, and the watermark where they had read
/// everything that counts. `before` is the chat at `rev − 1`. Nothing for system messages.
void apply_own_message(UserChatState& state, const Chat& before, const Message& message);

}  // namespace knotos::domain
