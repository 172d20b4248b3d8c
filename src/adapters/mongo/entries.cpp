#include "adapters/mongo/documents.hpp"
#include "adapters/mongo/failure.hpp"

#include <utility>

// Messages and the entries of the log (SEMANTICS section 12).
namespace knotos::adapters::mongo {
namespace {

using domain::ChangeEntry;
using domain::LogEntry;
using domain::Message;
using domain::MessageEntry;

std::optional<domain::ReplyTo> read_reply(const View& view) {
  if (!view.has("messageId")) return std::nullopt;
  return domain::ReplyTo{.message_id = view.id<domain::MessageId>("messageId"),
                         .seq = view.count("seq"),
                         .sender_id = view.id<domain::UserId>("senderId"),
                         .preview = view.text("preview")};
}

std::optional<domain::ForwardedFrom> read_forwarded(const View& view) {
  if (!view.has("senderId")) return std::nullopt;
  return domain::ForwardedFrom{.sender_id = view.id<domain::UserId>("senderId"),
                               .created_at = view.time("createdAt")};
}

std::optional<domain::SystemEvent> read_system_event(const View& view) {
  if (!view.has("event")) return std::nullopt;
  domain::SystemEvent event{.event = view.text("event"),
                            .actor_id = view.id<domain::UserId>("actorId"),
                            .user_ids = view.ids<domain::UserId>("userIds"),
                            .title = {},
                            .role = {},
                            .new_owner_id = view.optional_id<domain::UserId>("newOwnerId")};
  if (view.has("title")) event.title = view.text("title");
  if (view.has("role")) event.role = domain::parse_role(view.text("role"));
  return event;
}

std::vector<domain::ReactionCount> read_reactions(const View& view) {
  std::vector<domain::ReactionCount> reactions;
  for (const auto& each : view.documents("reactions")) {
    reactions.push_back({.emoji = each.text("emoji"),
                         .count = each.small("count"),
                         .recent_user_ids = each.ids<domain::UserId>("recentUserIds")});
  }
  return reactions;
}

/// The part of a message that changes touch.
void read_message_state(const View& view, Message& message) {
  message.rev = view.count("changedRev");
  message.content = view.text("content");
  message.reply_to = read_reply(view.document("replyTo"));
  message.mentions = view.ids<domain::UserId>("mentions");
  message.forwarded_from = read_forwarded(view.document("forwardedFrom"));
  message.reactions = read_reactions(view);
  message.is_pinned = view.flag("isPinned");
  message.is_deleted = view.flag("isDeleted");
  message.edit_version = view.small("editVersion");
  message.edited_at = view.optional_time("editedAt");
}

Document membership_document(const domain::MembershipChange& change) {
  return document("userId", change.user_id, "isMember", change.is_member, "role",
                  name_of(change.role), "isJoin", change.is_join, "visibleFromSeq",
                  change.visible_from_seq);
}

domain::MembershipChange read_membership(const View& view) {
  return {.user_id = view.id<domain::UserId>("userId"),
          .is_member = view.flag("isMember"),
          .role = domain::parse_role(view.text("role")).value_or(domain::Role::member),
          .is_join = view.flag("isJoin"),
          .visible_from_seq = view.count("visibleFromSeq")};
}

Document patch_document(const domain::ChatPatch& patch) {
  Document made;
  if (patch.title) made.add("title", *patch.title);
  if (patch.owner_id) made.add("ownerId", *patch.owner_id);
  if (patch.settings) {
    made.add("historyVisibility", name_of(patch.settings->history_visibility));
  }
  if (patch.member_count) made.add("memberCount", *patch.member_count);
  return made;
}

domain::ChatPatch read_patch(const View& view) {
  domain::ChatPatch patch;
  if (view.has("title")) patch.title = view.text("title");
  patch.owner_id = view.optional_id<domain::UserId>("ownerId");
  if (view.has("historyVisibility")) {
    patch.settings = domain::ChatSettings{
        .history_visibility = domain::parse_history_visibility(view.text("historyVisibility"))
                                  .value_or(domain::HistoryVisibility::since_join)};
  }
  if (view.has("memberCount")) patch.member_count = view.small("memberCount");
  return patch;
}

/// What of a message never changes, in the order of SEMANTICS section 11.
Document fixed_fields(const Message& message) {
  auto made = document("_id", message.id, "chatId", message.chat_id, "seq", message.seq, "rev",
                       message.place, "ordinal", message.ordinal, "senderOrdinal",
                       message.sender_ordinal, "senderId", message.sender_id, "clientMessageId",
                       message.client_message_id, "requestHash", message.request_hash, "type",
                       name_of(message.type), "createdAt", message.created_at);
  if (const auto& event = message.system_event) {
    auto told =
        document("event", event->event, "actorId", event->actor_id, "userIds", event->user_ids);
    if (event->title) told.add("title", *event->title);
    if (event->role) told.add("role", name_of(*event->role));
    if (event->new_owner_id) told.add("newOwnerId", *event->new_owner_id);
    made.add("systemEvent", told);
  }
  return made;
}

Message read_fixed_fields(const View& view) {
  return {.id = view.id<domain::MessageId>("_id"),
          .chat_id = view.id<domain::ChatId>("chatId"),
          .seq = view.count("seq"),
          .place = view.count("rev"),
          .ordinal = view.count("ordinal"),
          .sender_ordinal = view.count("senderOrdinal"),
          .sender_id = view.id<domain::UserId>("senderId"),
          .client_message_id = view.text("clientMessageId"),
          .request_hash = view.sha256("requestHash").value_or(Sha256{}),
          .type = domain::parse_message_type(view.text("type")).value_or(domain::MessageType::text),
          .content = {},
          .reply_to = {},
          .mentions = {},
          .forwarded_from = {},
          .system_event = read_system_event(view.document("systemEvent")),
          .reactions = {},
          .edited_at = {},
          .created_at = view.time("createdAt")};
}

Document document_of(const MessageEntry& entry, domain::Rev /*superseded*/) {
  auto made = message_document(entry.message);
  if (!entry.memberships.empty()) {
    std::vector<Document> memberships;
    for (const auto& each : entry.memberships) memberships.push_back(membership_document(each));
    made.add("memberships", memberships);
  }
  const auto patch = patch_document(entry.patch);
  if (!patch.is_empty()) made.add("patch", patch);
  return made;
}

Document document_of(const ChangeEntry& entry, domain::Rev superseded) {
  const auto& after = entry.after;
  const auto id = after.chat_id.to_string() + ":" + std::to_string(after.rev);
  auto made =
      document("_id", id, "chatId", after.chat_id, "seq", -static_cast<std::int64_t>(after.rev),
               "rev", after.rev, "senderId", entry.actor_id, "clientMessageId", "~" + id, "op",
               name_of(entry.kind), "target", after.id, "supersedes", superseded, "after",
               fixed_fields(after).add_all(message_state(after)), "createdAt", entry.created_at);
  if (!entry.emoji.empty()) made.add("emoji", entry.emoji);
  return made;
}

}  // namespace

domain::Message read_message(const View& view) {
  auto message = read_fixed_fields(view);
  read_message_state(view, message);
  return message;
}

Document message_state(const Message& message) {
  auto made =
      document("changedRev", message.rev, "content", message.content, "mentions", message.mentions,
               "isPinned", message.is_pinned, "isDeleted", message.is_deleted, "editVersion",
               message.edit_version, "editedAt", message.edited_at);
  std::vector<Document> reactions;
  for (const auto& each : message.reactions) {
    reactions.push_back(
        document("emoji", each.emoji, "count", each.count, "recentUserIds", each.recent_user_ids));
  }
  made.add("reactions", reactions);
  if (const auto& reply = message.reply_to) {
    made.add("replyTo", document("messageId", reply->message_id, "seq", reply->seq, "senderId",
                                 reply->sender_id, "preview", reply->preview));
  } else {
    made.add("replyTo", nullptr);
  }
  if (const auto& from = message.forwarded_from) {
    made.add("forwardedFrom", document("senderId", from->sender_id, "createdAt", from->created_at));
  } else {
    made.add("forwardedFrom", nullptr);
  }
  return made;
}

Document message_document(const Message& message) {
  return fixed_fields(message).add_all(message_state(message));
}

Document entry_document(const LogEntry& entry, domain::Rev superseded) {
  return std::visit([superseded](const auto& kind) { return document_of(kind, superseded); },
                    entry);
}

std::optional<LogEntry> read_entry(const View& view) {
  if (!view.has("op")) {
    MessageEntry entry{.message = read_message(view),
                       .memberships = {},
                       .patch = read_patch(view.document("patch"))};
    // As it began: a later change of it has an entry of its own.
    entry.message.rev = entry.message.place;
    for (const auto& each : view.documents("memberships")) {
      entry.memberships.push_back(read_membership(each));
    }
    return entry;
  }
  const auto kind = domain::parse_change_kind(view.text("op"));
  if (!kind || !view.has("after")) return std::nullopt;
  const auto after = view.document("after");
  return ChangeEntry{.kind = *kind,
                     .actor_id = view.id<domain::UserId>("senderId"),
                     .after = read_message(after),
                     .emoji = view.text("emoji"),
                     .created_at = view.time("createdAt")};
}

}  // namespace knotos::adapters::mongo
