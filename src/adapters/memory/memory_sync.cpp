#include "adapters/memory/memory_store.hpp"

#include <algorithm>
#include <tuple>
#include <utility>

// What changed since a time.
namespace knotos::adapters::memory {
namespace {

constexpr const char* kUnavailable = "the memory store was told to be unavailable";

}  // namespace

Task<Result<std::string>> MemoryStore::epoch() {
  const std::scoped_lock lock(mutex_);
  if (!is_available_) co_return fail_because(Errc::store_unavailable, kUnavailable);
  co_return epoch_;
}

Task<Result<Time>> MemoryStore::store_time() {
  const std::scoped_lock lock(mutex_);
  if (!is_available_) co_return fail_because(Errc::store_unavailable, kUnavailable);
  co_return change_time();
}

Task<Result<ports::SyncPage>> MemoryStore::sync(ports::SyncQuery query) {
  const std::scoped_lock lock(mutex_);
  if (!is_available_) co_return fail_because(Errc::store_unavailable, kUnavailable);
  const auto account = accounts_.find(query.user);
  if (account == accounts_.end()) co_return fail(Errc::not_found);
  ports::SyncPage page;
  page.user_rev = account->second.user_rev;
  page.settings_changed = account->second.changed_at >= query.since;

  const auto begin =
      query.after.value_or(ports::SyncPosition{.changed_at = query.since, .chat_id = {}});
  std::vector<std::pair<Time, domain::ChatId>> changed;
  for (const auto& id : account->second.chats) {
    const auto& found = chats_.at(id);
    const auto& times = found.times.at(query.user);
    const auto changed_at = found.states.at(query.user).is_member
                                ? std::max({found.changed_at, times.changed_at, times.marked_at})
                                : times.changed_at;
    const std::pair place(changed_at, id);
    if (place > std::pair(begin.changed_at, begin.chat_id)) changed.push_back(place);
  }
  std::ranges::sort(changed);
  if (changed.size() > query.limit) {
    changed.resize(query.limit);
    page.next = {.changed_at = changed.back().first, .chat_id = changed.back().second};
  }
  for (const auto& [changed_at, id] : changed) {
    const auto& found = chats_.at(id);
    const auto& times = found.times.at(query.user);
    ports::SyncedChat chat{.chat = found.chat,
                           .state = found.states.at(query.user),
                           .has_joined = times.member_changed_at >= query.since,
                           .has_private_change = times.changed_at >= query.since,
                           .hidden = {}};
    const auto hidden = found.hidden.find(query.user);
    if (hidden != found.hidden.end()) {
      for (const auto& [message, since] : hidden->second) {
        if (since >= query.since) chat.hidden.push_back(message);
      }
    }
    page.chats.push_back(std::move(chat));
  }
  co_return page;
}

Task<Result<ports::MovedReceiptsPage>> MemoryStore::moved_receipts(
    ports::MovedReceiptsQuery query) {
  const std::scoped_lock lock(mutex_);
  if (!is_available_) co_return fail_because(Errc::store_unavailable, kUnavailable);
  ports::MovedReceiptsPage page;
  const auto account = accounts_.find(query.user);
  if (account == accounts_.end()) co_return page;
  const auto begin = query.after.value_or(
      ports::ReceiptPosition{.moved_at = query.since, .chat_id = {}, .user_id = {}});
  std::vector<std::tuple<Time, domain::ChatId, domain::UserId>> moved;
  for (const auto& id : account->second.chats) {
    const auto& found = chats_.at(id);
    if (!found.states.at(query.user).is_member) continue;
    if (found.chat.member_count > query.members_max) continue;
    const auto& own_times = found.times.at(query.user);
    for (const auto& [peer, state] : found.states) {
      const bool is_untold =
          found.chat.type == domain::ChatType::direct && account->second.blocks.contains(peer);
      if (peer == query.user || !state.is_member || is_untold) continue;
      const auto marked_at = found.times.at(peer).marked_at;
      if (marked_at == Time()) continue;
      // A chat that the user just came to tells all of its receipts.
      const std::tuple place(std::max(marked_at, own_times.member_changed_at), id, peer);
      if (place > std::tuple(begin.moved_at, begin.chat_id, begin.user_id)) moved.push_back(place);
    }
  }
  std::ranges::sort(moved);
  if (moved.size() > query.limit) {
    moved.resize(query.limit);
    const auto& [moved_at, chat, user] = moved.back();
    page.next = {.moved_at = moved_at, .chat_id = chat, .user_id = user};
  }
  for (const auto& [moved_at, chat, peer] : moved) {
    const auto& state = chats_.at(chat).states.at(peer);
    page.receipts.push_back({.chat_id = chat,
                             .user_id = peer,
                             .last_delivered_seq = state.last_delivered_seq,
                             .last_read_seq = state.last_read_seq});
  }
  co_return page;
}

Task<Result<std::vector<ports::SyncedChat>>> MemoryStore::all_chats(domain::UserId user) {
  const std::scoped_lock lock(mutex_);
  if (!is_available_) co_return fail_because(Errc::store_unavailable, kUnavailable);
  std::vector<ports::SyncedChat> chats;
  const auto account = accounts_.find(user);
  if (account == accounts_.end()) co_return chats;
  for (const auto& id : account->second.chats) {
    const auto& found = chats_.at(id);
    chats.push_back({.chat = found.chat,
                     .state = found.states.at(user),
                     .has_joined = false,
                     .has_private_change = false,
                     .hidden = {}});
  }
  co_return chats;
}

Task<Result<ports::SyncStore::Sweep>> MemoryStore::changed_since(Time since, std::size_t limit) {
  const std::scoped_lock lock(mutex_);
  if (!is_available_) co_return fail_because(Errc::store_unavailable, kUnavailable);
  // Of every chat and user the last change, in the order of time.
  std::map<domain::UserId, Time> users;
  std::vector<std::tuple<Time, bool, domain::ChatId, domain::UserId>> changed;
  for (const auto& [id, found] : chats_) {
    if (found.changed_at >= since)
      changed.emplace_back(found.changed_at, false, id, domain::UserId());
    for (const auto& [user, times] : found.times) {
      users[user] = std::max(users[user], times.changed_at);
    }
  }
  for (const auto& [user, account] : accounts_) {
    const auto at = std::max(users[user], account.changed_at);
    if (at >= since) changed.emplace_back(at, true, domain::ChatId(), user);
  }
  std::ranges::sort(changed);
  Sweep sweep;
  sweep.now = change_time();
  Time last_at;
  for (const auto& [at, is_user, chat, user] : changed) {
    if (sweep.chats.size() + sweep.users.size() >= limit && at > last_at) {
      sweep.has_more = true;
      sweep.next_since = at;
      break;
    }
    last_at = at;
    if (is_user) {
      sweep.users.push_back(user);
    } else {
      sweep.chats.push_back({.chat_id = chat, .last_rev = chats_.at(chat).chat.last_rev});
    }
  }
  co_return sweep;
}

}  // namespace knotos::adapters::memory
