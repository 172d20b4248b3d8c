#pragma once

#include "adapters/sqlite/connection.hpp"
#include "domain/chat.hpp"
#include "domain/chat_log.hpp"
#include "domain/message.hpp"
#include "domain/user.hpp"
#include "ports/invite_store.hpp"

#include <string>
#include <string_view>
#include <vector>

/// Rows and what they mean. The column lists and the readers below them belong together.
namespace knotos::adapters::sqlite {

// Macros, since statements are constants put together from these lists at compile time.
#define KN_MESSAGE_COLUMNS                                                                         \
  "id, chat_id, seq, place, rev, ordinal, sender_ordinal, sender_id, client_message_id, "          \
  "request_hash, type, "                                                                           \
  "content, reply_message_id, reply_seq, reply_sender_id, reply_preview, mentions, system_event, " \
  "system_user_ids, system_title, system_role, system_new_owner_id, is_deleted, edit_version, "    \
  "edited_at, created_at, forwarded_sender_id, forwarded_created_at, reactions, is_pinned"
#define KN_CHAT_COLUMNS                                                                           \
  "c.id, c.type, c.title, c.owner_id, c.request_hash, c.member_count, c.last_seq, c.last_rev, "   \
  "c.last_ordinal, "                                                                              \
  "c.preview_message_id, c.preview_seq, c.preview_sender_id, c.preview_type, c.preview_content, " \
  "c.preview_is_deleted, c.preview_created_at, c.created_at, c.updated_at, "                      \
  "c.history_visibility, c.pinned_message_ids"
#define KN_STATE_COLUMNS                                                                         \
  "s.user_id, s.chat_id, s.role, s.is_member, s.member_rev, s.joined_at, s.visible_from_seq, "   \
  "s.last_read_seq, "                                                                            \
  "s.last_read_ordinal, s.last_delivered_seq, s.own_count, s.own_count_at_read, s.is_archived, " \
  "s.archived_ordinal, s.is_pinned, s.pin_order, s.muted_until, s.marked_unread, s.updated_at, " \
  "s.notification_level, s.draft, s.cleared_seq, s.is_off_list, s.off_list_ordinal"
#define KN_USER_COLUMNS "u.id, u.username, u.display_name, u.created_at, u.about, u.is_deleted"
#define KN_INVITE_COLUMNS "code, chat_id, creator_id, expires_at, uses_max, uses, created_at"
#define KN_REACTION_COLUMNS "user_id, emoji, created_at"

// Several ids as one parameter: one after the other. ?1 is that blob, ?2 how many there are.
#define KN_PAGE                                                                                 \
  "WITH RECURSIVE n (i) AS (SELECT 0 WHERE ?2 > 0 UNION ALL SELECT i + 1 FROM n WHERE i + 1 < " \
  "?2), "                                                                                       \
  "page (i, id) AS (SELECT i, substr(?1, i * 16 + 1, 16) FROM n) "

// domain::is_archived_now and domain::unread_count, in SQL. ?2 is now.
#define KN_ARCHIVED \
  "(s.is_archived AND (c.last_ordinal <= s.archived_ordinal OR ifnull(s.muted_until > ?2, 0)))"
// domain::is_off_list_now.
#define KN_LISTED "NOT (s.is_off_list AND c.last_ordinal <= s.off_list_ordinal)"
#define KN_UNREAD \
  "(s.marked_unread OR c.last_ordinal - s.last_read_ordinal > s.own_count - s.own_count_at_read)"

inline constexpr int kMessageColumns = 30;
inline constexpr int kChatColumns = 20;
inline constexpr int kStateColumns = 24;
inline constexpr int kUserColumns = 6;

/// The ids of a KN_PAGE.
template <class IdType>
[[nodiscard]] std::vector<std::uint8_t> join_ids(const std::vector<IdType>& ids) {
  std::vector<std::uint8_t> bytes;
  bytes.reserve(ids.size() * 16);
  for (const auto& id : ids)
    bytes.insert(bytes.end(), id.uuid().bytes.begin(), id.uuid().bytes.end());
  return bytes;
}

[[nodiscard]] domain::Message read_message(const Statement& row);
[[nodiscard]] domain::Chat read_chat(const Statement& row, int first_column = 0);
[[nodiscard]] domain::UserChatState read_state(const Statement& row, int first_column = 0);
[[nodiscard]] domain::User read_user(const Statement& row, int first_column = 0);
[[nodiscard]] ports::Invite read_invite(const Statement& row);
[[nodiscard]] domain::Reaction read_reaction(const Statement& row);

/// False: another message of its sender has its key.
[[nodiscard]] bool insert_message(Connection& connection, const domain::Message& message);
/// The columns that a change of a message may touch.
void update_message(Connection& connection, const domain::Message& message);
/// `now`: the store's own time of the change.
void insert_chat(Connection& connection, const domain::Chat& chat, Time now);
/// The projections of the log. `now` as above.
void update_chat(Connection& connection, const domain::Chat& chat, Time now);
/// Writes a state, whether it is there or not; the times of its changes are left as they are, 0 at
/// first.
void put_state(Connection& connection, const domain::UserChatState& state);

/// The user's `userRev` after it was raised by one; 0: no such user.
domain::UserRev raise_user_rev(Connection& connection, domain::UserId user);
/// The same for a change of what they set for themselves, or of their sessions; a deleted user is
/// none. `now`: the store's own time of the change.
domain::UserRev raise_settings(Connection& connection, domain::UserId user, Time now);

[[nodiscard]] std::optional<domain::Chat> find_chat(Connection& connection, domain::ChatId chat);
[[nodiscard]] std::optional<domain::UserChatState> find_state(Connection& connection,
                                                              domain::UserId user,
                                                              domain::ChatId chat);

}  // namespace knotos::adapters::sqlite
