#include "adapters/sqlite/rows.hpp"
#include "adapters/sqlite/sqlite_store.hpp"

#include <utility>

// What changed since a time.
namespace knotos::adapters::sqlite {
namespace {

using ports::SyncPage;
using ports::SyncStore;

// When a chat changed last, for everybody or for this user; one that they left, when they did.
#define KN_CHANGED_AT "iif(s.is_member, max(c.changed_at, s.changed_at, s.marked_at), s.changed_at)"

std::vector<domain::MessageId> hidden_since(Connection& connection, domain::UserId user,
                                            domain::ChatId chat, Time since) {
  auto row = connection.prepare(
      "SELECT message_id FROM hidden_messages WHERE user_id = ?1 AND chat_id = ?2 AND hidden_at >= "
      "?3 ORDER BY message_id");
  row.bind(user, chat, since);
  std::vector<domain::MessageId> hidden;
  while (row.step()) hidden.push_back(row.id<domain::MessageId>(0));
  return hidden;
}

Result<SyncPage> read_sync(Connection& connection, const ports::SyncQuery& query) {
  SyncPage page;
  {
    auto row = connection.prepare("SELECT user_rev, changed_at FROM users WHERE id = ?1");
    row.bind(query.user);
    if (!row.step()) return fail(Errc::not_found);
    page.user_rev = row.count(0);
    page.settings_changed = row.time(1) >= query.since;
  }
  constexpr int kTimes = kStateColumns + kChatColumns;
  auto row = connection.prepare(
      "SELECT " KN_STATE_COLUMNS ", " KN_CHAT_COLUMNS
      ", s.changed_at, s.member_changed_at, " KN_CHANGED_AT
      " AS at FROM user_chat_states s JOIN chats c ON c.id = s.chat_id WHERE s.user_id = ?1 AND "
      "(" KN_CHANGED_AT ", s.chat_id) > (?2, ?3) ORDER BY at, s.chat_id LIMIT ?4");
  const auto after_id = query.after ? query.after->chat_id : domain::ChatId();
  row.bind(query.user, query.after ? query.after->changed_at : query.since, after_id,
           std::uint64_t{query.limit + 1});
  ports::SyncPosition last;
  while (row.step()) {
    if (page.chats.size() == query.limit) {
      page.next = last;
      break;
    }
    ports::SyncedChat chat{.chat = read_chat(row, kStateColumns),
                           .state = read_state(row),
                           .has_joined = row.time(kTimes + 1) >= query.since,
                           .has_private_change = row.time(kTimes) >= query.since,
                           .hidden = {}};
    if (chat.has_private_change) {
      chat.hidden = hidden_since(connection, query.user, chat.chat.id, query.since);
    }
    last = {.changed_at = row.time(kTimes + 2), .chat_id = chat.chat.id};
    page.chats.push_back(std::move(chat));
  }
  return page;
}

ports::MovedReceiptsPage read_receipts(Connection& connection,
                                       const ports::MovedReceiptsQuery& query) {
  // A chat that the user just came to tells all of its receipts: then their coming is what moved.
  auto row = connection.prepare(
      "SELECT p.chat_id, p.user_id, p.last_delivered_seq, p.last_read_seq, "
      "max(p.marked_at, s.member_changed_at) AS at FROM user_chat_states s JOIN chats c ON c.id = "
      "s.chat_id JOIN user_chat_states p ON p.chat_id = s.chat_id AND p.is_member = 1 WHERE "
      "s.user_id = ?1 AND s.is_member AND c.member_count <= ?2 AND p.user_id <> ?1 AND p.marked_at "
      "> 0 AND (max(p.marked_at, s.member_changed_at), p.chat_id, p.user_id) > (?3, ?4, ?5) AND "
      "NOT "
      "(c.type = 'direct' AND EXISTS (SELECT 1 FROM blocks b WHERE b.owner_id = ?1 AND b.other_id "
      "= "
      "p.user_id)) ORDER BY at, p.chat_id, p.user_id LIMIT ?6");
  const auto after_chat = query.after ? query.after->chat_id : domain::ChatId();
  const auto after_user = query.after ? query.after->user_id : domain::UserId();
  row.bind(query.user, std::uint64_t{query.members_max},
           query.after ? query.after->moved_at : query.since, after_chat, after_user,
           std::uint64_t{query.limit + 1});
  ports::MovedReceiptsPage page;
  ports::ReceiptPosition last;
  while (row.step()) {
    if (page.receipts.size() == query.limit) {
      page.next = last;
      break;
    }
    page.receipts.push_back({.chat_id = row.id<domain::ChatId>(0),
                             .user_id = row.id<domain::UserId>(1),
                             .last_delivered_seq = row.count(2),
                             .last_read_seq = row.count(3)});
    last = {.moved_at = row.time(4),
            .chat_id = page.receipts.back().chat_id,
            .user_id = page.receipts.back().user_id};
  }
  return page;
}

/// From the tables, for a sweep that goes back further than what is remembered.
SyncStore::Sweep scan(Connection& connection, Time since, std::size_t limit) {
  auto row = connection.prepare(
      "SELECT changed_at, 0, id, last_rev FROM chats WHERE changed_at >= ?1 UNION ALL "
      "SELECT changed_at, 1, user_id, 0 FROM user_chat_states WHERE changed_at >= ?1 UNION ALL "
      "SELECT changed_at, 1, id, 0 FROM users WHERE changed_at >= ?1 ORDER BY 1");
  row.bind(since);
  SweepCollector collector(limit);
  while (row.step()) {
    std::optional<domain::UserId> user;
    SyncStore::Swept chat;
    if (row.flag(1)) {
      user = row.id<domain::UserId>(2);
    } else {
      chat = {.chat_id = row.id<domain::ChatId>(2), .last_rev = row.count(3)};
    }
    if (!collector.take(row.time(0), user, chat)) break;
  }
  return collector.finish();
}

}  // namespace

Task<Result<std::string>> SqliteStore::epoch() { co_return epoch_; }

Task<Result<Time>> SqliteStore::store_time() {
  // All that was given an earlier time must be committed, which a clock alone could not promise:
  // while nothing is written, it is.
  const auto now = writer_.if_idle([this]() -> std::optional<Time> {
    const auto time = change_time();
    if (is_bound_near()) return std::nullopt;
    return time;
  });
  if (now) co_return *now;
  // Else the writer answers after its commit, and moves the bound on.
  auto work = [this](Connection& /*connection*/) -> Result<Time> { return change_time(); };
  co_return co_await write<Time>(std::move(work));
}

Task<Result<SyncPage>> SqliteStore::sync(ports::SyncQuery query) {
  auto work = [query](Connection& connection) { return read_sync(connection, query); };
  co_return co_await readers_.read<SyncPage>(std::move(work));
}

Task<Result<ports::MovedReceiptsPage>> SqliteStore::moved_receipts(
    ports::MovedReceiptsQuery query) {
  auto work = [query](Connection& connection) -> Result<ports::MovedReceiptsPage> {
    return read_receipts(connection, query);
  };
  co_return co_await readers_.read<ports::MovedReceiptsPage>(std::move(work));
}

Task<Result<std::vector<ports::SyncedChat>>> SqliteStore::all_chats(domain::UserId user) {
  auto work = [user](Connection& connection) -> Result<std::vector<ports::SyncedChat>> {
    auto row = connection.prepare(
        "SELECT " KN_STATE_COLUMNS ", " KN_CHAT_COLUMNS
        " FROM user_chat_states s JOIN chats c ON c.id = s.chat_id WHERE s.user_id = ?1 ORDER BY "
        "s.chat_id");
    row.bind(user);
    std::vector<ports::SyncedChat> chats;
    while (row.step()) {
      chats.push_back({.chat = read_chat(row, kStateColumns),
                       .state = read_state(row),
                       .has_joined = false,
                       .has_private_change = false,
                       .hidden = {}});
    }
    return chats;
  };
  co_return co_await readers_.read<std::vector<ports::SyncedChat>>(std::move(work));
}

Task<Result<SyncStore::Sweep>> SqliteStore::changed_since(Time since, std::size_t limit) {
  auto now = co_await store_time();
  if (!now) co_return fail(std::move(now.error()));
  if (auto sweep = recent_.since(since, limit)) {
    sweep->now = *now;
    co_return std::move(*sweep);
  }
  auto work = [since, limit](Connection& connection) -> Result<Sweep> {
    return scan(connection, since, limit);
  };
  auto sweep = co_await readers_.read<Sweep>(std::move(work));
  if (sweep) sweep->now = *now;
  co_return sweep;
}

}  // namespace knotos::adapters::sqlite
