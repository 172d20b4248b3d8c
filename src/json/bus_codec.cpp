#include "json/bus_codec.hpp"

#include "json/bus_read.hpp"
#include "json/text.hpp"
#include "json/write.hpp"
#include "json/write_live.hpp"

#include <utility>

namespace knotos::json {
namespace {

using ports::BusChannel;
using ports::ChannelKind;

/// The parts of an envelope. `own` is what stands in `knotos` behind `from`.
struct Parts {
  BusChannel channel;
  std::string_view event;
  std::string data;
  std::uint64_t rev = 0;  ///< 0: not durable.
  std::string own = {};
};

BusChannel channel_of(domain::ChatId chat) { return {ChannelKind::chat, chat.uuid()}; }
BusChannel channel_of(domain::UserId user) { return {ChannelKind::user, user.uuid()}; }

template <class AppendFields>
std::string object_of(AppendFields append_fields) {
  std::string out;
  ObjectWriter object(out);
  append_fields(object);
  object.close();
  return out;
}

void append_moved(std::string& out, const ports::MemberMoved& moved) {
  ObjectWriter object(out);
  object.id("userId", moved.user_id);
  object.number("userRev", moved.user_rev);
  object.flag("isMember", moved.is_member);
  object.number("visibleFromSeq", moved.visible_from_seq);
  object.close();
}

void append_state(std::string& out, const domain::UserChatState& state) {
  ObjectWriter object(out);
  object.text("role", name_of(state.role));
  object.flag("isMember", state.is_member);
  object.number("memberRev", state.member_rev);
  object.time("joinedAt", state.joined_at);
  object.number("visibleFromSeq", state.visible_from_seq);
  object.number("lastReadSeq", state.last_read_seq);
  object.number("lastReadOrdinal", state.last_read_ordinal);
  object.number("lastDeliveredSeq", state.last_delivered_seq);
  object.number("ownCount", state.own_count);
  object.number("ownCountAtRead", state.own_count_at_read);
  object.flag("isArchived", state.is_archived);
  object.number("archivedOrdinal", state.archived_ordinal);
  object.flag("isPinned", state.is_pinned);
  object.number("pinOrder", state.pin_order);
  if (state.muted_until) object.time("mutedUntil", *state.muted_until);
  object.flag("markedUnread", state.marked_unread);
  object.text("notificationLevel", name_of(state.notification_level));
  object.text("draft", state.draft);
  object.number("clearedSeq", state.cleared_seq);
  object.flag("isOffList", state.is_off_list);
  object.number("offListOrdinal", state.off_list_ordinal);
  object.close();
}

/// Takes each kind of event apart.
class Partition {
 public:
  explicit Partition(Time now) : now_(now) {}

