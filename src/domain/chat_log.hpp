#pragma once

#include "domain/chat.hpp"
#include "domain/message.hpp"

#include <variant>
#include <vector>

/// A chat's log (SEMANTICS section 12): everything durable that happens to a chat takes the next
/// place, `rev`, in one order. An entry holds all that is needed to apply it; applying is a pure
/// function of the state at `rev − 1`.
namespace knotos::domain {

/// What an entry does to one user's membership.
struct MembershipChange {
  UserId user_id;
  bool is_member = true;  ///< False: they leave or are removed.
  Role role = Role::member;
  /// They were no member before: their watermarks stand at the entry.
  bool is_join = false;
  Seq visible_from_seq = 1;  ///< With is_join.

  bool operator==(const MembershipChange&) const = default;
};

/// What a system message does to the chat's document beside being its last message.
struct ChatPatch {
  std::optional<std::string> title;
  std::optional<UserId> owner_id;
  std::optional<ChatSettings> settings;
  std::optional<std::uint32_t> member_count;

  bool operator==(const ChatPatch&) const = default;
};

/// A new message. Who joins, leaves or changes role by it, and what it changes of the chat, is
/// written with it.
struct MessageEntry {
  Message message;
  std::vector<MembershipChange> memberships;
  ChatPatch patch;

  bool operator==(const MessageEntry&) const = default;
};

enum class ChangeKind : std::uint8_t { edit, erase, react, unreact, pin, unpin };

[[nodiscard]] std::string_view name_of(ChangeKind kind);
[[nodiscard]] std::optional<ChangeKind> parse_change_kind(std::string_view name);

/// A change of one message: its new state in full, so that applying it twice is applying it once.
struct ChangeEntry {
  ChangeKind kind = ChangeKind::edit;
  UserId actor_id;
  Message after;      ///< `after.rev` is the entry's place; `after.seq`, `after.place` stay the
                      ///< message's own.
  std::string emoji;  ///< Of the actor's reaction that comes or goes; with react and unreact.
  Time created_at;

  bool operator==(const ChangeEntry&) const = default;
};

using LogEntry = std::variant<MessageEntry, ChangeEntry>;

[[nodiscard]] Rev rev_of(const LogEntry& entry);
/// The message in the state that the entry gives it.
[[nodiscard]] const Message& message_of(const LogEntry& entry);

/// The chat's projections after the entry. Pre: `chat.last_rev == rev_of(entry) − 1`.
void apply(Chat& chat, const LogEntry& entry);

/// The state of who joins, leaves or changes role by `message`; one that was never there before is
/// made anew by the caller, with its ids. Private settings and the own count outlive a leave.
void apply_membership(UserChatState& state, const MembershipChange& change, const Message& message);

/// The sender's own state after their message: the own count, and the watermark where they had read
/// everything that counts. `before` is the chat at `rev − 1`. Nothing for system messages.
void apply_own_message(UserChatState& state, const Chat& before, const Message& message);

}  // namespace knotos::domain
