#include "json/write.hpp"

#include "json/text.hpp"

namespace knotos::json {
namespace {

template <class Items>
void append_messages(ObjectWriter& object, const Items& messages) {
  object.array("data", messages,
               [](std::string& out, const domain::Message& each) { append_message(out, each); });
}

void append_reply(std::string& out, const domain::ReplyTo& reply) {
  ObjectWriter object(out);
  object.id("messageId", reply.message_id);
  object.number("seq", reply.seq);
  object.id("senderId", reply.sender_id);
  object.text("preview", reply.preview);
  object.close();
}

void append_user_ids(ObjectWriter& object, std::string_view name,
                     const std::vector<domain::UserId>& ids) {
  object.array(name, ids,
               [](std::string& out, const domain::UserId& id) { append_uuid(out, id.uuid()); });
}

void append_forwarded(std::string& out, const domain::ForwardedFrom& forwarded) {
  ObjectWriter object(out);
  object.id("senderId", forwarded.sender_id);
  object.time("createdAt", forwarded.created_at);
  object.close();
}

void append_reaction_count(std::string& out, const domain::ReactionCount& reaction) {
  ObjectWriter object(out);
  object.text("emoji", reaction.emoji);
  object.number("count", reaction.count);
  append_user_ids(object, "recentUserIds", reaction.recent_user_ids);
  object.close();
}

void append_system_event(std::string& out, const domain::SystemEvent& event) {
  ObjectWriter object(out);
  object.text("event", event.event);
  object.id("actorId", event.actor_id);
  if (!event.user_ids.empty()) append_user_ids(object, "userIds", event.user_ids);
  if (event.title) object.text("title", *event.title);
  if (event.role) object.text("role", name_of(*event.role));
  if (event.new_owner_id) object.id("newOwnerId", *event.new_owner_id);
  object.close();
}

void append_preview(std::string& out, const domain::Preview& preview) {
  ObjectWriter object(out);
  object.id("messageId", preview.message_id);
  object.number("seq", preview.seq);
  object.id("senderId", preview.sender_id);
  object.text("type", name_of(preview.type));
  object.text("content", preview.is_deleted ? std::string_view() : preview.content);
  if (preview.is_deleted) object.flag("isDeleted", true);
  object.time("createdAt", preview.created_at);
  object.close();
}

/// `first_visible`: the reader's. Of an older message they see nothing, here neither.
void append_chat_fields(ObjectWriter& object, const domain::Chat& chat, domain::Seq first_visible) {
  object.id("id", chat.id);
  object.text("type", name_of(chat.type));
  if (chat.type == domain::ChatType::group) object.text("title", chat.title);
  if (chat.owner_id) object.id("ownerId", *chat.owner_id);
  if (chat.type == domain::ChatType::group) {
    ObjectWriter settings(object.value("settings"));
    settings.text("historyVisibility", name_of(chat.settings.history_visibility));
    settings.close();
  }
  object.number("memberCount", chat.member_count);
  object.number("lastSeq", chat.last_seq);
  object.number("lastRev", chat.last_rev);
  if (chat.last_message_preview && chat.last_message_preview->seq >= first_visible) {
    append_preview(object.value("lastMessagePreview"), *chat.last_message_preview);
  } else {
    object.null("lastMessagePreview");
  }
  object.array("pinnedMessageIds", chat.pinned_message_ids,
               [](std::string& out, const domain::MessageId& id) { append_uuid(out, id.uuid()); });
  object.time("createdAt", chat.created_at);
  object.time("updatedAt", chat.updated_at);
}

void append_changes_fields(ObjectWriter& object, const ports::Changes& changes) {
  append_messages(object, changes.messages);
  object.number("lastRev", changes.last_rev);
  object.flag("hasMore", changes.has_more);
}

std::string_view detail_of(const Error& error) {
  if (!error.detail.empty()) return error.detail;
  if (error.fields.size() == 1) return error.fields.front().detail;
  return describe(error.code).title;
}

}  // namespace

void append_message(std::string& out, const domain::Message& message,
                    std::optional<domain::Rev> prev_rev) {
  // Room for all that is not content, so that a message of any size grows the string once.
  out.reserve(out.size() + 512 + message.content.size());
  ObjectWriter object(out);
  object.id("id", message.id);
  object.id("chatId", message.chat_id);
  object.number("seq", message.seq);
  object.number("rev", message.rev);
  if (prev_rev) object.number("prevRev", *prev_rev);
  if (message.is_stub) return object.close();
  object.id("senderId", message.sender_id);
  if (!message.client_message_id.empty() && message.type != domain::MessageType::system) {
    object.text("clientMessageId", message.client_message_id);
  }
  object.text("type", name_of(message.type));
  object.text("content", message.is_deleted ? std::string_view() : message.content);
  object.time("createdAt", message.created_at);
  if (message.edited_at) object.time("editedAt", *message.edited_at);
  if (message.type != domain::MessageType::system) {
    object.number("editVersion", message.edit_version);
  }
  if (message.is_deleted) {
    object.flag("isDeleted", true);
  } else {
    if (message.reply_to) append_reply(object.value("replyTo"), *message.reply_to);
    if (!message.mentions.empty()) append_user_ids(object, "mentions", message.mentions);
    if (message.forwarded_from) {
      append_forwarded(object.value("forwardedFrom"), *message.forwarded_from);
    }
    if (!message.reactions.empty()) {
      object.array("reactions", message.reactions, append_reaction_count);
    }
    if (message.is_pinned) object.flag("isPinned", true);
  }
  if (message.system_event) append_system_event(object.value("systemEvent"), *message.system_event);
  object.close();
}

std::string message(const domain::Message& message, std::optional<domain::Rev> prev_rev) {
  std::string out;
  append_message(out, message, prev_rev);
  return out;
}

void append_user_fields(ObjectWriter& object, const domain::User& user) {
  object.id("id", user.id);
  object.text("username", user.username);
  object.text("displayName", user.display_name);
  if (!user.about.empty()) object.text("about", user.about);
  if (user.is_deleted) object.flag("isDeleted", true);
}

void append_user(std::string& out, const domain::User& user) {
  ObjectWriter object(out);
  append_user_fields(object, user);
  object.close();
}

std::string user(const domain::User& user) {
  std::string out;
  append_user(out, user);
  return out;
}

std::string own_user(const domain::User& user) {
  std::string out;
  ObjectWriter object(out);
  append_user_fields(object, user);
  object.time("createdAt", user.created_at);
  object.close();
  return out;
}

std::string session(const services::AccountService::Session& session) {
  std::string out;
  ObjectWriter object(out);
  object.value("user") += own_user(session.user);
  object.id("deviceId", session.device_id);
  object.text("accessToken", session.access_token);
  object.text("refreshToken", session.refresh_token);
  object.duration("expiresInMs", session.access_expires_in);
  object.close();
  return out;
}

void append_device(std::string& out, const domain::Device& device, bool is_current) {
  ObjectWriter object(out);
  object.id("id", device.id);
  object.text("name", device.name);
  object.time("createdAt", device.created_at);
  object.time("lastUsedAt", device.last_used_at);
  object.flag("isCurrent", is_current);
  object.close();
}

void append_chat_state_fields(ObjectWriter& object, const domain::Chat& chat,
                              const domain::UserChatState& state, Time now) {
  object.text("role", name_of(state.role));
  object.time("joinedAt", state.joined_at);
  // What was cleared away is no more visible than what came before the user.
  object.number("visibleFromSeq", first_visible_seq(state));
  object.number("lastReadSeq", state.last_read_seq);
  object.number("lastDeliveredSeq", state.last_delivered_seq);
  object.flag("isArchived", is_archived_now(chat, state, now));
  object.flag("isPinned", state.is_pinned);
  if (state.is_pinned) object.number("pinOrder", state.pin_order);
  if (state.muted_until) {
    object.time("mutedUntil", *state.muted_until);
  } else {
    object.null("mutedUntil");
  }
  object.flag("markedUnread", state.marked_unread);
  object.text("notificationLevel", name_of(state.notification_level));
  object.text("draft", state.draft);
  if (is_off_list_now(chat, state)) object.flag("isOffList", true);
}

void append_chat_state(std::string& out, const domain::Chat& chat,
                       const domain::UserChatState& state, Time now) {
  ObjectWriter object(out);
  append_chat_state_fields(object, chat, state, now);
  object.close();
}

void append_chat_list_item(std::string& out, const domain::ChatListItem& item, Time now) {
  ObjectWriter object(out);
  append_chat_fields(object, item.chat, first_visible_seq(item.state));
  append_chat_state(object.value("state"), item.chat, item.state, now);
  object.number("unreadCount", unread_count(item.chat, item.state));
  if (item.chat.type != domain::ChatType::direct) {
    object.array("members", item.people, append_user);
  } else if (!item.people.empty()) {
    append_user(object.value("peer"), item.people.front());
  }
  object.close();
}

std::string chat_list_item(const domain::ChatListItem& item, Time now) {
  std::string out;
  append_chat_list_item(out, item, now);
  return out;
}

void append_receipt_fields(ObjectWriter& object, const services::Receipt& receipt) {
  object.id("messageId", receipt.message_id);
  object.number("seq", receipt.seq);
  object.number("rev", receipt.rev);
  object.time("createdAt", receipt.created_at);
  object.flag("duplicate", receipt.is_duplicate);
}

std::string receipt(const services::Receipt& receipt) {
  std::string out;
  ObjectWriter object(out);
  append_receipt_fields(object, receipt);
  object.close();
  return out;
}

std::string receipt_ack(const services::Receipt& receipt) {
  std::string out;
  ObjectWriter object(out);
  object.flag("ok", true);
  append_receipt_fields(object, receipt);
  object.close();
  return out;
}

std::string rev_ack(domain::Rev rev) {
  std::string out;
  ObjectWriter object(out);
  object.flag("ok", true);
  object.number("rev", rev);
  object.close();
  return out;
}

std::string changes(const ports::Changes& changes) {
  std::string out;
  ObjectWriter object(out);
  append_changes_fields(object, changes);
  object.close();
  return out;
}

std::string changes_ack(const ports::Changes& changes) {
  std::string out;
  ObjectWriter object(out);
  object.flag("ok", true);
  append_changes_fields(object, changes);
  object.close();
  return out;
}

void append_problem(std::string& out, const Error& error, std::string_view request_id) {
  const auto& description = describe(error.code);
  ObjectWriter object(out);
  auto& type = object.value("type");
  type += "\"urn:knotos:problem:";
  type += description.code;
  type += '"';
  object.text("title", description.title);
  object.number("status", description.status);
  object.text("detail", detail_of(error));
  object.text("code", description.code);
  object.text("requestId", request_id);
  object.flag("retryable", description.is_retryable);
  if (error.retry_after.count() > 0) object.duration("retryAfterMs", error.retry_after);
  if (!error.fields.empty()) {
    object.array("errors", error.fields, [](std::string& to, const FieldError& field) {
      ObjectWriter entry(to);
      entry.text("pointer", field.pointer);
      entry.text("code", field.code);
      entry.text("detail", field.detail);
      entry.close();
    });
  }
  object.close();
}

std::string problem(const Error& error, std::string_view request_id) {
  std::string out;
  append_problem(out, error, request_id);
  return out;
}

std::string failure_ack(const Error& error, std::string_view request_id) {
  std::string out;
  ObjectWriter object(out);
  object.flag("ok", false);
  append_problem(object.value("error"), error, request_id);
  object.close();
  return out;
}

}  // namespace knotos::json
