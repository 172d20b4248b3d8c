#include "adapters/sqlite/rows.hpp"
#include "adapters/sqlite/sqlite_store.hpp"

#include <algorithm>
#include <utility>

// What is private to one user in one chat, members and their receipts: reading it.
namespace knotos::adapters::sqlite {
namespace {

std::vector<domain::MessageId> read_hidden(Connection& connection, domain::UserId user,
                                           domain::ChatId chat) {
  auto row = connection.prepare(
      "SELECT message_id FROM hidden_messages WHERE user_id = ?1 AND chat_id = ?2 ORDER BY "
      "message_id");
  row.bind(user, chat);
  std::vector<domain::MessageId> hidden;
  while (row.step()) hidden.push_back(row.id<domain::MessageId>(0));
  return hidden;
}

/// Before the first: nobody joined under zero.
Time joined_after(const std::optional<ports::MemberPosition>& after) {
  return after ? after->joined_at : Time(Milliseconds(-1));
}

domain::UserId user_after(const std::optional<ports::MemberPosition>& after) {
  return after ? after->user_id : domain::UserId();
}

ports::MemberReceipt read_receipt(const Statement& row, domain::Seq seq) {
  ports::MemberReceipt receipt{.user_id = row.id<domain::UserId>(0),
                               .joined_at = row.time(1),
                               .is_delivered = row.count(2) >= seq,
                               .is_read = row.count(3) >= seq,
                               .delivered_at = {},
                               .read_at = {}};
  if (receipt.is_delivered && row.count(5) < seq) receipt.delivered_at = row.optional_time(4);
  if (receipt.is_read && row.count(7) < seq) receipt.read_at = row.optional_time(6);
  return receipt;
}

// Members who were there when the message came. ?1 chat, ?2 its time, ?3 its sender.
#define KN_WERE_THERE "s.chat_id = ?1 AND s.is_member = 1 AND s.joined_at <= ?2 AND s.user_id <> ?3"

ports::ReceiptPage read_receipts(Connection& connection, const ports::ReceiptQuery& query) {
  ports::ReceiptPage page;
  {
    auto row = connection.prepare(
        "SELECT count(*), ifnull(sum(s.last_delivered_seq >= ?4), 0), ifnull(sum(s.last_read_seq "
        ">= ?4), 0) FROM user_chat_states s WHERE " KN_WERE_THERE);
    row.bind(query.chat, query.created_at, query.sender, query.seq);
    if (row.step()) {
      page.member_count = static_cast<std::size_t>(row.count(0));
      page.delivered_count = static_cast<std::size_t>(row.count(1));
      page.read_count = static_cast<std::size_t>(row.count(2));
    }
  }
  auto row = connection.prepare(
      "SELECT s.user_id, s.joined_at, s.last_delivered_seq, s.last_read_seq, s.delivered_at, "
      "s.delivered_after_seq, s.read_at, s.read_after_seq FROM user_chat_states s "
      "WHERE " KN_WERE_THERE
      " AND (s.joined_at, s.user_id) > (?4, ?5) ORDER BY s.joined_at, s.user_id LIMIT ?6");
  const auto after_id = user_after(query.after);
  row.bind(query.chat, query.created_at, query.sender, joined_after(query.after), after_id,
           std::uint64_t{query.limit + 1});
  while (row.step()) page.receipts.push_back(read_receipt(row, query.seq));
  page.has_more = page.receipts.size() > query.limit;
  if (page.has_more) page.receipts.pop_back();
  return page;
}

}  // namespace

Task<Result<std::vector<domain::MessageId>>> SqliteStore::hidden_in(domain::UserId user,
                                                                    domain::ChatId chat) {
  auto work = [user, chat](Connection& connection) -> Result<std::vector<domain::MessageId>> {
    const auto state = find_state(connection, user, chat);
    if (!state || !state->is_member) return fail(Errc::not_found);
    return read_hidden(connection, user, chat);
  };
  co_return co_await readers_.read<std::vector<domain::MessageId>>(std::move(work));
}

Task<Result<domain::Visibility>> SqliteStore::visibility(domain::UserId user, domain::ChatId chat) {
  auto work = [user, chat](Connection& connection) -> Result<domain::Visibility> {
    const auto state = find_state(connection, user, chat);
    if (!state || !state->is_member) return fail(Errc::not_found);
    return domain::Visibility{.first_seq = domain::first_visible_seq(*state),
                              .hidden = read_hidden(connection, user, chat)};
  };
  co_return co_await readers_.read<domain::Visibility>(std::move(work));
}

Task<Result<ports::MemberPage>> SqliteStore::members(domain::ChatId chat,
                                                     std::optional<ports::MemberPosition> after,
                                                     std::size_t limit) {
  auto work = [chat, after, limit](Connection& connection) -> Result<ports::MemberPage> {
    auto row = connection.prepare(
        "SELECT " KN_STATE_COLUMNS ", " KN_USER_COLUMNS
        " FROM user_chat_states s JOIN users u ON u.id = s.user_id WHERE s.chat_id = ?1 AND "
        "s.is_member = 1 AND (s.joined_at, s.user_id) > (?2, ?3) ORDER BY s.joined_at, s.user_id "
        "LIMIT ?4");
    const auto after_id = user_after(after);
    row.bind(chat, joined_after(after), after_id, std::uint64_t{limit + 1});
    ports::MemberPage page;
    while (row.step()) {
      page.members.push_back({.user = read_user(row, kStateColumns), .state = read_state(row)});
    }
    page.has_more = page.members.size() > limit;
    if (page.has_more) page.members.pop_back();
    return page;
  };
  co_return co_await readers_.read<ports::MemberPage>(std::move(work));
}

Task<Result<ports::ReceiptPage>> SqliteStore::receipts(ports::ReceiptQuery query) {
  auto work = [query](Connection& connection) -> Result<ports::ReceiptPage> {
    return read_receipts(connection, query);
  };
  co_return co_await readers_.read<ports::ReceiptPage>(std::move(work));
}

Task<Result<std::vector<ports::UnreadChat>>> SqliteStore::unread(domain::UserId user, Time now) {
  auto work = [user, now](Connection& connection) -> Result<std::vector<ports::UnreadChat>> {
    auto row = connection.prepare(
        "SELECT c.id, c.last_ordinal - s.last_read_ordinal - s.own_count + s.own_count_at_read, "
        "s.marked_unread, " KN_ARCHIVED
        " FROM user_chat_states s JOIN chats c ON c.id = s.chat_id WHERE s.user_id = ?1 AND "
        "s.is_member AND " KN_LISTED " AND " KN_UNREAD " ORDER BY c.id");
    row.bind(user, now);
    std::vector<ports::UnreadChat> unread;
    while (row.step()) {
      unread.push_back(
          {.chat_id = row.id<domain::ChatId>(0),
           .unread_count = static_cast<std::uint64_t>(std::max<std::int64_t>(0, row.integer(1))),
           .marked_unread = row.flag(2),
           .is_archived = row.flag(3)});
    }
    return unread;
  };
  co_return co_await readers_.read<std::vector<ports::UnreadChat>>(std::move(work));
}

}  // namespace knotos::adapters::sqlite
