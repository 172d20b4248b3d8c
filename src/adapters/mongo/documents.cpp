#include "adapters/mongo/documents.hpp"

#include "adapters/mongo/failure.hpp"

#include <utility>

namespace knotos::adapters::mongo {
namespace {

std::optional<domain::Preview> read_preview(const View& view) {
  if (!view.has("messageId")) return std::nullopt;
  return domain::Preview{
      .message_id = view.id<domain::MessageId>("messageId"),
      .seq = view.count("seq"),
      .sender_id = view.id<domain::UserId>("senderId"),
      .type = domain::parse_message_type(view.text("type")).value_or(domain::MessageType::text),
      .content = view.text("content"),
      .is_deleted = view.flag("isDeleted"),
      .created_at = view.time("createdAt")};
}

domain::Audience read_audience(const View& view, const char* key) {
  // Not there: as it is at first. What this version does not know: the narrowest.
  if (!view.has(key)) return domain::Audience::everyone;
  return domain::parse_audience(view.text(key)).value_or(domain::Audience::nobody);
}

/// The user's `userRev` after an update that raises it by one; 0: no user fits the filter. Counted
/// from the document before it: mongo-java-server may show a later update in the one after.
domain::UserRev raise_by_one(Session& session, const Document& filter, const Document& update) {
  const auto old = session.update_and_get_old(kUsers, filter, update);
  return old ? View(*old).count("userRev") + 1 : 0;
}

}  // namespace

domain::Chat read_chat(const View& view) {
  return {
      .id = view.id<domain::ChatId>("_id"),
      .type = domain::parse_chat_type(view.text("type")).value_or(domain::ChatType::group),
      .title = view.text("title"),
      .owner_id = view.optional_id<domain::UserId>("ownerId"),
      .settings = {.history_visibility = domain::parse_history_visibility(
                                             view.document("settings").text("historyVisibility"))
                                             .value_or(domain::HistoryVisibility::since_join)},
      .request_hash = view.sha256("requestHash"),
      .member_count = view.small("memberCount"),
      .last_seq = view.count("lastSeq"),
      .last_rev = view.count("lastRev"),
      .last_ordinal = view.count("lastOrdinal"),
      .last_message_preview = read_preview(view.document("lastMessagePreview")),
      .pinned_message_ids = view.ids<domain::MessageId>("pinnedMessageIds"),
      .created_at = view.time("createdAt"),
      .updated_at = view.time("updatedAt")};
}

domain::UserChatState read_state(const View& view) {
  return {.user_id = view.id<domain::UserId>("userId"),
          .chat_id = view.id<domain::ChatId>("chatId"),
          .role = domain::parse_role(view.text("role")).value_or(domain::Role::member),
          .is_member = view.flag("isMember"),
          .member_rev = view.count("memberRev"),
          .joined_at = view.time("joinedAt"),
          .visible_from_seq = view.count("visibleFromSeq"),
          .last_read_seq = view.count("lastReadSeq"),
          .last_read_ordinal = view.count("lastReadOrdinal"),
          .last_delivered_seq = view.count("lastDeliveredSeq"),
          .own_count = view.count("ownCount"),
          .own_count_at_read = view.count("ownCountAtRead"),
          .is_archived = view.flag("isArchived"),
          .archived_ordinal = view.count("archivedOrdinal"),
          .is_pinned = view.flag("isPinned"),
          .pin_order = view.small("pinOrder"),
          .muted_until = view.optional_time("mutedUntil"),
          .marked_unread = view.flag("markedUnread"),
          .notification_level = domain::parse_notification_level(view.text("notificationLevel"))
                                    .value_or(domain::NotificationLevel::all),
          .draft = view.text("draft"),
          .cleared_seq = view.count("clearedSeq"),
          .is_off_list = view.flag("isOffList"),
          .off_list_ordinal = view.count("offListOrdinal"),
          .updated_at = view.time("updatedAt")};
}

domain::User read_user(const View& view) {
  const bool is_deleted = view.flag("isDeleted");
  // The name of a deleted account is kept so that nobody gets it again, and shown to nobody.
  return {.id = view.id<domain::UserId>("_id"),
          .username = is_deleted ? std::string() : view.text("username"),
          .display_name = view.text("displayName"),
          .about = view.text("about"),
          .is_deleted = is_deleted,
          .created_at = view.time("createdAt")};
}

domain::Privacy read_privacy(const View& user) {
  const auto privacy = user.document("privacy");
  return {.last_seen = read_audience(privacy, "lastSeen"),
          .direct_messages = read_audience(privacy, "directMessages"),
          .group_invites = read_audience(privacy, "groupInvites")};
}

Document chat_projections(const domain::Chat& chat) {
  Document made = document("title", chat.title, "ownerId", chat.owner_id, "settings",
                           document("historyVisibility", name_of(chat.settings.history_visibility)),
                           "memberCount", chat.member_count, "lastSeq", chat.last_seq, "lastRev",
                           chat.last_rev, "lastOrdinal", chat.last_ordinal, "pinnedMessageIds",
                           chat.pinned_message_ids, "updatedAt", chat.updated_at);
  const auto& preview = chat.last_message_preview;
  if (!preview) return made.add("lastMessagePreview", nullptr);
  return made.add(
      "lastMessagePreview",
      document("content", preview->content, "type", name_of(preview->type), "senderId",
               preview->sender_id, "createdAt", preview->created_at, "messageId",
               preview->message_id, "seq", preview->seq, "isDeleted", preview->is_deleted));
}

Document chat_document(const domain::Chat& chat) {
  auto made = document("_id", chat.id, "type", name_of(chat.type), "createdAt", chat.created_at);
  if (chat.request_hash) made.add("requestHash", *chat.request_hash);
  return made.add_all(chat_projections(chat));
}

Document state_fields(const domain::UserChatState& state) {
  return document("role", name_of(state.role), "isMember", state.is_member, "memberRev",
                  state.member_rev, "joinedAt", state.joined_at, "visibleFromSeq",
                  state.visible_from_seq, "lastReadSeq", state.last_read_seq, "lastReadOrdinal",
                  state.last_read_ordinal, "lastDeliveredSeq", state.last_delivered_seq, "ownCount",
                  state.own_count, "ownCountAtRead", state.own_count_at_read, "isArchived",
                  state.is_archived, "archivedOrdinal", state.archived_ordinal, "isPinned",
                  state.is_pinned, "pinOrder", state.pin_order, "mutedUntil", state.muted_until,
                  "markedUnread", state.marked_unread, "notificationLevel",
                  name_of(state.notification_level), "draft", state.draft, "clearedSeq",
                  state.cleared_seq, "isOffList", state.is_off_list, "offListOrdinal",
                  state.off_list_ordinal, "updatedAt", state.updated_at);
}

Document state_document(const domain::UserChatState& state) {
  return document("_id", pair_id(state.user_id, state.chat_id), "userId", state.user_id, "chatId",
                  state.chat_id, "version", 0)
      .add_all(state_fields(state));
}

Document user_document(const domain::User& user, const std::string& password_hash,
                       domain::UserRev user_rev) {
  return document("_id", user.id, "username", user.username, "displayName", user.display_name,
                  "about", user.about, "isDeleted", user.is_deleted, "passwordHash", password_hash,
                  "userRev", user_rev, "createdAt", user.created_at);
}

std::optional<domain::Chat> find_chat(Session& session, domain::ChatId chat) {
  const auto found = session.find_one(kChats, document("_id", chat));
  if (!found) return std::nullopt;
  return read_chat(*found);
}

std::optional<VersionedState> find_state(Session& session, domain::UserId user,
                                         domain::ChatId chat) {
  auto found = session.find_one(kStates, document("_id", pair_id(user, chat)));
  if (!found) return std::nullopt;
  const View view(*found);
  return VersionedState{
      .state = read_state(view), .version = view.count("version"), .stored = *found};
}

bool put_state(Session& session, const VersionedState& state,
               const std::vector<std::string>& moments, const Document& more) {
  const auto id = pair_id(state.state.user_id, state.state.chat_id);
  auto update =
      document("$set", state_fields(state.state).add_all(more), "$inc", document("version", 1));
  add_moments(update, moments);
  return session.update_one(kStates, document("_id", id, "version", state.version), update)
             .matched > 0;
}

domain::UserRev raise_user_rev(Session& session, domain::UserId user) {
  return raise_by_one(session, document("_id", user), document("$inc", document("userRev", 1)));
}

domain::UserRev raise_settings(Session& session, domain::UserId user, const Document& fields) {
  auto update = document("$inc", document("userRev", 1));
  if (!fields.is_empty()) update.add("$set", fields);
  add_moments(update, {"changedAt"});
  return raise_by_one(session, document("_id", user, "isDeleted", false), update);
}

domain::UserRev user_rev_of(Session& session, domain::UserId user) {
  const auto found = session.find_one(kUsers, document("_id", user),
                                      {.sort = {}, .fields = document("userRev", 1)});
  return found ? View(*found).count("userRev") : 0;
}

void add_moments(Document& update, const std::vector<std::string>& fields) {
  if (fields.empty()) return;
  Document moments;
  for (const auto& field : fields) moments.add(field, document("$type", "timestamp"));
  update.add("$currentDate", moments);
}

Time read_clock(Session& session) {
  Document update;
  add_moments(update, {"now"});
  const auto clock = session.upsert_and_get_new(kMeta, document("_id", "clock"), update);
  if (!clock) throw Failure(Fate::not_done, "the store does not tell its time");
  return View(*clock).moment("now");
}

std::vector<domain::User> find_users_by_id(Session& session,
                                           const std::vector<domain::UserId>& ids) {
  std::vector<domain::User> users;
  if (ids.empty()) return users;
  auto cursor = session.find(kUsers, document("_id", any_of(ids)));
  while (const auto found = cursor.next()) users.push_back(read_user(*found));
  return users;
}

}  // namespace knotos::adapters::mongo
