#pragma once

#include "domain/chat.hpp"
#include "ports/bus.hpp"
#include "ports/presence_board.hpp"

#include <optional>
#include <span>
#include <string>
#include <string_view>

/// What the gateway tells sockets beside messages (API section 3).
namespace knotos::json {

/// `typing_start` `{chatId, userId, ttlMs}`, `typing_stop` without the last.
[[nodiscard]] std::string typing(const ports::TypingChanged& event);

/// `{userId, state, lastSeenAt?}`.
struct PresenceOf {
  domain::UserId user_id;
  ports::PresenceState state = ports::PresenceState::offline;
  std::optional<Time> last_seen_at;  ///< Not while they are there.
};
[[nodiscard]] std::string presence(const PresenceOf& presence);
/// The ack of `presence_subscribe`: `{ok: true, states: [{userId, state, lastSeenAt?}]}`.
[[nodiscard]] std::string presence_ack(std::span<const PresenceOf> states);

/// `message_delivered`, `message_read`: `{chatId, userId, seq, at}`.
[[nodiscard]] std::string receipt_moved(const ports::ReceiptMoved& event);

/// `chat_state_updated` `{userRev, chatId, state, unreadCount}`.
[[nodiscard]] std::string chat_state_updated(const ports::ChatStateChanged& event, Time now);
/// `read_state` `{userRev, chatId, lastReadSeq, unreadCount}`.
[[nodiscard]] std::string read_state(const ports::ReadStateChanged& event);
/// `settings_updated` `{userRev, kind}`: profile, privacy, contacts, blocks or sessions.
[[nodiscard]] std::optional<ports::SettingsKind> parse_settings_kind(std::string_view name);
[[nodiscard]] std::string settings_updated(const ports::SettingsChanged& event);
/// `message_hidden` `{userRev, chatId, messageId}`.
[[nodiscard]] std::string message_hidden(const ports::MessageHidden& event);

/// `{reason}` of what ends or interrupts a session.
[[nodiscard]] std::string reason(std::string_view text);

/// `{ok: true}`.
[[nodiscard]] std::string ok_ack();

}  // namespace knotos::json
