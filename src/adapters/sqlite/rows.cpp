#include "adapters/sqlite/rows.hpp"

#include <algorithm>

namespace knotos::adapters::sqlite {
namespace {

template <class IdType = domain::UserId>
std::vector<IdType> split_ids(std::span<const std::uint8_t> bytes) {
  std::vector<IdType> ids;
  for (; bytes.size() >= 16; bytes = bytes.subspan(16)) {
    Uuid uuid;
    std::ranges::copy(bytes.first(16), uuid.bytes.begin());
    ids.emplace_back(uuid);
  }
  return ids;
}

// The counts of a message's reactions as one blob: for each the bytes of its emoji after their
// number, the count in four bytes, and the ids of who reacted last after their number.

std::vector<std::uint8_t> join_reactions(const std::vector<domain::ReactionCount>& reactions) {
  std::vector<std::uint8_t> bytes;
  for (const auto& each : reactions) {
    bytes.push_back(static_cast<std::uint8_t>(each.emoji.size()));
    bytes.insert(bytes.end(), each.emoji.begin(), each.emoji.end());
    for (unsigned shift = 0; shift < 32; shift += 8) {
      bytes.push_back(static_cast<std::uint8_t>(each.count >> shift));
    }
    const auto ids = join_ids(each.recent_user_ids);
    bytes.push_back(static_cast<std::uint8_t>(each.recent_user_ids.size()));
    bytes.insert(bytes.end(), ids.begin(), ids.end());
  }
  return bytes;
}

/// Ends where a damaged blob ends.
std::vector<domain::ReactionCount> split_reactions(std::span<const std::uint8_t> bytes) {
  std::vector<domain::ReactionCount> reactions;
  const auto take = [&bytes](std::size_t count) {
    const auto taken = bytes.first(std::min(count, bytes.size()));
    bytes = bytes.subspan(taken.size());
    return taken;
  };
  while (!bytes.empty()) {
    domain::ReactionCount each;
    const auto emoji = take(take(1)[0]);
    each.emoji.assign(emoji.begin(), emoji.end());
    const auto count = take(4);
    for (std::size_t at = 0; at < count.size(); ++at) {
      each.count |= std::uint32_t{count[at]} << (8 * at);
    }
    if (bytes.empty()) break;
    each.recent_user_ids = split_ids(take(std::size_t{16} * take(1)[0]));
    reactions.push_back(std::move(each));
  }
  return reactions;
}

std::optional<domain::ForwardedFrom> read_forwarded(const Statement& row) {
  if (row.is_null(26)) return std::nullopt;
  return domain::ForwardedFrom{.sender_id = row.id<domain::UserId>(26), .created_at = row.time(27)};
}

std::optional<domain::ReplyTo> read_reply(const Statement& row) {
  if (row.is_null(12)) return std::nullopt;
  return domain::ReplyTo{.message_id = row.id<domain::MessageId>(12),
                         .seq = row.count(13),
                         .sender_id = row.id<domain::UserId>(14),
                         .preview = row.text(15)};
}

std::optional<domain::SystemEvent> read_system_event(const Statement& row) {
  if (row.is_null(17)) return std::nullopt;
  domain::SystemEvent event{.event = row.text(17),
                            .actor_id = row.id<domain::UserId>(7),
                            .user_ids = split_ids(row.blob(18)),
                            .title = {},
                            .role = {},
                            .new_owner_id = row.optional_id<domain::UserId>(21)};
  if (!row.is_null(19)) event.title = row.text(19);
  if (!row.is_null(20)) event.role = domain::parse_role(row.text(20));
  return event;
}

std::optional<domain::Preview> read_preview(const Statement& row, int first) {
  if (row.is_null(first)) return std::nullopt;
  return domain::Preview{
      .message_id = row.id<domain::MessageId>(first),
      .seq = row.count(first + 1),
      .sender_id = row.id<domain::UserId>(first + 2),
      .type = domain::parse_message_type(row.text(first + 3)).value_or(domain::MessageType::text),
      .content = row.text(first + 4),
      .is_deleted = row.flag(first + 5),
      .created_at = row.time(first + 6)};
}

/// Four parameters from `index` on; what is not bound is NULL.
void bind_reply(Statement& statement, int index, const std::optional<domain::ReplyTo>& reply) {
  if (!reply) return;
  statement.bind_at(index, reply->message_id);
  statement.bind_at(index + 1, reply->seq);
  statement.bind_at(index + 2, reply->sender_id);
  statement.bind_at(index + 3, reply->preview);
}

/// Seven parameters from `index` on.
void bind_preview(Statement& statement, int index, const std::optional<domain::Preview>& preview) {
  if (!preview) {
    for (int each = 0; each < 7; ++each) statement.bind_at(index + each, nullptr);
    return;
  }
  statement.bind_at(index, preview->message_id);
  statement.bind_at(index + 1, preview->seq);
  statement.bind_at(index + 2, preview->sender_id);
  statement.bind_at(index + 3, name_of(preview->type));
  statement.bind_at(index + 4, preview->content);
  statement.bind_at(index + 5, preview->is_deleted);
  statement.bind_at(index + 6, preview->created_at);
}

}  // namespace

domain::Message read_message(const Statement& row) {
  return {.id = row.id<domain::MessageId>(0),
          .chat_id = row.id<domain::ChatId>(1),
          .seq = row.count(2),
          .place = row.count(3),
          .rev = row.count(4),
          .ordinal = row.count(5),
          .sender_ordinal = row.count(6),
          .sender_id = row.id<domain::UserId>(7),
          .client_message_id = row.text(8),
          .request_hash = row.sha256(9),
          .type = domain::parse_message_type(row.text(10)).value_or(domain::MessageType::text),
          .content = row.text(11),
          .reply_to = read_reply(row),
          .mentions = split_ids(row.blob(16)),
          .forwarded_from = read_forwarded(row),
          .system_event = read_system_event(row),
          .reactions = split_reactions(row.blob(28)),
          .is_pinned = row.flag(29),
          .is_deleted = row.flag(22),
          .edit_version = static_cast<std::uint32_t>(row.count(23)),
          .edited_at = row.optional_time(24),
          .created_at = row.time(25)};
}

domain::Chat read_chat(const Statement& row, int first) {
  domain::Chat chat{
      .id = row.id<domain::ChatId>(first),
      .type = domain::parse_chat_type(row.text(first + 1)).value_or(domain::ChatType::group),
      .title = row.text(first + 2),
      .owner_id = row.optional_id<domain::UserId>(first + 3),
      .settings = {.history_visibility = domain::parse_history_visibility(row.text(first + 18))
                                             .value_or(domain::HistoryVisibility::since_join)},
      .request_hash = {},
      .member_count = static_cast<std::uint32_t>(row.count(first + 5)),
      .last_seq = row.count(first + 6),
      .last_rev = row.count(first + 7),
      .last_ordinal = row.count(first + 8),
      .last_message_preview = read_preview(row, first + 9),
      .pinned_message_ids = split_ids<domain::MessageId>(row.blob(first + 19)),
      .created_at = row.time(first + 16),
      .updated_at = row.time(first + 17)};
  if (!row.is_null(first + 4)) chat.request_hash = row.sha256(first + 4);
  return chat;
}

domain::UserChatState read_state(const Statement& row, int first) {
  return {.user_id = row.id<domain::UserId>(first),
          .chat_id = row.id<domain::ChatId>(first + 1),
          .role = domain::parse_role(row.text(first + 2)).value_or(domain::Role::member),
          .is_member = row.flag(first + 3),
          .member_rev = row.count(first + 4),
          .joined_at = row.time(first + 5),
          .visible_from_seq = row.count(first + 6),
          .last_read_seq = row.count(first + 7),
          .last_read_ordinal = row.count(first + 8),
          .last_delivered_seq = row.count(first + 9),
          .own_count = row.count(first + 10),
          .own_count_at_read = row.count(first + 11),
          .is_archived = row.flag(first + 12),
          .archived_ordinal = row.count(first + 13),
          .is_pinned = row.flag(first + 14),
          .pin_order = static_cast<std::uint32_t>(row.count(first + 15)),
          .muted_until = row.optional_time(first + 16),
          .marked_unread = row.flag(first + 17),
          .notification_level = domain::parse_notification_level(row.text(first + 19))
                                    .value_or(domain::NotificationLevel::all),
          .draft = row.text(first + 20),
          .cleared_seq = row.count(first + 21),
          .is_off_list = row.flag(first + 22),
          .off_list_ordinal = row.count(first + 23),
          .updated_at = row.time(first + 18)};
}

domain::User read_user(const Statement& row, int first) {
  // The name of a deleted account is kept so that nobody gets it again, and shown to nobody.
  return {.id = row.id<domain::UserId>(first),
          .username = row.flag(first + 5) ? std::string() : row.text(first + 1),
          .display_name = row.text(first + 2),
          .about = row.text(first + 4),
          .is_deleted = row.flag(first + 5),
          .created_at = row.time(first + 3)};
}

ports::Invite read_invite(const Statement& row) {
  return {.code = row.text(0),
          .chat_id = row.id<domain::ChatId>(1),
          .creator_id = row.id<domain::UserId>(2),
          .expires_at = row.optional_time(3),
          .uses_max = static_cast<std::uint32_t>(row.count(4)),
          .uses = static_cast<std::uint32_t>(row.count(5)),
          .created_at = row.time(6)};
}

domain::Reaction read_reaction(const Statement& row) {
  return {.user_id = row.id<domain::UserId>(0), .emoji = row.text(1), .created_at = row.time(2)};
}

bool insert_message(Connection& connection, const domain::Message& message) {
  auto statement = connection.prepare(
      "INSERT INTO messages (" KN_MESSAGE_COLUMNS
      ") VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, "
      "?14, ?15, ?16, ?17, ?18, ?19, ?20, ?21, ?22, ?23, ?24, ?25, ?26, ?27, ?28, ?29, ?30) "
      "ON CONFLICT (chat_id, sender_id, client_message_id) DO NOTHING");
  statement.bind(message.id, message.chat_id, message.seq, message.place, message.rev,
                 message.ordinal, message.sender_ordinal, message.sender_id,
                 message.client_message_id, message.request_hash, name_of(message.type),
                 message.content);
  bind_reply(statement, 13, message.reply_to);
  // The joined bytes must live until the statement has run.
  const auto mentions = join_ids(message.mentions);
  if (!mentions.empty()) statement.bind_at(17, std::span<const std::uint8_t>(mentions));
  std::vector<std::uint8_t> user_ids;
  if (message.system_event) {
    const auto& event = *message.system_event;
    user_ids = join_ids(event.user_ids);
    statement.bind_at(18, event.event);
    statement.bind_at(19, std::span<const std::uint8_t>(user_ids));
    statement.bind_at(20, event.title);
    if (event.role) statement.bind_at(21, name_of(*event.role));
    statement.bind_at(22, event.new_owner_id);
  }
  statement.bind_at(23, message.is_deleted);
  statement.bind_at(24, message.edit_version);
  statement.bind_at(25, message.edited_at);
  statement.bind_at(26, message.created_at);
  if (message.forwarded_from) {
    statement.bind_at(27, message.forwarded_from->sender_id);
    statement.bind_at(28, message.forwarded_from->created_at);
  }
  const auto reactions = join_reactions(message.reactions);
  if (!reactions.empty()) statement.bind_at(29, std::span<const std::uint8_t>(reactions));
  statement.bind_at(30, message.is_pinned);
  statement.run();
  return connection.changes() > 0;
}

void update_message(Connection& connection, const domain::Message& message) {
  auto statement = connection.prepare(
      "UPDATE messages SET rev = ?2, content = ?3, is_deleted = ?4, edit_version = ?5, edited_at = "
      "?6, mentions = ?7, "
      "reply_message_id = ?8, reply_seq = ?9, reply_sender_id = ?10, reply_preview = ?11, "
      "forwarded_sender_id = ?12, forwarded_created_at = ?13, reactions = ?14, is_pinned = ?15 "
      "WHERE id = ?1");
  statement.bind(message.id, message.rev, message.content, message.is_deleted, message.edit_version,
                 message.edited_at);
  const auto mentions = join_ids(message.mentions);
  if (!mentions.empty()) statement.bind_at(7, std::span<const std::uint8_t>(mentions));
  bind_reply(statement, 8, message.reply_to);
  if (message.forwarded_from) {
    statement.bind_at(12, message.forwarded_from->sender_id);
    statement.bind_at(13, message.forwarded_from->created_at);
  }
  const auto reactions = join_reactions(message.reactions);
  if (!reactions.empty()) statement.bind_at(14, std::span<const std::uint8_t>(reactions));
  statement.bind_at(15, message.is_pinned);
  statement.run();
}

void insert_chat(Connection& connection, const domain::Chat& chat, Time now) {
  auto statement = connection.prepare(
      "INSERT INTO chats (id, type, title, owner_id, request_hash, member_count, last_seq, "
      "last_rev, last_ordinal, preview_message_id, preview_seq, preview_sender_id, preview_type, "
      "preview_content, preview_is_deleted, preview_created_at, created_at, updated_at, "
      "history_visibility, pinned_message_ids, changed_at) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, "
      "?9, ?10, ?11, ?12, ?13, ?14, ?15, ?16, ?17, ?18, ?19, ?20, ?21)");
  statement.bind(chat.id, name_of(chat.type), chat.title, chat.owner_id, chat.request_hash,
                 chat.member_count, chat.last_seq, chat.last_rev, chat.last_ordinal);
  bind_preview(statement, 10, chat.last_message_preview);
  statement.bind_at(17, chat.created_at);
  statement.bind_at(18, chat.updated_at);
  statement.bind_at(19, name_of(chat.settings.history_visibility));
  const auto pinned = join_ids(chat.pinned_message_ids);
  if (!pinned.empty()) statement.bind_at(20, std::span<const std::uint8_t>(pinned));
  statement.bind_at(21, now);
  statement.run();
}

void update_chat(Connection& connection, const domain::Chat& chat, Time now) {
  auto statement = connection.prepare(
      "UPDATE chats SET title = ?2, owner_id = ?3, member_count = ?4, last_seq = ?5, last_rev = "
      "?6, last_ordinal = ?7, "
      "updated_at = ?8, preview_message_id = ?9, preview_seq = ?10, preview_sender_id = ?11, "
      "preview_type = ?12, "
      "preview_content = ?13, preview_is_deleted = ?14, preview_created_at = ?15, "
      "history_visibility = ?16, pinned_message_ids = ?17, changed_at = ?18 WHERE id = ?1");
  statement.bind(chat.id, chat.title, chat.owner_id, chat.member_count, chat.last_seq,
                 chat.last_rev, chat.last_ordinal, chat.updated_at);
  bind_preview(statement, 9, chat.last_message_preview);
  statement.bind_at(16, name_of(chat.settings.history_visibility));
  const auto pinned = join_ids(chat.pinned_message_ids);
  if (!pinned.empty()) statement.bind_at(17, std::span<const std::uint8_t>(pinned));
  statement.bind_at(18, now);
  statement.run();
}

void put_state(Connection& connection, const domain::UserChatState& state) {
  connection
      .prepare(
          "INSERT INTO user_chat_states (user_id, chat_id, role, is_member, member_rev, joined_at, "
          "visible_from_seq, last_read_seq, last_read_ordinal, last_delivered_seq, own_count, "
          "own_count_at_read, is_archived, archived_ordinal, is_pinned, pin_order, muted_until, "
          "marked_unread, updated_at, notification_level, draft, cleared_seq, is_off_list, "
          "off_list_ordinal) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, "
          "?15, ?16, ?17, ?18, ?19, ?20, ?21, ?22, ?23, ?24) ON CONFLICT (user_id, chat_id) DO "
          "UPDATE SET role = ?3, is_member = ?4, member_rev = ?5, joined_at = ?6, visible_from_seq "
          "= ?7, last_read_seq = ?8, last_read_ordinal = ?9, last_delivered_seq = ?10, own_count = "
          "?11, own_count_at_read = ?12, is_archived = ?13, archived_ordinal = ?14, is_pinned = "
          "?15, pin_order = ?16, muted_until = ?17, marked_unread = ?18, updated_at = ?19, "
          "notification_level = ?20, draft = ?21, cleared_seq = ?22, is_off_list = ?23, "
          "off_list_ordinal = ?24")
      .bind(state.user_id, state.chat_id, name_of(state.role), state.is_member, state.member_rev,
            state.joined_at, state.visible_from_seq, state.last_read_seq, state.last_read_ordinal,
            state.last_delivered_seq, state.own_count, state.own_count_at_read, state.is_archived,
            state.archived_ordinal, state.is_pinned, state.pin_order, state.muted_until,
            state.marked_unread, state.updated_at, name_of(state.notification_level), state.draft,
            state.cleared_seq, state.is_off_list, state.off_list_ordinal)
      .run();
}

domain::UserRev raise_user_rev(Connection& connection, domain::UserId user) {
  auto row = connection.prepare(
      "UPDATE users SET user_rev = user_rev + 1 WHERE id = ?1 RETURNING user_rev");
  row.bind(user);
  if (!row.step()) return 0;
  const auto raised = row.count(0);
  while (row.step()) {
  }
  return raised;
}

domain::UserRev raise_settings(Connection& connection, domain::UserId user, Time now) {
  auto row = connection.prepare(
      "UPDATE users SET user_rev = user_rev + 1, changed_at = ?2 WHERE id = ?1 AND is_deleted = 0 "
      "RETURNING user_rev");
  row.bind(user, now);
  if (!row.step()) return 0;
  const auto raised = row.count(0);
  while (row.step()) {
  }
  return raised;
}

std::optional<domain::Chat> find_chat(Connection& connection, domain::ChatId chat) {
  auto row = connection.prepare("SELECT " KN_CHAT_COLUMNS " FROM chats c WHERE c.id = ?1");
  row.bind(chat);
  if (!row.step()) return std::nullopt;
  return read_chat(row);
}

std::optional<domain::UserChatState> find_state(Connection& connection, domain::UserId user,
                                                domain::ChatId chat) {
  auto row = connection.prepare("SELECT " KN_STATE_COLUMNS
                                " FROM user_chat_states s WHERE s.user_id = ?1 AND s.chat_id = ?2");
  row.bind(user, chat);
  if (!row.step()) return std::nullopt;
  return read_state(row);
}

}  // namespace knotos::adapters::sqlite
