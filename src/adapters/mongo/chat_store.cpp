#include "adapters/mongo/log_writer.hpp"
#include "adapters/mongo/mongo_store.hpp"

#include <algorithm>
#include <tuple>
#include <unordered_map>
#include <utility>

// Chats and who is in them.
namespace knotos::adapters::mongo {
namespace {

using domain::ChatListItem;

std::optional<domain::UserId> find_stranger(Session& session,
                                            const std::vector<domain::UserChatState>& members) {
  std::vector<domain::UserId> ids;
  for (const auto& each : members) ids.push_back(each.user_id);
  const auto known = find_users_by_id(session, ids);
  for (const auto& id : ids) {
    if (std::ranges::find(known, id, &domain::User::id) == known.end()) return id;
  }
  return std::nullopt;
}

Result<ports::CreatedChat> create_chat(Session& session, const ports::NewChat& fresh) {
  if (auto there = settle_chat(session, fresh.chat.id)) {
    return ports::CreatedChat{.is_new = false, .chat = std::move(*there), .user_revs = {}};
  }
  if (const auto stranger = find_stranger(session, fresh.members)) {
    return fail_because(Errc::not_found, "no user " + stranger->to_string());
  }
  const auto founding = founding_document(fresh.chat, fresh.members, fresh.first_entry);
  if (!session.insert_one(kChats, founding)) {
    auto there = settle_chat(session, fresh.chat.id);
    if (!there) return fail_because(Errc::store_unavailable, "a chat came and went");
    return ports::CreatedChat{.is_new = false, .chat = std::move(*there), .user_revs = {}};
  }
  auto [chat, user_revs] = complete_founding(session, founding);
  return ports::CreatedChat{
      .is_new = true, .chat = std::move(chat), .user_revs = std::move(user_revs)};
}

/// The user's states and their chats: two queries at any size.
std::vector<ChatListItem> find_items(Session& session, const Document& filter) {
  std::unordered_map<domain::ChatId, domain::UserChatState> states;
  std::vector<domain::ChatId> ids;
  auto own = session.find(kStates, filter);
  while (const auto found = own.next()) {
    auto state = read_state(*found);
    ids.push_back(state.chat_id);
    states.emplace(state.chat_id, std::move(state));
  }
  std::vector<ChatListItem> items;
  if (ids.empty()) return items;
  auto chats = session.find(kChats, document("_id", any_of(ids)));
  while (const auto found = chats.next()) {
    auto chat = read_chat(*found);
    const auto id = chat.id;
    items.push_back({.chat = std::move(chat), .state = std::move(states.at(id)), .people = {}});
  }
  return items;
}

bool is_on(const ChatListItem& item, ports::ChatFilter filter, Time now) {
  if (domain::is_off_list_now(item.chat, item.state)) return false;
  const bool is_archived = domain::is_archived_now(item.chat, item.state, now);
  switch (filter) {
    case ports::ChatFilter::all:
      return !is_archived;
    case ports::ChatFilter::unread:
      return !is_archived &&
             (item.state.marked_unread || domain::unread_count(item.chat, item.state) > 0);
    case ports::ChatFilter::archived:
      return is_archived;
  }
  return false;
}

auto place_of(bool is_pinned, std::uint32_t pin_order, Time updated_at, domain::ChatId id) {
  return std::tuple(is_pinned ? 0 : 1, is_pinned ? pin_order : 0U,
                    -updated_at.time_since_epoch().count(), id);
}

auto place_of(const ChatListItem& item) {
  return place_of(item.state.is_pinned, item.state.pin_order, item.chat.updated_at, item.chat.id);
}

/// The first members of a group, oldest first; the peer of a direct chat.
std::vector<domain::UserId> people_of(Session& session, domain::UserId user,
                                      const domain::Chat& chat) {
  const bool is_direct = chat.type == domain::ChatType::direct;
  auto filter = document("chatId", chat.id);
  if (!is_direct) filter.add("isMember", true);
  std::vector<domain::UserId> people;
  auto cursor = session.find(kStates, filter,
                             {.sort = document("joinedAt", 1, "userId", 1),
                              .fields = document("userId", 1),
                              .limit = domain::kListPeopleMax});
  while (const auto found = cursor.next()) {
    const auto id = found->id<domain::UserId>("userId");
    if (!is_direct || id != user) people.push_back(id);
  }
  return people;
}

void add_people(Session& session, domain::UserId user, std::vector<ChatListItem>& items) {
  std::vector<std::vector<domain::UserId>> people;
  std::vector<domain::UserId> ids;
  for (const auto& item : items) {
    people.push_back(people_of(session, user, item.chat));
    ids.insert(ids.end(), people.back().begin(), people.back().end());
  }
  std::ranges::sort(ids);
  const auto repeated = std::ranges::unique(ids);
  ids.erase(repeated.begin(), repeated.end());
  std::unordered_map<domain::UserId, domain::User> users;
  for (auto& user_found : find_users_by_id(session, ids)) {
    users.emplace(user_found.id, std::move(user_found));
  }
  for (std::size_t at = 0; at < items.size(); ++at) {
    for (const auto& id : people[at]) {
      if (const auto known = users.find(id); known != users.end()) {
        items[at].people.push_back(known->second);
      }
    }
  }
}

/// What is not for the user is not shown as the last message.
void hide_previews(Session& session, domain::UserId user, std::vector<ChatListItem>& items) {
  std::vector<std::string> ids;
  for (const auto& item : items) {
    const auto& preview = item.chat.last_message_preview;
    if (preview) ids.push_back(pair_id(user, preview->message_id));
  }
  std::vector<std::string> hidden;
  if (!ids.empty()) {
    auto cursor = session.find(kHidden, document("_id", any_of(ids)));
    while (const auto found = cursor.next()) hidden.push_back(found->text("_id"));
  }
  for (auto& item : items) {
    auto& preview = item.chat.last_message_preview;
    if (!preview) continue;
    const bool is_before = preview->seq < domain::first_visible_seq(item.state);
    const auto id = pair_id(user, preview->message_id);
    if (is_before || std::ranges::find(hidden, id) != hidden.end()) preview.reset();
  }
}

}  // namespace

Task<Result<ports::CreatedChat>> MongoStore::create(ports::NewChat chat) {
  auto job = [this, chat = std::move(chat)](Session& session) {
    try {
      return create_chat(session, chat);
    } catch (const Failure&) {
      keeper_.remember(chat.chat.id);
      throw;
    }
  };
  co_return co_await run<ports::CreatedChat>(std::move(job));
}

Task<Result<ports::ChatListPage>> MongoStore::list(ports::ChatListQuery query) {
  auto job = [query](Session& session) -> Result<ports::ChatListPage> {
    auto items = find_items(session, document("userId", query.user, "isMember", true));
    std::erase_if(items, [&](const ChatListItem& item) {
      if (!is_on(item, query.filter, query.now)) return true;
      if (!query.after) return false;
      const auto& after = *query.after;
      return place_of(item) <=
             place_of(after.is_pinned, after.pin_order, after.updated_at, after.chat_id);
    });
    std::ranges::sort(items, {}, [](const ChatListItem& item) { return place_of(item); });
    ports::ChatListPage page{.items = std::move(items), .has_more = false};
    page.has_more = page.items.size() > query.limit;
    if (page.has_more) page.items.resize(query.limit);
    hide_previews(session, query.user, page.items);
    add_people(session, query.user, page.items);
    return page;
  };
  co_return co_await run<ports::ChatListPage>(std::move(job));
}

Task<Result<ChatListItem>> MongoStore::item(domain::UserId user, domain::ChatId chat) {
  auto job = [user, chat](Session& session) -> Result<ChatListItem> {
    auto items = find_items(session, document("_id", pair_id(user, chat), "isMember", true));
    if (items.empty()) return fail(Errc::not_found);
    hide_previews(session, user, items);
    add_people(session, user, items);
    return std::move(items.front());
  };
  co_return co_await run<ChatListItem>(std::move(job));
}

Task<Result<std::vector<ports::ChatStanding>>> MongoStore::chats_of(domain::UserId user) {
  auto job = [user](Session& session) -> Result<std::vector<ports::ChatStanding>> {
    std::vector<ports::ChatStanding> standings;
    for (const auto& item : find_items(session, document("userId", user, "isMember", true))) {
      standings.push_back(
          {.chat_id = item.chat.id,
           .last_rev = item.chat.last_rev,
           .member_rev = item.state.member_rev,
           .visibility = {.first_seq = domain::first_visible_seq(item.state), .hidden = {}}});
    }
    std::ranges::sort(standings, {}, &ports::ChatStanding::chat_id);
    auto cursor = session.find(kHidden, document("userId", user));
    while (const auto found = cursor.next()) {
      add_hidden(standings, found->id<domain::ChatId>("chatId"),
                 found->id<domain::MessageId>("messageId"));
    }
    for (auto& standing : standings) std::ranges::sort(standing.visibility.hidden);
    return standings;
  };
  co_return co_await run<std::vector<ports::ChatStanding>>(std::move(job));
}

Task<Result<std::vector<ports::ChatStanding>>> MongoStore::standings(
    std::vector<domain::ChatId> chats) {
  auto job = [chats =
                  std::move(chats)](Session& session) -> Result<std::vector<ports::ChatStanding>> {
    std::vector<ports::ChatStanding> standings;
    auto cursor = session.find(kChats, document("_id", any_of(chats)),
                               {.sort = {}, .fields = document("lastRev", 1)});
    while (const auto found = cursor.next()) {
      standings.push_back(
          {.chat_id = found->id<domain::ChatId>("_id"), .last_rev = found->count("lastRev")});
    }
    return standings;
  };
  co_return co_await run<std::vector<ports::ChatStanding>>(std::move(job));
}

Task<Result<bool>> MongoStore::is_member(domain::ChatId chat, domain::UserId user) {
  auto job = [chat, user](Session& session) -> Result<bool> {
    return session.find_one(kStates, document("_id", pair_id(user, chat), "isMember", true))
        .has_value();
  };
  co_return co_await run<bool>(std::move(job));
}

}  // namespace knotos::adapters::mongo
