#include "adapters/sqlite/rows.hpp"
#include "adapters/sqlite/sqlite_store.hpp"

#include <algorithm>
#include <utility>

// Chats and who is in them.
namespace knotos::adapters::sqlite {
namespace {

// The last column: the last message is not for this user.
#define KN_LIST                                                                                 \
  "SELECT " KN_STATE_COLUMNS ", " KN_CHAT_COLUMNS                                               \
  ", c.preview_seq < max(s.visible_from_seq, s.cleared_seq + 1) OR EXISTS (SELECT 1 FROM "      \
  "hidden_messages h WHERE h.user_id = s.user_id AND h.chat_id = s.chat_id AND h.message_id = " \
  "c.preview_message_id) FROM user_chat_states s JOIN chats c ON c.id = s.chat_id "

// Where a chat stands in the list, as ports::ChatListPosition orders it.
#define KN_POSITION \
  "(1 - s.is_pinned, CASE WHEN s.is_pinned THEN s.pin_order ELSE 0 END, -c.updated_at, c.id)"
#define KN_LIST_ORDER                                                                             \
  " ORDER BY 1 - s.is_pinned, CASE WHEN s.is_pinned THEN s.pin_order ELSE 0 END, -c.updated_at, " \
  "c.id LIMIT ?3"

constexpr std::string_view kListAll =
    KN_LIST "WHERE s.user_id = ?1 AND s.is_member AND " KN_LISTED " AND NOT " KN_ARCHIVED
            " AND " KN_POSITION " > (?4, ?5, ?6, ?7)" KN_LIST_ORDER;
constexpr std::string_view kListUnread =
    KN_LIST "WHERE s.user_id = ?1 AND s.is_member AND " KN_LISTED " AND NOT " KN_ARCHIVED
            " AND " KN_UNREAD " AND " KN_POSITION " > (?4, ?5, ?6, ?7)" KN_LIST_ORDER;
constexpr std::string_view kListArchived =
    KN_LIST "WHERE s.user_id = ?1 AND s.is_member AND " KN_LISTED " AND " KN_ARCHIVED
            " AND " KN_POSITION " > (?4, ?5, ?6, ?7)" KN_LIST_ORDER;

std::string_view list_statement(ports::ChatFilter filter) {
  switch (filter) {
    case ports::ChatFilter::all:
      return kListAll;
    case ports::ChatFilter::unread:
      return kListUnread;
    case ports::ChatFilter::archived:
      return kListArchived;
  }
  return kListAll;
}

domain::ChatListItem read_item(const Statement& row) {
  domain::ChatListItem item{
      .chat = read_chat(row, kStateColumns), .state = read_state(row), .people = {}};
  if (row.flag(kStateColumns + kChatColumns)) item.chat.last_message_preview.reset();
  return item;
}

/// The peer of each direct chat and the first members of each group: one statement for all of them.
void add_people(Connection& connection, domain::UserId user,
                std::vector<domain::ChatListItem>& items) {
  std::vector<domain::ChatId> ids;
  ids.reserve(items.size());
  for (const auto& item : items) ids.push_back(item.chat.id);
  const auto joined = join_ids(ids);
  auto row = connection.prepare(
      KN_PAGE
      "SELECT page.i, " KN_USER_COLUMNS
      ", m.joined_at FROM page JOIN chats c ON c.id = page.id AND c.type <> 'direct' "
      "JOIN user_chat_states m ON m.rowid IN (SELECT first.rowid FROM user_chat_states first WHERE "
      "first.chat_id = "
      "page.id AND first.is_member = 1 ORDER BY first.joined_at, first.user_id LIMIT ?4) "
      "JOIN users u ON u.id = m.user_id "
      "UNION ALL "
      "SELECT page.i, " KN_USER_COLUMNS
      ", m.joined_at FROM page JOIN chats c ON c.id = page.id AND c.type = 'direct' "
      "JOIN user_chat_states m ON m.chat_id = page.id AND m.user_id <> ?3 JOIN users u ON "
      "u.id = m.user_id "
      "ORDER BY 1, 8, 2");
  row.bind(std::span<const std::uint8_t>(joined), std::uint64_t{items.size()}, user,
           std::uint64_t{domain::kListPeopleMax});
  while (row.step())
    items[static_cast<std::size_t>(row.integer(0))].people.push_back(read_user(row, 1));
}

std::vector<ports::ChatStanding> read_standings(Statement row) {
  std::vector<ports::ChatStanding> standings;
  while (row.step())
    standings.push_back({.chat_id = row.id<domain::ChatId>(0), .last_rev = row.count(1)});
  return standings;
}

Result<ports::CreatedChat> create_chat(Connection& connection, const ports::NewChat& fresh,
                                       Time now) {
  if (auto found = find_chat(connection, fresh.chat.id)) {
    return ports::CreatedChat{.is_new = false, .chat = std::move(*found), .user_revs = {}};
  }
  ports::CreatedChat created{.is_new = true, .chat = fresh.chat, .user_revs = {}};
  insert_chat(connection, fresh.chat, now);
  for (const auto& state : fresh.members) {
    const auto user_rev = raise_user_rev(connection, state.user_id);
    if (user_rev == 0) return fail_because(Errc::not_found, "no user " + state.user_id.to_string());
    created.user_revs.emplace_back(state.user_id, user_rev);
    put_state(connection, state);
    connection
        .prepare(
            "UPDATE user_chat_states SET changed_at = ?3, member_changed_at = ?3 WHERE user_id = "
            "?1 AND chat_id = ?2")
        .bind(state.user_id, state.chat_id, now)
        .run();
  }
  if (fresh.first_entry) {
    if (!insert_message(connection, fresh.first_entry->message))
      return fail_because(Errc::conflict, "a new chat has messages");
    domain::apply(created.chat, *fresh.first_entry);
    update_chat(connection, created.chat, now);
  }
  return created;
}

std::vector<ports::ChatStanding> read_chats_of(Connection& connection, domain::UserId user) {
  std::vector<ports::ChatStanding> standings;
  auto row = connection.prepare(
      "SELECT c.id, c.last_rev, s.member_rev, max(s.visible_from_seq, s.cleared_seq + 1) FROM "
      "user_chat_states s JOIN chats c ON c.id = s.chat_id WHERE s.user_id = ?1 AND s.is_member "
      "ORDER BY s.chat_id");
  row.bind(user);
  while (row.step()) {
    standings.push_back({.chat_id = row.id<domain::ChatId>(0),
                         .last_rev = row.count(1),
                         .member_rev = row.count(2),
                         .visibility = {.first_seq = row.count(3), .hidden = {}}});
  }
  auto hidden = connection.prepare(
      "SELECT chat_id, message_id FROM hidden_messages WHERE user_id = ?1 ORDER BY chat_id, "
      "message_id");
  hidden.bind(user);
  while (hidden.step()) {
    add_hidden(standings, hidden.id<domain::ChatId>(0), hidden.id<domain::MessageId>(1));
  }
  return standings;
}

}  // namespace

Task<Result<ports::CreatedChat>> SqliteStore::create(ports::NewChat chat) {
  auto work = [this, chat = std::move(chat)](Connection& connection) {
    const auto now = change_time();
    auto created = create_chat(connection, chat, now);
    if (created && created->is_new) {
      recent_.note(now, created->chat.id, created->chat.last_rev);
      for (const auto& [user, user_rev] : created->user_revs) recent_.note(now, user);
    }
    return created;
  };
  co_return co_await write<ports::CreatedChat>(std::move(work));
}

Task<Result<ports::ChatListPage>> SqliteStore::list(ports::ChatListQuery query) {
  auto work = [query](Connection& connection) -> Result<ports::ChatListPage> {
    ports::ChatListPage page;
    auto row = connection.prepare(list_statement(query.filter));
    row.bind(query.user, query.now, std::uint64_t{query.limit + 1});
    const auto& after = query.after;
    // Before the first: no chat's first number is under zero.
    row.bind_at(4, std::int64_t{!after ? -1 : after->is_pinned ? 0 : 1});
    row.bind_at(5, after && after->is_pinned ? std::uint64_t{after->pin_order} : 0);
    row.bind_at(6, after ? -after->updated_at.time_since_epoch().count() : std::int64_t{0});
    // Bound by address, so it must live until the rows are read.
    const auto after_id = after ? after->chat_id : domain::ChatId();
    row.bind_at(7, after_id);
    while (row.step()) page.items.push_back(read_item(row));
    page.has_more = page.items.size() > query.limit;
    if (page.has_more) page.items.pop_back();
    add_people(connection, query.user, page.items);
    return page;
  };
  co_return co_await readers_.read<ports::ChatListPage>(std::move(work));
}

Task<Result<domain::ChatListItem>> SqliteStore::item(domain::UserId user, domain::ChatId chat) {
  auto work = [user, chat](Connection& connection) -> Result<domain::ChatListItem> {
    auto row =
        connection.prepare(KN_LIST "WHERE s.user_id = ?1 AND s.chat_id = ?2 AND s.is_member");
    row.bind(user, chat);
    if (!row.step()) return fail(Errc::not_found);
    std::vector<domain::ChatListItem> items;
    items.push_back(read_item(row));
    add_people(connection, user, items);
    return std::move(items.front());
  };
  co_return co_await readers_.read<domain::ChatListItem>(std::move(work));
}

Task<Result<std::vector<ports::ChatStanding>>> SqliteStore::chats_of(domain::UserId user) {
  auto work = [user](Connection& connection) -> Result<std::vector<ports::ChatStanding>> {
    return read_chats_of(connection, user);
  };
  co_return co_await readers_.read<std::vector<ports::ChatStanding>>(std::move(work));
}

Task<Result<std::vector<ports::ChatStanding>>> SqliteStore::standings(
    std::vector<domain::ChatId> chats) {
  auto work = [chats = std::move(chats)](
                  Connection& connection) -> Result<std::vector<ports::ChatStanding>> {
    const auto joined = join_ids(chats);
    auto row = connection.prepare(
        KN_PAGE "SELECT c.id, c.last_rev FROM page JOIN chats c ON c.id = page.id");
    row.bind(std::span<const std::uint8_t>(joined), std::uint64_t{chats.size()});
    return read_standings(std::move(row));
  };
  co_return co_await readers_.read<std::vector<ports::ChatStanding>>(std::move(work));
}

Task<Result<bool>> SqliteStore::is_member(domain::ChatId chat, domain::UserId user) {
  auto work = [chat, user](Connection& connection) -> Result<bool> {
    auto row = connection.prepare(
        "SELECT 1 FROM user_chat_states WHERE user_id = ?1 AND chat_id = ?2 AND is_member");
    row.bind(user, chat);
    return row.step();
  };
  co_return co_await readers_.read<bool>(std::move(work));
}

}  // namespace knotos::adapters::sqlite
