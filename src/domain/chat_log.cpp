#include "domain/chat_log.hpp"

#include "base/assert.hpp"
#include "base/names.hpp"

#include <algorithm>

namespace knotos::domain {
namespace {

constexpr Names<ChangeKind, 6> kChangeKinds{{
    {ChangeKind::edit, "edit"},
    {ChangeKind::erase, "erase"},
    {ChangeKind::react, "react"},
    {ChangeKind::unreact, "unreact"},
    {ChangeKind::pin, "pin"},
    {ChangeKind::unpin, "unpin"},
}};

void apply_to(Chat& chat, const MessageEntry& entry) {
  const auto& message = entry.message;
  chat.last_seq = message.seq;
  chat.last_ordinal = message.ordinal;
  chat.last_message_preview = preview_of(message);
  chat.updated_at = std::max(chat.updated_at, message.created_at);
  const auto& patch = entry.patch;
  if (patch.title) chat.title = *patch.title;
  if (patch.owner_id) chat.owner_id = patch.owner_id;
  if (patch.settings) chat.settings = *patch.settings;
  if (patch.member_count) chat.member_count = *patch.member_count;
}

void apply_to(Chat& chat, const ChangeEntry& entry) {
  if (chat.last_message_preview && chat.last_message_preview->message_id == entry.after.id) {
    chat.last_message_preview = preview_of(entry.after);
  }
  // The message's own state has the last word, so whatever unpins it (erasure does) is covered.
  auto& pinned = chat.pinned_message_ids;
  const auto at = std::ranges::find(pinned, entry.after.id);
  if (entry.after.is_pinned && at == pinned.end()) pinned.push_back(entry.after.id);
  if (!entry.after.is_pinned && at != pinned.end()) pinned.erase(at);
}

}  // namespace

std::string_view name_of(ChangeKind kind) { return name_in(kChangeKinds, kind); }

std::optional<ChangeKind> parse_change_kind(std::string_view name) {
  return find_in(kChangeKinds, name);
}

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

void apply_membership(UserChatState& state, const MembershipChange& change,
                      const Message& message) {
  state.role = change.role;
  state.is_member = change.is_member;
  state.member_rev = message.rev;
  state.updated_at = message.created_at;
  if (!change.is_join) return;
  state.joined_at = message.created_at;
  state.visible_from_seq = change.visible_from_seq;
  state.last_read_seq = message.seq;
  state.last_read_ordinal = message.ordinal;
  state.last_delivered_seq = message.seq;
  // What they sent in an earlier membership lies before the join.
  state.own_count_at_read = state.own_count;
  state.marked_unread = false;
  state.is_archived = false;
  state.is_off_list = false;
  // Others may have taken its place among the pinned ones.
  state.is_pinned = false;
  state.pin_order = 0;
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