  Parts operator()(const ports::ChatChanged& event) const {
    Parts parts{.channel = channel_of(event.chat_id),
                .event = "chat_changed",
                .data = object_of([&](auto& object) { object.id("chatId", event.chat_id); }),
                .rev = event.rev};
    if (!event.message) return parts;
    const auto& message = *event.message;
    parts.event = message.place == message.rev ? "new_message"
                  : message.is_deleted         ? "message_deleted"
                                               : "message_updated";
    parts.data = json::message(message);
    parts.own = ",\"place\":" + std::to_string(message.place);
    if (!event.moved.empty()) {
      const auto moved =
          object_of([&](auto& object) { object.array("moved", event.moved, append_moved); });
      parts.own += ',';
      parts.own += std::string_view(moved).substr(1, moved.size() - 2);
    }
    return parts;
  }
  Parts operator()(const ports::ChatAdded& event) const {
    return {.channel = channel_of(event.user_id),
            .event = "chat_added",
            .data = object_of([&](auto& object) {
              object.number("userRev", event.user_rev);
              object.id("chatId", event.chat_id);
              object.number("knownRev", event.known_rev);
            }),
            .rev = event.user_rev};
  }
  Parts operator()(const ports::SessionRevoked& event) const {
    return {.channel = channel_of(event.user_id),
            .event = "session_revoked",
            .data = object_of([&](auto& object) {
              object.id("deviceId", event.device_id);
              object.text("reason", event.reason);
            })};
  }
  Parts operator()(const ports::ChatStateChanged& event) const {
    auto own = ",\"lastOrdinal\":" + std::to_string(event.chat->last_ordinal) + ",\"state\":";
    append_state(own, *event.state);
    return {.channel = channel_of(event.user_id),
            .event = "chat_state_updated",
            .data = chat_state_updated(event, now_),
            .rev = event.user_rev,
            .own = std::move(own)};
  }
  Parts operator()(const ports::ReadStateChanged& event) const {
    return {.channel = channel_of(event.user_id),
            .event = "read_state",
            .data = read_state(event),
            .rev = event.user_rev};
  }
  Parts operator()(const ports::SettingsChanged& event) const {
    return {.channel = channel_of(event.user_id),
            .event = "settings_updated",
            .data = settings_updated(event),
            .rev = event.user_rev};
  }
  Parts operator()(const ports::MessageHidden& event) const {
    return {.channel = channel_of(event.user_id),
            .event = "message_hidden",
            .data = message_hidden(event),
            .rev = event.user_rev};
  }
  Parts operator()(const ports::ReceiptMoved& event) const {
    return {.channel = channel_of(event.chat_id),
            .event = event.is_read ? "message_read" : "message_delivered",
            .data = receipt_moved(event)};
  }
  Parts operator()(const ports::TypingChanged& event) const {
    return {.channel = channel_of(event.chat_id),
            .event = event.is_typing ? "typing_start" : "typing_stop",
            .data = typing(event)};
  }
  Parts operator()(const ports::PresenceChanged& event) const {
    return {.channel = {ChannelKind::presence, event.user_id.uuid()},
            .event = "presence_changed",
            .data = object_of([&](auto& object) { object.id("userId", event.user_id); })};
  }
  Parts operator()(const ports::ForeignEvent& event) const {
    const auto* chat = std::get_if<domain::ChatId>(&event.to);
    return {.channel = chat != nullptr ? channel_of(*chat)
                                       : channel_of(std::get<domain::UserId>(event.to)),
            .event = event.name,
            .data = event.text};
  }

 private:
  Time now_;
};

}  // namespace

BusCodec::BusCodec(std::string process, const ports::Clock& clock, Limits limits)
    : head_(R"({"knotos":{"from":")" + std::move(process) + '"'), clock_(clock), limits_(limits) {}

ports::BusEnvelope BusCodec::encode(const ports::BusEvent& event) const {
  const auto parts = std::visit(Partition(clock_.now()), event);
  const bool is_ours = !std::holds_alternative<ports::ForeignEvent>(event);
  std::string text;
  text.reserve(head_.size() + parts.own.size() + parts.data.size() + 96);
  if (is_ours) {
    text += head_;
    text += parts.own;
    text += "},\"event\":";
  } else {
    text += "{\"event\":";
  }
  append_string(text, parts.event);
  text += ",\"data\":";
  text += parts.data;
  if (parts.rev > 0) {
    text += ",\"rev\":";
    text += std::to_string(parts.rev);
  }
  text += '}';
  const bool is_durable = parts.rev > 0 || std::holds_alternative<ports::SessionRevoked>(event) ||
                          std::holds_alternative<ports::ChatAdded>(event);
  return {.channel = parts.channel, .is_durable = is_durable, .text = std::move(text)};
}

std::expected<ports::BusEvent, ports::EnvelopeFault> BusCodec::decode(
    const ports::BusChannel& channel, std::string_view text) const {
  if (text.size() > limits_.bytes_max) return std::unexpected(ports::EnvelopeFault::too_large);
  if (text.starts_with(head_)) return std::unexpected(ports::EnvelopeFault::echo);
  return read_envelope(channel, text, limits_.name_bytes_max);
}

}  // namespace knotos::json
