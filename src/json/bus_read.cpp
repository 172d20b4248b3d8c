#include "json/bus_read.hpp"

#include "json/bus_fields.hpp"
#include "json/read.hpp"
#include "json/write_live.hpp"

#include <boost/json/object.hpp>
#include <boost/json/serialize.hpp>
#include <boost/json/value.hpp>

#include <algorithm>
#include <array>
#include <utility>

namespace knotos::json {
namespace {

namespace bj = boost::json;
using ports::BusChannel;
using ports::BusEvent;
using ports::ChannelKind;
using ports::EnvelopeFault;
using Read = std::expected<BusEvent, EnvelopeFault>;

/// Socket.IO's own, which it emits for itself and never takes from the network.
constexpr std::array<std::string_view, 6> kReserved{
    "connect", "connect_error", "disconnect", "disconnecting", "newListener", "removeListener"};

Read bad(EnvelopeFault fault) { return std::unexpected(fault); }

/// `make(fields)` where all of them fit.
template <class Event>
Read whole(const Fields& fields, Event event) {
  if (!fields.fits()) return bad(EnvelopeFault::malformed);
  return BusEvent(std::move(event));
}

/// What an envelope of ours says, by its event's name.
struct Envelope {
  domain::ChatId chat;  ///< Of the channel; whichever of the two it is.
  domain::UserId user;
  std::string_view event;
  std::uint64_t rev = 0;
  Fields own;
  Fields data;
};

Read read_change(Envelope& envelope) {
  auto message = read_message(envelope.data, envelope.chat);
  message.place = envelope.own.number("place", 1);
  ports::ChatChanged event{.chat_id = envelope.chat, .rev = envelope.rev};
  for (auto& each : envelope.own.objects("moved")) {
    event.moved.push_back({.user_id = each.id<domain::UserId>("userId"),
                           .user_rev = each.number("userRev"),
                           .is_member = each.flag("isMember"),
                           .visible_from_seq = each.number("visibleFromSeq")});
    if (!each.fits()) return bad(EnvelopeFault::malformed);
  }
  const bool is_sound = envelope.own.fits() && envelope.data.fits() &&
                        message.rev == envelope.rev && message.place <= message.rev;
  if (!is_sound) return bad(EnvelopeFault::malformed);
  event.message = std::make_shared<const domain::Message>(std::move(message));
  return event;
}

Read read_of_chat(Envelope& envelope) {
  const auto& name = envelope.event;
  auto& data = envelope.data;
  if (name == "new_message" || name == "message_updated" || name == "message_deleted") {
    return read_change(envelope);
  }
  if (name == "chat_changed") {
    return ports::ChatChanged{.chat_id = envelope.chat, .rev = envelope.rev, .message = nullptr};
  }
  if (name == "message_read" || name == "message_delivered") {
    ports::ReceiptMoved event{.chat_id = envelope.chat,
                              .user_id = data.id<domain::UserId>("userId"),
                              .is_read = name == "message_read",
                              .seq = data.number("seq"),
                              .at = data.time("at")};
    return whole(data, event);
  }
  if (name == "typing_start" || name == "typing_stop") {
    ports::TypingChanged event{.chat_id = envelope.chat,
                               .user_id = data.id<domain::UserId>("userId"),
                               .is_typing = name == "typing_start"};
    return whole(data, event);
  }
  return bad(EnvelopeFault::unknown);
}

Read read_state_changed(Envelope& envelope) {
  auto state_fields = envelope.own.object("state");
  domain::Chat chat;
  chat.id = envelope.data.id<domain::ChatId>("chatId");
  chat.last_ordinal = envelope.own.number("lastOrdinal");
  auto state = read_state_of(state_fields);
  state.user_id = envelope.user;
  state.chat_id = chat.id;
  if (!state_fields.fits() || !envelope.own.fits()) return bad(EnvelopeFault::malformed);
  ports::ChatStateChanged event{
      .user_id = envelope.user,
      .user_rev = envelope.rev,
      .chat = std::make_shared<const domain::Chat>(std::move(chat)),
      .state = std::make_shared<const domain::UserChatState>(std::move(state))};
  return whole(envelope.data, std::move(event));
}

Read read_of_user(Envelope& envelope) {
  const auto& name = envelope.event;
  auto& data = envelope.data;
  if (name == "chat_state_updated") return read_state_changed(envelope);
  if (name == "chat_added") {
    ports::ChatAdded event{.user_id = envelope.user,
                           .user_rev = data.number("userRev"),
                           .chat_id = data.id<domain::ChatId>("chatId"),
                           .known_rev = data.number("knownRev")};
    return whole(data, event);
  }
  if (name == "session_revoked") {
    ports::SessionRevoked event{.user_id = envelope.user,
                                .device_id = data.id<domain::DeviceId>("deviceId"),
                                .reason = data.text("reason")};
    return whole(data, std::move(event));
  }
  if (name == "read_state") {
    ports::ReadStateChanged event{.user_id = envelope.user,
                                  .user_rev = data.number("userRev"),
                                  .chat_id = data.id<domain::ChatId>("chatId"),
                                  .last_read_seq = data.number("lastReadSeq"),
                                  .unread_count = data.number("unreadCount")};
    return whole(data, event);
  }
  if (name == "settings_updated") {
    const auto kind = parse_settings_kind(data.text("kind"));
    if (!kind) return bad(EnvelopeFault::unknown);
    ports::SettingsChanged event{
        .user_id = envelope.user, .user_rev = data.number("userRev"), .kind = *kind};
    return whole(data, event);
  }
  if (name == "message_hidden") {
    ports::MessageHidden event{.user_id = envelope.user,
                               .user_rev = data.number("userRev"),
                               .chat_id = data.id<domain::ChatId>("chatId"),
                               .message_id = data.id<domain::MessageId>("messageId")};
    return whole(data, event);
  }
  return bad(EnvelopeFault::unknown);
}

Read read_ours(const BusChannel& channel, const bj::object& fields, std::string_view name,
               std::uint64_t rev) {
  Envelope envelope{.chat = domain::ChatId(channel.id),
                    .user = domain::UserId(channel.id),
                    .event = name,
                    .rev = rev,
                    .own = Fields(fields.if_contains("knotos")),
                    .data = Fields(fields.if_contains("data"))};
  switch (channel.kind) {
    case ChannelKind::chat:
      return read_of_chat(envelope);
    case ChannelKind::user:
      return read_of_user(envelope);
    case ChannelKind::presence:
      break;
  }
  if (name != "presence_changed") return bad(EnvelopeFault::unknown);
  return ports::PresenceChanged{.user_id = envelope.user};
}

Read read_foreign(const BusChannel& channel, const bj::value& data, std::string_view name) {
  ports::ForeignEvent event{
      .to = domain::ChatId(channel.id), .name = std::string(name), .text = bj::serialize(data)};
  if (channel.kind == ChannelKind::presence) return bad(EnvelopeFault::not_allowed);
  if (channel.kind == ChannelKind::user) event.to = domain::UserId(channel.id);
  return event;
}

}  // namespace

Read read_envelope(const BusChannel& channel, std::string_view text, std::size_t name_bytes_max) {
  const auto object = parse_object(text);
  if (!object) return bad(EnvelopeFault::malformed);
  const auto& fields = object->fields();
  const auto* event = fields.if_contains("event");
  const auto* data = fields.if_contains("data");
  if (event == nullptr || data == nullptr || !event->is_string()) {
    return bad(EnvelopeFault::malformed);
  }
  const std::string_view name(event->get_string().data(), event->get_string().size());
  std::uint64_t rev = 0;
  if (fields.contains("rev")) {
    Fields envelope(fields);
    rev = envelope.number("rev", 1);
    if (!envelope.fits()) return bad(EnvelopeFault::malformed);
  }
  if (fields.contains("knotos")) return read_ours(channel, fields, name, rev);

  if (rev > 0) {
    if (channel.kind != ChannelKind::chat) return bad(EnvelopeFault::unknown);
    return ports::ChatChanged{
        .chat_id = domain::ChatId(channel.id), .rev = rev, .message = nullptr};
  }
  const bool is_reserved = std::ranges::find(kReserved, name) != kReserved.end();
  if (name.empty() || name.size() > name_bytes_max || is_reserved) {
    return bad(EnvelopeFault::not_allowed);
  }
  return read_foreign(channel, *data, name);
}

}  // namespace knotos::json
