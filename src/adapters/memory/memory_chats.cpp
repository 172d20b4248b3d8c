#include "adapters/memory/memory_store.hpp"

#include <algorithm>
#include <tuple>

// Chats and who is in them.
namespace knotos::adapters::memory {
namespace {

constexpr const char* kUnavailable = "the memory store was told to be unavailable";

ports::ChatListPosition position_of(const domain::ChatListItem& item) {
  return {.is_pinned = item.state.is_pinned,
          .pin_order = item.state.pin_order,
          .updated_at = item.chat.updated_at,
          .chat_id = item.chat.id};
}

/// Pinned first (by `pin_order`), then newest, then id.
bool comes_before(const ports::ChatListPosition& one, const ports::ChatListPosition& other) {
  const auto key = [](const ports::ChatListPosition& at) {
    return std::tuple(!at.is_pinned, at.is_pinned ? at.pin_order : 0,
                      -at.updated_at.time_since_epoch().count(), at.chat_id);
  };
  return key(one) < key(other);
}

bool passes(ports::ChatFilter filter, const domain::Chat& chat, const domain::UserChatState& state,
            Time now) {
  const bool is_archived = domain::is_archived_now(chat, state, now);
  switch (filter) {
    case ports::ChatFilter::all:
      return !is_archived;
    case ports::ChatFilter::unread:
      return !is_archived && (state.marked_unread || domain::unread_count(chat, state) > 0);
    case ports::ChatFilter::archived:
      return is_archived;
  }
  return false;
}

}  // namespace

Task<Result<ports::CreatedChat>> MemoryStore::create(ports::NewChat chat) {
  const std::scoped_lock lock(mutex_);
  if (!is_available_) co_return fail_because(Errc::store_unavailable, kUnavailable);
  if (const auto* found = stored(chat.chat.id)) {
    co_return ports::CreatedChat{.is_new = false, .chat = found->chat, .user_revs = {}};
  }
  for (const auto& state : chat.members) {
    if (accounts_.contains(state.user_id)) continue;
    co_return fail_because(Errc::not_found, "no user " + state.user_id.to_string());
  }
  auto& made = chats_[chat.chat.id];
  made.chat = chat.chat;
  ports::CreatedChat created{.is_new = true, .chat = {}, .user_revs = {}};
  for (const auto& state : chat.members) {
    made.states[state.user_id] = state;
    auto& account = accounts_.at(state.user_id);
    account.chats.insert(chat.chat.id);
    created.user_revs.emplace_back(state.user_id, ++account.user_rev);
  }
  made.changed_at = change_time();
  for (const auto& state : chat.members) {
    auto& times = made.times[state.user_id];
    times.changed_at = made.changed_at;
    times.member_changed_at = made.changed_at;
  }
  ports::AppendOutcome outcome;
  if (chat.first_entry) apply(made, *chat.first_entry, outcome);
  created.chat = made.chat;
  co_return created;
}

Task<Result<ports::ChatListPage>> MemoryStore::list(ports::ChatListQuery query) {
  const std::scoped_lock lock(mutex_);
  if (!is_available_) co_return fail_because(Errc::store_unavailable, kUnavailable);
  ports::ChatListPage page;
  const auto account = accounts_.find(query.user);
  if (account == accounts_.end()) co_return page;
  for (const auto& id : account->second.chats) {
    const auto& found = chats_.at(id);
    const auto& state = found.states.at(query.user);
    if (!state.is_member || domain::is_off_list_now(found.chat, state) ||
        !passes(query.filter, found.chat, state, query.now))
      continue;
    auto item = item_of(found, state);
    if (query.after && !comes_before(*query.after, position_of(item))) continue;
    page.items.push_back(std::move(item));
  }
  std::ranges::sort(page.items, [](const auto& one, const auto& other) {
    return comes_before(position_of(one), position_of(other));
  });
  page.has_more = page.items.size() > query.limit;
  if (page.has_more) page.items.resize(query.limit);
  co_return page;
}

Task<Result<domain::ChatListItem>> MemoryStore::item(domain::UserId user, domain::ChatId chat) {
  const std::scoped_lock lock(mutex_);
  if (!is_available_) co_return fail_because(Errc::store_unavailable, kUnavailable);
  const auto* found = stored(chat);
  if (found == nullptr) co_return fail(Errc::not_found);
  const auto state = found->states.find(user);
  if (state == found->states.end() || !state->second.is_member) co_return fail(Errc::not_found);
  co_return item_of(*found, state->second);
}

Task<Result<std::vector<ports::ChatStanding>>> MemoryStore::chats_of(domain::UserId user) {
  const std::scoped_lock lock(mutex_);
  if (!is_available_) co_return fail_because(Errc::store_unavailable, kUnavailable);
  std::vector<ports::ChatStanding> standings;
  const auto account = accounts_.find(user);
  if (account == accounts_.end()) co_return standings;
  for (const auto& id : account->second.chats) {
    const auto& found = chats_.at(id);
    const auto& state = found.states.at(user);
    if (!state.is_member) continue;
    standings.push_back({.chat_id = id,
                         .last_rev = found.chat.last_rev,
                         .member_rev = state.member_rev,
                         .visibility = {.first_seq = domain::first_visible_seq(state),
                                        .hidden = hidden_by(found, user)}});
  }
  std::ranges::sort(standings, {}, &ports::ChatStanding::chat_id);
  co_return standings;
}

Task<Result<std::vector<ports::ChatStanding>>> MemoryStore::standings(
    std::vector<domain::ChatId> chats) {
  const std::scoped_lock lock(mutex_);
  if (!is_available_) co_return fail_because(Errc::store_unavailable, kUnavailable);
  std::vector<ports::ChatStanding> standings;
  for (const auto& id : chats) {
    if (const auto* found = stored(id)) {
      standings.push_back({.chat_id = id, .last_rev = found->chat.last_rev});
    }
  }
  co_return standings;
}

Task<Result<bool>> MemoryStore::is_member(domain::ChatId chat, domain::UserId user) {
  const std::scoped_lock lock(mutex_);
  if (!is_available_) co_return fail_because(Errc::store_unavailable, kUnavailable);
  const auto* found = stored(chat);
  if (found == nullptr) co_return false;
  const auto state = found->states.find(user);
  co_return state != found->states.end() && state->second.is_member;
}

domain::ChatListItem MemoryStore::item_of(const StoredChat& stored,
                                          const domain::UserChatState& state) const {
  domain::ChatListItem item{stored.chat, state, {}};
  auto& preview = item.chat.last_message_preview;
  const domain::Visibility visibility{.first_seq = domain::first_visible_seq(state),
                                      .hidden = hidden_by(stored, state.user_id)};
  if (preview && !visibility.shows(preview->seq, preview->message_id)) preview.reset();
  const auto user_of = [this](const domain::UserChatState& member) {
    return accounts_.at(member.user_id).credentials.user;
  };
  if (stored.chat.type == domain::ChatType::direct) {
    for (const auto& [user, member] : stored.states) {
      if (user != state.user_id) item.people.push_back(user_of(member));
    }
    return item;
  }
  std::vector<const domain::UserChatState*> members;
  for (const auto& [user, member] : stored.states) {
    if (member.is_member) members.push_back(&member);
  }
  std::ranges::sort(members, {}, [](const domain::UserChatState* member) {
    return std::tuple(member->joined_at, member->user_id);
  });
  if (members.size() > domain::kListPeopleMax) members.resize(domain::kListPeopleMax);
  for (const auto* member : members) item.people.push_back(user_of(*member));
  return item;
}

}  // namespace knotos::adapters::memory
