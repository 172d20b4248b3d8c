#pragma once

#include "ports/chat_state_store.hpp"
#include "ports/people_store.hpp"
#include "services/people_service.hpp"
#include "services/reading_service.hpp"
#include "services/sync_service.hpp"

#include <optional>
#include <string>
#include <string_view>

/// What is private to a user, and what others are told of how far they have got.
namespace knotos::json {

/// The whole state: `{chatId, …, unreadCount}`; as an ack with `ok: true` in front.
[[nodiscard]] std::string own_state(const ports::StateChange& change, Time now);
[[nodiscard]] std::string own_state_ack(const ports::StateChange& change, Time now);

/// What a mark answers: `{lastReadSeq, unreadCount}`; as an ack with `ok: true` in front.
[[nodiscard]] std::string read_state(const services::ReadingService::ReadState& state);
[[nodiscard]] std::string read_state_ack(const services::ReadingService::ReadState& state);

/// `{messageId, seq, state, memberCount, deliveredCount, readCount, data: [{userId, state,
/// deliveredAt?, readAt?}], page}`.
[[nodiscard]] std::string receipts(const services::ReadingService::Receipts& receipts,
                                   const std::optional<std::string>& next_cursor);
/// `{total, chats: [{chatId, unreadCount, markedUnread}]}`.
[[nodiscard]] std::string unread(const services::ReadingService::Unread& unread);

/// `{role, joinedAt, user}`.
void append_member(std::string& out, const ports::Member& member);

/// `{cursor, hasMore, userRev, chats, changes: [{event, …}], receipts}`; as an ack with `ok: true`
/// in front.
[[nodiscard]] std::string sync(const services::SyncService::Answer& answer, domain::UserId user,
                               Time now);
[[nodiscard]] std::string sync_ack(const services::SyncService::Answer& answer, domain::UserId user,
                                   Time now);
/// `{chats, notThere: [chatId]}`.
[[nodiscard]] std::string verified(const services::SyncService::Verified& verified);
/// The event and the data of one private change, as it would come live.
struct NamedEvent {
  std::string_view event;
  std::string data;
};
[[nodiscard]] NamedEvent private_event(const services::PrivateChange& change, domain::UserId user,
                                       domain::UserRev user_rev, Time now);

/// `{id, username, displayName, about?, createdAt, privacy, userRev}`.
[[nodiscard]] std::string me(const services::PeopleService::Me& me);
/// `{lastSeen, directMessages, groupInvites}`.
[[nodiscard]] std::string privacy(const domain::Privacy& privacy);
/// As another sees them: `lastSeenAt` where it is for them.
[[nodiscard]] std::string seen_user(const services::PeopleService::Seen& seen);
/// `{user, since}`.
void append_acquaintance(std::string& out, const ports::Acquaintance& acquaintance);
[[nodiscard]] std::string acquaintance(const ports::Acquaintance& acquaintance);

}  // namespace knotos::json
