#include "json/write_live.hpp"

#include "base/names.hpp"
#include "json/text.hpp"
#include "json/write.hpp"

namespace knotos::json {
namespace {

using ports::PresenceState;
using ports::SettingsKind;

constexpr Names<PresenceState, 3> kPresenceNames{{
    {PresenceState::offline, "offline"},
    {PresenceState::away, "away"},
    {PresenceState::online, "online"},
}};

constexpr Names<SettingsKind, 5> kSettingsNames{{
    {SettingsKind::profile, "profile"},
    {SettingsKind::privacy, "privacy"},
    {SettingsKind::contacts, "contacts"},
    {SettingsKind::blocks, "blocks"},
    {SettingsKind::sessions, "sessions"},
}};

void append_presence(std::string& out, const PresenceOf& presence) {
  ObjectWriter object(out);
  object.id("userId", presence.user_id);
  object.text("state", name_in(kPresenceNames, presence.state));
  if (presence.last_seen_at) object.time("lastSeenAt", *presence.last_seen_at);
  object.close();
}

}  // namespace

std::optional<SettingsKind> parse_settings_kind(std::string_view name) {
  return find_in(kSettingsNames, name);
}

std::string typing(const ports::TypingChanged& event) {
  std::string out;
  ObjectWriter object(out);
  object.id("chatId", event.chat_id);
  object.id("userId", event.user_id);
  if (event.is_typing) object.duration("ttlMs", ports::kTypingLife);
  object.close();
  return out;
}

std::string presence(const PresenceOf& presence) {
  std::string out;
  append_presence(out, presence);
  return out;
}

std::string presence_ack(std::span<const PresenceOf> states) {
  std::string out;
  ObjectWriter object(out);
  object.flag("ok", true);
  object.array("states", states, append_presence);
  object.close();
  return out;
}

std::string receipt_moved(const ports::ReceiptMoved& event) {
  std::string out;
  ObjectWriter object(out);
  object.id("chatId", event.chat_id);
  object.id("userId", event.user_id);
  object.number("seq", event.seq);
  object.time("at", event.at);
  object.close();
  return out;
}

std::string chat_state_updated(const ports::ChatStateChanged& event, Time now) {
  std::string out;
  ObjectWriter object(out);
  object.number("userRev", event.user_rev);
  object.id("chatId", event.chat->id);
  append_chat_state(object.value("state"), *event.chat, *event.state, now);
  object.number("unreadCount", unread_count(*event.chat, *event.state));
  object.close();
  return out;
}

std::string read_state(const ports::ReadStateChanged& event) {
  std::string out;
  ObjectWriter object(out);
  object.number("userRev", event.user_rev);
  object.id("chatId", event.chat_id);
  object.number("lastReadSeq", event.last_read_seq);
  object.number("unreadCount", event.unread_count);
  object.close();
  return out;
}

std::string settings_updated(const ports::SettingsChanged& event) {
  std::string out;
  ObjectWriter object(out);
  object.number("userRev", event.user_rev);
  object.text("kind", name_in(kSettingsNames, event.kind));
  object.close();
  return out;
}

std::string message_hidden(const ports::MessageHidden& event) {
  std::string out;
  ObjectWriter object(out);
  object.number("userRev", event.user_rev);
  object.id("chatId", event.chat_id);
  object.id("messageId", event.message_id);
  object.close();
  return out;
}

std::string reason(std::string_view text) {
  std::string out;
  ObjectWriter object(out);
  object.text("reason", text);
  object.close();
  return out;
}

std::string ok_ack() { return R"({"ok":true})"; }

}  // namespace knotos::json
