#include "json/write_private.hpp"

#include "json/private_cursors.hpp"
#include "json/text.hpp"
#include "json/write.hpp"
#include "json/write_live.hpp"

#include <memory>
#include <type_traits>
#include <utility>
#include <variant>

namespace knotos::json {
namespace {

using services::ReadingService;
using services::SyncService;

/// With `ok: true` in front, where it is an ack.
template <class AppendFields>
std::string object_of(bool is_ack, AppendFields append_fields) {
  std::string out;
  ObjectWriter object(out);
  if (is_ack) object.flag("ok", true);
  append_fields(object);
  object.close();
  return out;
}

std::string own_state_text(const ports::StateChange& change, Time now, bool is_ack) {
  return object_of(is_ack, [&](ObjectWriter& object) {
    object.id("chatId", change.chat.id);
    append_chat_state_fields(object, change.chat, change.state, now);
    object.number("unreadCount", unread_count(change.chat, change.state));
  });
}

std::string read_state_text(const ReadingService::ReadState& state, bool is_ack) {
  return object_of(is_ack, [&](ObjectWriter& object) {
    object.number("lastReadSeq", state.last_read_seq);
    object.number("unreadCount", state.unread_count);
  });
}

void append_receipt(std::string& out, const ports::MemberReceipt& receipt) {
  using State = ReadingService::MessageState;
  ObjectWriter object(out);
  object.id("userId", receipt.user_id);
  const auto state = receipt.is_read        ? State::read
                     : receipt.is_delivered ? State::delivered
                                            : State::sent;
  object.text("state", name_of(state));
  if (receipt.delivered_at) object.time("deliveredAt", *receipt.delivered_at);
  if (receipt.read_at) object.time("readAt", *receipt.read_at);
  object.close();
}

void append_standing(std::string& out, const services::SyncedStanding& standing) {
  ObjectWriter object(out);
  object.id("chatId", standing.chat_id);
  object.number("lastRev", standing.last_rev);
  object.number("lastSeq", standing.last_seq);
  object.number("lastReadSeq", standing.last_read_seq);
  object.number("unreadCount", standing.unread_count);
  object.close();
}

void append_moved_receipt(std::string& out, const ports::SyncedReceipt& receipt) {
  ObjectWriter object(out);
  object.id("chatId", receipt.chat_id);
  object.id("userId", receipt.user_id);
  object.number("lastDeliveredSeq", receipt.last_delivered_seq);
  object.number("lastReadSeq", receipt.last_read_seq);
  object.close();
}

std::string sync_text(const SyncService::Answer& answer, domain::UserId user, Time now,
                      bool is_ack) {
  return object_of(is_ack, [&](ObjectWriter& object) {
    object.text("cursor", encode_cursor(answer.cursor));
    object.flag("hasMore", answer.has_more);
    object.number("userRev", answer.user_rev);
    object.array("chats", answer.chats, append_standing);
    object.array("changes", answer.changes,
                 [&](std::string& out, const services::PrivateChange& change) {
                   const auto event = private_event(change, user, answer.user_rev, now);
                   out += R"({"event":")";
                   out += event.event;
                   out += "\",";
                   // Its data, without the brace that opens it.
                   out += std::string_view(event.data).substr(1);
                 });
    object.array("receipts", answer.receipts, append_moved_receipt);
  });
}

void append_privacy_fields(ObjectWriter& object, const domain::Privacy& privacy) {
  object.text("lastSeen", name_of(privacy.last_seen));
  object.text("directMessages", name_of(privacy.direct_messages));
  object.text("groupInvites", name_of(privacy.group_invites));
}

std::string chat_came(const services::ChatCame& change, domain::UserRev user_rev, Time now) {
  return object_of(false, [&](ObjectWriter& object) {
    object.number("userRev", user_rev);
    append_chat_list_item(object.value("chat"), change.item, now);
  });
}

std::string chat_went(const services::ChatWent& change, domain::UserRev user_rev) {
  return object_of(false, [&](ObjectWriter& object) {
    object.number("userRev", user_rev);
    object.id("chatId", change.chat_id);
  });
}

std::string state_moved(const services::StateMoved& change, domain::UserId user,
                        domain::UserRev user_rev, Time now) {
  return chat_state_updated({.user_id = user,
                             .user_rev = user_rev,
                             .chat = std::make_shared<const domain::Chat>(change.chat),
                             .state = std::make_shared<const domain::UserChatState>(change.state)},
                            now);
}

/// What was set is read anew by who hears this: it does not say which of it.
std::string settings_moved(domain::UserRev user_rev) {
  return object_of(false, [&](ObjectWriter& object) {
    object.number("userRev", user_rev);
    object.text("kind", "all");
  });
}

}  // namespace

