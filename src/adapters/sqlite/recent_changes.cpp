#include "adapters/sqlite/recent_changes.hpp"

#include <algorithm>

namespace knotos::adapters::sqlite {

void RecentChanges::note(Time at, domain::ChatId chat, domain::Rev last_rev) {
  push({.at = at, .user = {}, .chat = {.chat_id = chat, .last_rev = last_rev}});
}

void RecentChanges::note(Time at, domain::UserId user) {
  push({.at = at, .user = user, .chat = {}});
}

std::optional<ports::SyncStore::Sweep> RecentChanges::since(Time since, std::size_t limit) const {
  const std::scoped_lock lock(mutex_);
  if (since < begins_at_) return std::nullopt;
  SweepCollector collector(limit);
  for (auto at = std::ranges::lower_bound(entries_, since, {}, &Entry::at); at != entries_.end();
       ++at) {
    if (!collector.take(at->at, at->user, at->chat)) break;
  }
  return collector.finish();
}

void RecentChanges::push(Entry entry) {
  const std::scoped_lock lock(mutex_);
  entries_.push_back(entry);
  if (entries_.size() <= entries_max_) return;
  // Others of the same moment may stay behind: from the next moment on it is complete.
  begins_at_ = entries_.front().at + Milliseconds(1);
  entries_.pop_front();
}

bool SweepCollector::take(Time at, const std::optional<domain::UserId>& user,
                          const ports::SyncStore::Swept& chat) {
  const bool is_known = user ? users_.contains(*user) : chats_.contains(chat.chat_id);
  // Changes of one moment stay together, so that the next sweep begins at a later one.
  if (!is_known && chats_.size() + users_.size() >= limit_ && at > last_at_) {
    sweep_.has_more = true;
    sweep_.next_since = at;
    return false;
  }
  last_at_ = at;
  if (user) {
    if (users_.insert(*user).second) sweep_.users.push_back(*user);
    return true;
  }
  const auto [place, is_new] = chats_.try_emplace(chat.chat_id, sweep_.chats.size());
  if (is_new) {
    sweep_.chats.push_back(chat);
  } else {
    auto& last_rev = sweep_.chats[place->second].last_rev;
    last_rev = std::max(last_rev, chat.last_rev);
  }
  return true;
}

}  // namespace knotos::adapters::sqlite
