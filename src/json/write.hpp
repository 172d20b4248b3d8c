#pragma once

#include "base/error.hpp"
#include "domain/chat.hpp"
#include "domain/message.hpp"
#include "domain/user.hpp"
#include "ports/message_store.hpp"
#include "services/account_service.hpp"
#include "services/message_service.hpp"

#include <optional>
#include <string>
#include <string_view>

/// What leaves: each shape of the API, appended to a string.
namespace knotos::json {

class ObjectWriter;

/// `prev_rev` with live deliveries only (SEMANTICS section 4). A tombstone has `isDeleted` and no
/// content, a stub nothing but its place.
void append_message(std::string& out, const domain::Message& message,
                    std::optional<domain::Rev> prev_rev = std::nullopt);
[[nodiscard]] std::string message(const domain::Message& message,
                                  std::optional<domain::Rev> prev_rev = std::nullopt);

/// As anybody sees them.
void append_user_fields(ObjectWriter& object, const domain::User& user);
void append_user(std::string& out, const domain::User& user);
[[nodiscard]] std::string user(const domain::User& user);
/// As they see themselves: `createdAt` too.
[[nodiscard]] std::string own_user(const domain::User& user);

/// What register, login and refresh answer: `{user, deviceId, accessToken, refreshToken,
/// expiresInMs}`.
[[nodiscard]] std::string session(const services::AccountService::Session& session);

/// A session in the list of a user's own.
void append_device(std::string& out, const domain::Device& device, bool is_current);

/// A user's own state of a chat. `now` decides what is archived.
void append_chat_state_fields(ObjectWriter& object, const domain::Chat& chat,
                              const domain::UserChatState& state, Time now);
void append_chat_state(std::string& out, const domain::Chat& chat,
                       const domain::UserChatState& state, Time now);

/// Flat: the chat's fields and `state`, `unreadCount`, `peer` or `members`. `now` decides what is
/// archived.
void append_chat_list_item(std::string& out, const domain::ChatListItem& item, Time now);
[[nodiscard]] std::string chat_list_item(const domain::ChatListItem& item, Time now);

class ObjectWriter;
void append_receipt_fields(ObjectWriter& object, const services::Receipt& receipt);
/// What a REST send answers: `{messageId, seq, rev, createdAt, duplicate}`.
[[nodiscard]] std::string receipt(const services::Receipt& receipt);
/// The ack of a send: `{ok: true, messageId, seq, rev, createdAt, duplicate}`.
[[nodiscard]] std::string receipt_ack(const services::Receipt& receipt);
/// The ack of an edit or a delete: `{ok: true, rev}`.
[[nodiscard]] std::string rev_ack(domain::Rev rev);

/// `{data: [Message], lastRev, hasMore}`; as an ack with `ok: true` in front.
[[nodiscard]] std::string changes(const ports::Changes& changes);
[[nodiscard]] std::string changes_ack(const ports::Changes& changes);

/// The problem object (RFC 9457). The error's `cause` stays behind.
void append_problem(std::string& out, const Error& error, std::string_view request_id);
[[nodiscard]] std::string problem(const Error& error, std::string_view request_id);
/// `{ok: false, error: <the problem object>}`.
[[nodiscard]] std::string failure_ack(const Error& error, std::string_view request_id);

}  // namespace knotos::json