std::string own_state(const ports::StateChange& change, Time now) {
  return own_state_text(change, now, false);
}
std::string own_state_ack(const ports::StateChange& change, Time now) {
  return own_state_text(change, now, true);
}

std::string read_state(const ReadingService::ReadState& state) {
  return read_state_text(state, false);
}
std::string read_state_ack(const ReadingService::ReadState& state) {
  return read_state_text(state, true);
}

std::string receipts(const ReadingService::Receipts& receipts,
                     const std::optional<std::string>& next_cursor) {
  return object_of(false, [&](ObjectWriter& object) {
    object.id("messageId", receipts.message_id);
    object.number("seq", receipts.seq);
    object.text("state", name_of(receipts.state));
    object.number("memberCount", receipts.page.member_count);
    object.number("deliveredCount", receipts.page.delivered_count);
    object.number("readCount", receipts.page.read_count);
    object.array("data", receipts.page.receipts, append_receipt);
    append_page(object, next_cursor);
  });
}

std::string unread(const ReadingService::Unread& unread) {
  return object_of(false, [&](ObjectWriter& object) {
    object.number("total", unread.total);
    object.array("chats", unread.chats, [](std::string& out, const ports::UnreadChat& chat) {
      ObjectWriter item(out);
      item.id("chatId", chat.chat_id);
      item.number("unreadCount", chat.unread_count);
      item.flag("markedUnread", chat.marked_unread);
      item.close();
    });
  });
}

void append_member(std::string& out, const ports::Member& member) {
  ObjectWriter object(out);
  append_user(object.value("user"), member.user);
  object.text("role", name_of(member.state.role));
  object.time("joinedAt", member.state.joined_at);
  object.close();
}

std::string sync(const SyncService::Answer& answer, domain::UserId user, Time now) {
  return sync_text(answer, user, now, false);
}
std::string sync_ack(const SyncService::Answer& answer, domain::UserId user, Time now) {
  return sync_text(answer, user, now, true);
}

std::string verified(const SyncService::Verified& verified) {
  return object_of(false, [&](ObjectWriter& object) {
    object.array("chats", verified.chats, append_standing);
    object.array("notThere", verified.not_there, [](std::string& out, const domain::ChatId& chat) {
      append_uuid(out, chat.uuid());
    });
  });
}

NamedEvent private_event(const services::PrivateChange& change, domain::UserId user,
                         domain::UserRev user_rev, Time now) {
  return std::visit(
      [&](const auto& each) -> NamedEvent {
        using Change = std::decay_t<decltype(each)>;
        if constexpr (std::is_same_v<Change, services::ChatCame>) {
          return {.event = "chat_added", .data = chat_came(each, user_rev, now)};
        } else if constexpr (std::is_same_v<Change, services::ChatWent>) {
          return {.event = "chat_removed", .data = chat_went(each, user_rev)};
        } else if constexpr (std::is_same_v<Change, services::StateMoved>) {
          return {.event = "chat_state_updated", .data = state_moved(each, user, user_rev, now)};
        } else if constexpr (std::is_same_v<Change, services::MessageHid>) {
          return {.event = "message_hidden",
                  .data = message_hidden({.user_id = user,
                                          .user_rev = user_rev,
                                          .chat_id = each.chat_id,
                                          .message_id = each.message_id})};
        } else {
          return {.event = "settings_updated", .data = settings_moved(user_rev)};
        }
      },
      change);
}

std::string me(const services::PeopleService::Me& me) {
  return object_of(false, [&](ObjectWriter& object) {
    append_user_fields(object, me.user);
    object.time("createdAt", me.user.created_at);
    ObjectWriter settings(object.value("privacy"));
    append_privacy_fields(settings, me.privacy);
    settings.close();
    object.number("userRev", me.user_rev);
  });
}

std::string privacy(const domain::Privacy& privacy) {
  return object_of(false, [&](ObjectWriter& object) { append_privacy_fields(object, privacy); });
}

std::string seen_user(const services::PeopleService::Seen& seen) {
  return object_of(false, [&](ObjectWriter& object) {
    append_user_fields(object, seen.user);
    if (seen.last_seen_at) object.time("lastSeenAt", *seen.last_seen_at);
  });
}

void append_acquaintance(std::string& out, const ports::Acquaintance& acquaintance) {
  ObjectWriter object(out);
  append_user(object.value("user"), acquaintance.user);
  object.time("since", acquaintance.since);
  object.close();
}

std::string acquaintance(const ports::Acquaintance& acquaintance) {
  std::string out;
  append_acquaintance(out, acquaintance);
  return out;
}

}  // namespace knotos::json
