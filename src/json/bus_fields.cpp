#include "json/bus_fields.hpp"

#include "json/read.hpp"

#include <boost/json/array.hpp>
#include <boost/json/object.hpp>
#include <boost/json/value.hpp>

#include <limits>
#include <utility>

namespace knotos::json {
namespace {

namespace bj = boost::json;

std::string_view view(const bj::string& text) { return {text.data(), text.size()}; }

std::optional<std::uint64_t> whole(const bj::value& value) {
  if (const auto* number = value.if_int64(); number != nullptr && *number >= 0) {
    return static_cast<std::uint64_t>(*number);
  }
  if (const auto* number = value.if_uint64()) return *number;
  return std::nullopt;
}

domain::ReplyTo read_reply(Fields fields, Fields& parent) {
  domain::ReplyTo reply{.message_id = fields.id<domain::MessageId>("messageId"),
                        .seq = fields.number("seq"),
                        .sender_id = fields.id<domain::UserId>("senderId"),
                        .preview = fields.text("preview")};
  if (!fields.fits()) parent.refuse();
  return reply;
}

domain::SystemEvent read_system_event(Fields fields, Fields& parent) {
  domain::SystemEvent event{.event = fields.text("event"),
                            .actor_id = fields.id<domain::UserId>("actorId"),
                            .user_ids = fields.user_ids("userIds"),
                            .title = {},
                            .role = {},
                            .new_owner_id = {}};
  if (fields.has("title")) event.title = fields.text("title");
  if (fields.has("role")) {
    event.role = domain::parse_role(fields.text("role"));
    if (!event.role) fields.refuse();
  }
  if (fields.has("newOwnerId")) event.new_owner_id = fields.id<domain::UserId>("newOwnerId");
  if (!fields.fits()) parent.refuse();
  return event;
}

void read_extras(Fields& fields, domain::Message& message) {
  if (fields.has("replyTo")) message.reply_to = read_reply(fields.object("replyTo"), fields);
  message.mentions = fields.user_ids("mentions");
  if (fields.has("forwardedFrom")) {
    auto from = fields.object("forwardedFrom");
    message.forwarded_from = {.sender_id = from.id<domain::UserId>("senderId"),
                              .created_at = from.time("createdAt")};
    if (!from.fits()) fields.refuse();
  }
  for (auto& each : fields.objects("reactions")) {
    message.reactions.push_back({.emoji = each.text("emoji"),
                                 .count = each.small_number("count"),
                                 .recent_user_ids = each.user_ids("recentUserIds")});
    if (!each.fits()) fields.refuse();
  }
  message.is_pinned = fields.optional_flag("isPinned");
  if (fields.has("systemEvent")) {
    message.system_event = read_system_event(fields.object("systemEvent"), fields);
  }
  // Whoever delivers a system message looks at its event.
  if ((message.type == domain::MessageType::system) != message.system_event.has_value()) {
    fields.refuse();
  }
}

}  // namespace

Fields::Fields(const bj::value* value)
    : object_(value == nullptr ? nullptr : value->if_object()), fits_(object_ != nullptr) {}

const bj::value* Fields::find(std::string_view name) const {
  return object_ == nullptr ? nullptr : object_->if_contains(name);
}

bool Fields::has(std::string_view name) const { return find(name) != nullptr; }

std::string Fields::text(std::string_view name) {
  const auto* value = find(name);
  if (value != nullptr && value->is_string()) return std::string(view(value->get_string()));
  fits_ = false;
  return {};
}

std::uint64_t Fields::number(std::string_view name, std::uint64_t min) {
  const auto* value = find(name);
  const auto number = value == nullptr ? std::nullopt : whole(*value);
  if (number && *number >= min && *number <= kNumberMax) return *number;
  fits_ = false;
  return min;
}

std::uint32_t Fields::small_number(std::string_view name) {
  const auto value = number(name);
  if (value <= std::numeric_limits<std::uint32_t>::max()) return static_cast<std::uint32_t>(value);
  fits_ = false;
  return 0;
}

bool Fields::flag(std::string_view name) {
  if (!has(name)) fits_ = false;
  return optional_flag(name);
}

bool Fields::optional_flag(std::string_view name) {
  const auto* value = find(name);
  if (value == nullptr) return false;
  if (value->is_bool()) return value->get_bool();
  fits_ = false;
  return false;
}

Time Fields::time(std::string_view name) {
  const auto parsed = parse_time(text(name));
  if (!parsed) fits_ = false;
  return parsed.value_or(Time{});
}

std::optional<Time> Fields::optional_time(std::string_view name) {
  if (!has(name)) return std::nullopt;
  return time(name);
}

Uuid Fields::uuid(std::string_view name) {
  const auto parsed = Uuid::parse(text(name));
  if (!parsed) fits_ = false;
  return parsed.value_or(Uuid{});
}

std::span<const bj::value> Fields::items(std::string_view name) {
  const auto* value = find(name);
  if (value == nullptr) return {};
  const auto* items = value->if_array();
  if (items != nullptr) return {items->data(), items->size()};
  fits_ = false;
  return {};
}

std::vector<domain::UserId> Fields::user_ids(std::string_view name) {
  std::vector<domain::UserId> ids;
  for (const auto& item : items(name)) {
    const auto* each = item.if_string();
    const auto id = each == nullptr ? std::nullopt : domain::UserId::parse(view(*each));
    if (!id) fits_ = false;
    if (id) ids.push_back(*id);
  }
  return ids;
}

Fields Fields::object(std::string_view name) {
  Fields inner(find(name));
  if (!inner.fits()) fits_ = false;
  return inner;
}

std::vector<Fields> Fields::objects(std::string_view name) {
  std::vector<Fields> inner;
  for (const auto& item : items(name)) {
    inner.emplace_back(&item);
    if (!inner.back().fits()) fits_ = false;
  }
  return inner;
}

domain::Message read_message(Fields& fields, domain::ChatId chat) {
  domain::Message message;
  message.id = fields.id<domain::MessageId>("id");
  message.chat_id = chat;
  if (fields.id<domain::ChatId>("chatId") != chat) fields.refuse();
  message.seq = fields.number("seq", 1);
  message.rev = fields.number("rev", 1);
  message.sender_id = fields.id<domain::UserId>("senderId");
  if (fields.has("clientMessageId")) message.client_message_id = fields.text("clientMessageId");
  const auto type = domain::parse_message_type(fields.text("type"));
  if (!type) fields.refuse();
  message.type = type.value_or(domain::MessageType::text);
  message.content = fields.text("content");
  message.created_at = fields.time("createdAt");
  message.edited_at = fields.optional_time("editedAt");
  if (fields.has("editVersion")) message.edit_version = fields.small_number("editVersion");
  message.is_deleted = fields.optional_flag("isDeleted");
  read_extras(fields, message);
  return message;
}

domain::UserChatState read_state_of(Fields& fields) {
  domain::UserChatState state;
  const auto role = domain::parse_role(fields.text("role"));
  const auto level = domain::parse_notification_level(fields.text("notificationLevel"));
  if (!role || !level) fields.refuse();
  state.role = role.value_or(domain::Role::member);
  state.notification_level = level.value_or(domain::NotificationLevel::all);
  state.is_member = fields.flag("isMember");
  state.member_rev = fields.number("memberRev");
  state.joined_at = fields.time("joinedAt");
  state.visible_from_seq = fields.number("visibleFromSeq");
  state.last_read_seq = fields.number("lastReadSeq");
  state.last_read_ordinal = fields.number("lastReadOrdinal");
  state.last_delivered_seq = fields.number("lastDeliveredSeq");
  state.own_count = fields.number("ownCount");
  state.own_count_at_read = fields.number("ownCountAtRead");
  state.is_archived = fields.flag("isArchived");
  state.archived_ordinal = fields.number("archivedOrdinal");
  state.is_pinned = fields.flag("isPinned");
  state.pin_order = fields.small_number("pinOrder");
  state.muted_until = fields.optional_time("mutedUntil");
  state.marked_unread = fields.flag("markedUnread");
  state.draft = fields.text("draft");
  state.cleared_seq = fields.number("clearedSeq");
  state.is_off_list = fields.flag("isOffList");
  state.off_list_ordinal = fields.number("offListOrdinal");
  return state;
}

}  // namespace knotos::json
