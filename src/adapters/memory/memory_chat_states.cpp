#include "adapters/memory/memory_store.hpp"

#include <algorithm>
#include <tuple>
#include <utility>

// What is private to one user in one chat.
namespace knotos::adapters::memory {
namespace {

constexpr const char* kUnavailable = "the memory store was told to be unavailable";

using domain::UserChatState;
using ports::StateChange;

}  // namespace

Task<Result<StateChange>> MemoryStore::mark(ports::Mark mark) {
  const std::scoped_lock lock(mutex_);
  if (!is_available_) co_return fail_because(Errc::store_unavailable, kUnavailable);
  const auto found = member_state(mark.user, mark.chat);
  if (!found) co_return fail(found.error());
  auto& stored_chat = *stored(mark.chat);
  if (mark.seq > stored_chat.chat.last_seq) {
    co_return fail_field("/seq", "out-of-range", "The chat has no such message yet.");
  }
  auto after = **found;
  if (mark.kind == ports::MarkKind::delivered) {
    const auto rise = domain::raise_delivered(after, mark.seq);
    if (!rise.of_delivered) co_return unmoved(stored_chat, mark.user);
    co_return put_change(stored_chat, std::move(after), rise, false, mark.now);
  }
  domain::ReadPoint point{.seq = mark.seq};
  for (domain::Seq seq = 1; seq <= mark.seq; ++seq) {
    const auto& message = stored_chat.messages[seq - 1];
    point.ordinal = message.ordinal;
    const bool is_own =
        message.sender_id == mark.user && message.type != domain::MessageType::system;
    if (is_own) point.own_count = message.sender_ordinal;
  }
  const auto rise = domain::raise_read(after, point);
  const bool has_cleared_mark = std::exchange(after.marked_unread, false);
  const bool is_private = rise.of_read || has_cleared_mark;
  if (!is_private && !rise.of_delivered) co_return unmoved(stored_chat, mark.user);
  if (is_private) after.updated_at = mark.now;
  auto change = put_change(stored_chat, std::move(after), rise, is_private, mark.now);
  change.has_cleared_mark = has_cleared_mark;
  co_return change;
}

Task<Result<StateChange>> MemoryStore::update(domain::UserId user, domain::ChatId chat,
                                              domain::StatePatch patch, Time now) {
  const std::scoped_lock lock(mutex_);
  if (!is_available_) co_return fail_because(Errc::store_unavailable, kUnavailable);
  const auto found = member_state(user, chat);
  if (!found) co_return fail(found.error());
  auto& stored_chat = *stored(chat);
  auto after = **found;
  auto has_changed =
      domain::patch_state(stored_chat.chat, after, patch, pinned_orders(user, chat), now);
  if (!has_changed) co_return fail(std::move(has_changed.error()));
  if (!*has_changed) co_return unmoved(stored_chat, user);
  co_return put_change(stored_chat, std::move(after), {}, true, now);
}

Task<Result<StateChange>> MemoryStore::clear(domain::UserId user, domain::ChatId chat, Time now) {
  const std::scoped_lock lock(mutex_);
  if (!is_available_) co_return fail_because(Errc::store_unavailable, kUnavailable);
  const auto found = member_state(user, chat);
  if (!found) co_return fail(found.error());
  auto& stored_chat = *stored(chat);
  stored_chat.hidden.erase(user);
  const auto& before = **found;
  auto after = before;
  if (!domain::clear_state(stored_chat.chat, after, now)) co_return unmoved(stored_chat, user);
  const domain::Rise rise{.of_read = after.last_read_seq > before.last_read_seq,
                          .of_delivered = after.last_delivered_seq > before.last_delivered_seq};
  co_return put_change(stored_chat, std::move(after), rise, true, now);
}

Task<Result<StateChange>> MemoryStore::take_off_list(domain::UserId user, domain::ChatId chat,
                                                     Time now) {
  const std::scoped_lock lock(mutex_);
  if (!is_available_) co_return fail_because(Errc::store_unavailable, kUnavailable);
  const auto found = member_state(user, chat);
  if (!found) co_return fail(found.error());
  auto& stored_chat = *stored(chat);
  auto after = **found;
  if (!domain::take_off_list(stored_chat.chat, after, now)) co_return unmoved(stored_chat, user);
  co_return put_change(stored_chat, std::move(after), {}, true, now);
}

Task<Result<StateChange>> MemoryStore::hide(domain::UserId user, domain::ChatId chat,
                                            domain::MessageId message, Time now) {
  const std::scoped_lock lock(mutex_);
  if (!is_available_) co_return fail_because(Errc::store_unavailable, kUnavailable);
  const auto found = member_state(user, chat);
  if (!found) co_return fail(found.error());
  auto& stored_chat = *stored(chat);
  auto& hidden = stored_chat.hidden[user];
  if (hidden.contains(message)) co_return unmoved(stored_chat, user);
  if (hidden.size() >= domain::kHiddenMessagesMax) {
    co_return fail(Errc::conflict, "Too many messages of this chat are hidden.");
  }
  auto change = put_change(stored_chat, **found, {}, true, now);
  hidden.emplace(message, stored_chat.times.at(user).changed_at);
  co_return change;
}

Task<Result<std::vector<domain::MessageId>>> MemoryStore::hidden_in(domain::UserId user,
                                                                    domain::ChatId chat) {
  const std::scoped_lock lock(mutex_);
  if (!is_available_) co_return fail_because(Errc::store_unavailable, kUnavailable);
  const auto found = member_state(user, chat);
  if (!found) co_return fail(found.error());
  co_return hidden_by(*stored(chat), user);
}

Task<Result<domain::Visibility>> MemoryStore::visibility(domain::UserId user, domain::ChatId chat) {
  const std::scoped_lock lock(mutex_);
  if (!is_available_) co_return fail_because(Errc::store_unavailable, kUnavailable);
  const auto found = member_state(user, chat);
  if (!found) co_return fail(found.error());
  co_return domain::Visibility{.first_seq = domain::first_visible_seq(**found),
                               .hidden = hidden_by(*stored(chat), user)};
}

Task<Result<StateChange>> MemoryStore::state(domain::UserId user, domain::ChatId chat) {
  const std::scoped_lock lock(mutex_);
  if (!is_available_) co_return fail_because(Errc::store_unavailable, kUnavailable);
  const auto found = member_state(user, chat);
  if (!found) co_return fail(found.error());
  co_return unmoved(*stored(chat), user);
}

Task<Result<ports::MemberPage>> MemoryStore::members(domain::ChatId chat,
                                                     std::optional<ports::MemberPosition> after,
                                                     std::size_t limit) {
  const std::scoped_lock lock(mutex_);
  if (!is_available_) co_return fail_because(Errc::store_unavailable, kUnavailable);
  ports::MemberPage page;
  const auto* found = stored(chat);
  if (found == nullptr) co_return page;
  std::vector<std::pair<Time, domain::UserId>> sorted;
  for (const auto& [user, state] : found->states) {
    const std::pair place(state.joined_at, user);
    if (!state.is_member) continue;
    if (!after || place > std::pair(after->joined_at, after->user_id)) sorted.push_back(place);
  }
  std::ranges::sort(sorted);
  page.has_more = sorted.size() > limit;
  if (page.has_more) sorted.resize(limit);
  for (const auto& [joined_at, user] : sorted) {
    page.members.push_back(
        {.user = accounts_.at(user).credentials.user, .state = found->states.at(user)});
  }
  co_return page;
}

Task<Result<ports::ReceiptPage>> MemoryStore::receipts(ports::ReceiptQuery query) {
  const std::scoped_lock lock(mutex_);
  if (!is_available_) co_return fail_because(Errc::store_unavailable, kUnavailable);
  ports::ReceiptPage page;
  auto* found = stored(query.chat);
  if (found == nullptr) co_return page;
  std::vector<ports::MemberReceipt> all;
  for (const auto& [user, state] : found->states) {
    const bool was_there = state.is_member && state.joined_at <= query.created_at;
    if (!was_there || user == query.sender) continue;
    const auto& times = found->times[user];
    ports::MemberReceipt receipt{.user_id = user,
                                 .joined_at = state.joined_at,
                                 .is_delivered = state.last_delivered_seq >= query.seq,
                                 .is_read = state.last_read_seq >= query.seq,
                                 .delivered_at = {},
                                 .read_at = {}};
    if (receipt.is_delivered && times.delivered_after_seq < query.seq) {
      receipt.delivered_at = times.delivered_at;
    }
    if (receipt.is_read && times.read_after_seq < query.seq) receipt.read_at = times.read_at;
    page.delivered_count += receipt.is_delivered ? 1 : 0;
    page.read_count += receipt.is_read ? 1 : 0;
    all.push_back(receipt);
  }
  page.member_count = all.size();
  const auto place = [](const ports::MemberReceipt& each) {
    return std::tuple(each.joined_at, each.user_id);
  };
  std::ranges::sort(all, {}, place);
  for (const auto& each : all) {
    if (query.after && place(each) <= std::tuple(query.after->joined_at, query.after->user_id)) {
      continue;
    }
    page.has_more = page.receipts.size() == query.limit;
    if (page.has_more) break;
    page.receipts.push_back(each);
  }
  co_return page;
}

Task<Result<std::vector<ports::UnreadChat>>> MemoryStore::unread(domain::UserId user, Time now) {
  const std::scoped_lock lock(mutex_);
  if (!is_available_) co_return fail_because(Errc::store_unavailable, kUnavailable);
  std::vector<ports::UnreadChat> unread;
  const auto account = accounts_.find(user);
  if (account == accounts_.end()) co_return unread;
  for (const auto& id : account->second.chats) {
    const auto& found = chats_.at(id);
    const auto& state = found.states.at(user);
    const auto count = domain::unread_count(found.chat, state);
    const bool is_listed = state.is_member && !domain::is_off_list_now(found.chat, state);
    if (!is_listed || (count == 0 && !state.marked_unread)) continue;
    unread.push_back({.chat_id = id,
                      .unread_count = count,
                      .marked_unread = state.marked_unread,
                      .is_archived = domain::is_archived_now(found.chat, state, now)});
  }
  co_return unread;
}

Result<UserChatState*> MemoryStore::member_state(domain::UserId user, domain::ChatId chat) {
  auto* found = stored(chat);
  if (found == nullptr) return fail(Errc::not_found);
  const auto state = found->states.find(user);
  if (state == found->states.end() || !state->second.is_member) return fail(Errc::not_found);
  return &state->second;
}

StateChange MemoryStore::put_change(StoredChat& stored, UserChatState after, domain::Rise rise,
                                    bool is_private, Time now) {
  auto& before = stored.states.at(after.user_id);
  auto& times = stored.times[after.user_id];
  auto& account = accounts_.at(after.user_id);
  const auto changed_at = change_time();
  if (is_private) {
    times.changed_at = changed_at;
    ++account.user_rev;
  }
  if (rise.of_read || rise.of_delivered) times.marked_at = changed_at;
  if (rise.of_delivered) {
    times.delivered_at = now;
    times.delivered_after_seq = before.last_delivered_seq;
  }
  if (rise.of_read) {
    times.read_at = now;
    times.read_after_seq = before.last_read_seq;
  }
  before = std::move(after);
  auto change = unmoved(stored, before.user_id);
  change.has_moved = true;
  change.rise = rise;
  return change;
}

StateChange MemoryStore::unmoved(const StoredChat& stored, domain::UserId user) const {
  StateChange change;
  change.chat = stored.chat;
  change.state = stored.states.at(user);
  change.user_rev = accounts_.at(user).user_rev;
  change.is_blocked_by_peer =
      stored.chat.type == domain::ChatType::direct &&
      std::ranges::any_of(stored.states, [this, user](const auto& each) {
        return each.first != user && accounts_.at(each.first).blocks.contains(user);
      });
  return change;
}

std::vector<std::uint32_t> MemoryStore::pinned_orders(domain::UserId user,
                                                      domain::ChatId but) const {
  std::vector<std::uint32_t> orders;
  for (const auto& id : accounts_.at(user).chats) {
    const auto& state = chats_.at(id).states.at(user);
    if (id != but && state.is_member && state.is_pinned) orders.push_back(state.pin_order);
  }
  return orders;
}

std::vector<domain::MessageId> MemoryStore::hidden_by(const StoredChat& stored,
                                                      domain::UserId user) const {
  std::vector<domain::MessageId> hidden;
  const auto found = stored.hidden.find(user);
  if (found == stored.hidden.end()) return hidden;
  for (const auto& [message, since] : found->second) hidden.push_back(message);
  return hidden;
}

}  // namespace knotos::adapters::memory
