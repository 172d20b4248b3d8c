#include "domain/chat_log.hpp"

#include "base/assert.hpp"

#include <algorithm>

namespace knotos::domain {
namespace {

void apply_to(Chat& chat, const MessageEntry& entry) {
  const auto& message = entry.message;
  chat.last_seq = message.seq;
  chat.last_ordinal = message.ordinal;
  chat.last_message_preview = preview_of(message);
  chat.updated_at = std::max(chat.updated_at, message.created_at);
}

void apply_to(Chat& chat, const ChangeEntry& entry) {
  if (chat.last_message_preview && chat.last_message_preview->message_id == entry.after.id) {
    chat.last_message_preview = preview_of(entry.after);
  }
}

}  // namespace

Rev rev_of(const LogEntry& entry) { return message_of(entry).rev; }

const Message& message_of(const LogEntry& entry) {
  if (const auto* message = std::get_if<MessageEntry>(&entry)) return message->message;
  return std::get<ChangeEntry>(entry).after;
}

void apply(Chat& chat, const LogEntry& entry) {
  KN_ASSERT(chat.last_rev + 1 == rev_of(entry));
  std::visit([&chat](const auto& kind) { apply_to(chat, kind); }, entry);
  chat.last_rev = rev_of(entry);
}

void apply_own_message(UserChatState& state, const Chat& before, const Message& message) {
  if (message.type == MessageType::system) return;
  const bool was_caught_up = unread_count(before, state) == 0;
  state.own_count = message.sender_ordinal;
  if (!was_caught_up) return;
  state.last_read_seq = message.seq;
  state.last_read_ordinal = message.ordinal;
  state.own_count_at_read = message.sender_ordinal;
  state.last_delivered_seq = std::max(state.last_delivered_seq, message.seq);
}

}  // namespace knotos::domain
