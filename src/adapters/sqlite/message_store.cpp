#include "adapters/sqlite/rows.hpp"
#include "adapters/sqlite/sqlite_store.hpp"
#include "ports/history_page.hpp"

#include <algorithm>
#include <utility>

// Reading messages.
namespace knotos::adapters::sqlite {
namespace {

using domain::Message;

std::vector<Message> read_all(Statement row) {
  std::vector<Message> messages;
  while (row.step()) messages.push_back(read_message(row));
  return messages;
}

/// One reader's way through the messages of a chat: what they may not see is not there.
class Walk {
 public:
  Walk(Connection& connection, domain::ChatId chat, const ports::HistoryQuery& query)
      : connection_(connection), chat_(chat), query_(query) {}

  /// Ascending, like `from`.
  [[nodiscard]] std::vector<Message> before(domain::Seq seq, std::size_t limit) {
    auto row = connection_.prepare(
        "SELECT " KN_MESSAGE_COLUMNS
        " FROM messages WHERE chat_id = ?1 AND seq < ?2 AND seq >= ?3 ORDER BY seq DESC");
    row.bind(chat_, seq, query_.first_seq);
    auto messages = take(row, limit);
    std::ranges::reverse(messages);
    return messages;
  }

  [[nodiscard]] std::vector<Message> from(domain::Seq seq, std::size_t limit) {
    auto row = connection_.prepare("SELECT " KN_MESSAGE_COLUMNS
                                   " FROM messages WHERE chat_id = ?1 AND seq >= ?2 ORDER BY seq");
    row.bind(chat_, std::max(seq, query_.first_seq));
    return take(row, limit);
  }

 private:
  /// Steps until there are enough: the statements have no limit of their own.
  [[nodiscard]] std::vector<Message> take(Statement& row, std::size_t limit) const {
    std::vector<Message> messages;
    while (messages.size() < limit && row.step()) {
      if (std::ranges::binary_search(query_.hidden, row.id<domain::MessageId>(0))) continue;
      messages.push_back(read_message(row));
    }
    return messages;
  }

  Connection& connection_;
  domain::ChatId chat_;
  const ports::HistoryQuery& query_;
};

domain::Seq last_seq_of(Connection& connection, domain::ChatId chat) {
  auto row = connection.prepare("SELECT last_seq FROM chats WHERE id = ?1");
  row.bind(chat);
  return row.step() ? row.count(0) : 0;
}

}  // namespace

Task<Result<ports::Changes>> SqliteStore::changes(domain::ChatId chat, domain::Rev since,
                                                  std::size_t limit) {
  auto work = [chat, since, limit](Connection& connection) -> Result<ports::Changes> {
    const auto found = find_chat(connection, chat);
    if (!found) return fail(Errc::not_found);
    ports::Changes changes{.messages = {}, .last_rev = found->last_rev, .has_more = false};
    if (since >= found->last_rev) return changes;
    auto row =
        connection.prepare("SELECT " KN_MESSAGE_COLUMNS
                           " FROM messages WHERE chat_id = ?1 AND rev > ?2 ORDER BY rev LIMIT ?3");
    row.bind(chat, since, std::uint64_t{limit + 1});
    changes.messages = read_all(std::move(row));
    changes.has_more = changes.messages.size() > limit;
    if (changes.has_more) changes.messages.pop_back();
    return changes;
  };
  co_return co_await readers_.read<ports::Changes>(std::move(work));
}

Task<Result<ports::HistoryPage>> SqliteStore::history(domain::ChatId chat,
                                                      ports::HistoryQuery query) {
  auto work = [chat, query](Connection& connection) -> Result<ports::HistoryPage> {
    Walk walk(connection, chat, query);
    return ports::history_page(walk, query, last_seq_of(connection, chat));
  };
  co_return co_await readers_.read<ports::HistoryPage>(std::move(work));
}

Task<Result<Message>> SqliteStore::find(domain::ChatId chat, domain::MessageId message) {
  auto work = [chat, message](Connection& connection) -> Result<Message> {
    auto row = connection.prepare("SELECT " KN_MESSAGE_COLUMNS
                                  " FROM messages WHERE id = ?1 AND chat_id = ?2");
    row.bind(message, chat);
    if (!row.step()) return fail(Errc::not_found);
    return read_message(row);
  };
  co_return co_await readers_.read<Message>(std::move(work));
}

Task<Result<std::optional<Message>>> SqliteStore::find_by_key(domain::ChatId chat,
                                                              domain::UserId sender,
                                                              std::string client_message_id) {
  auto work = [chat, sender, key = std::move(client_message_id)](
                  Connection& connection) -> Result<std::optional<Message>> {
    auto row = connection.prepare(
        "SELECT " KN_MESSAGE_COLUMNS
        " FROM messages WHERE chat_id = ?1 AND sender_id = ?2 AND client_message_id = ?3");
    row.bind(chat, sender, key);
    std::optional<Message> message;
    if (row.step()) message = read_message(row);
    return message;
  };
  co_return co_await readers_.read<std::optional<Message>>(std::move(work));
}

Task<Result<ports::ReactionPage>> SqliteStore::reactions(
    domain::ChatId /*chat*/, domain::MessageId message,
    std::optional<ports::ReactionPosition> after, std::size_t limit) {
  auto work = [message, after = std::move(after),
               limit](Connection& connection) -> Result<ports::ReactionPage> {
    auto row = connection.prepare(
        "SELECT " KN_REACTION_COLUMNS
        " FROM reactions WHERE message_id = ?1 AND (created_at, "
        "user_id, emoji) > (?2, ?3, ?4) ORDER BY created_at, user_id, emoji LIMIT ?5");
    const auto user = after ? after->user_id : domain::UserId();
    const std::string emoji = after ? after->emoji : std::string();
    row.bind(message, after ? after->created_at : Time(Milliseconds(-1)), user, emoji,
             std::uint64_t{limit + 1});
    ports::ReactionPage page;
    while (row.step()) page.reactions.push_back(read_reaction(row));
    page.has_more = page.reactions.size() > limit;
    if (page.has_more) page.reactions.pop_back();
    return page;
  };
  co_return co_await readers_.read<ports::ReactionPage>(std::move(work));
}

Task<Result<bool>> SqliteStore::has_reaction(domain::ChatId /*chat*/, domain::MessageId message,
                                             domain::UserId user, std::string emoji) {
  auto work = [message, user, emoji = std::move(emoji)](Connection& connection) -> Result<bool> {
    auto row = connection.prepare(
        "SELECT 1 FROM reactions WHERE message_id = ?1 AND user_id = ?2 AND emoji = ?3");
    row.bind(message, user, emoji);
    return row.step();
  };
  co_return co_await readers_.read<bool>(std::move(work));
}

Task<Result<std::vector<Message>>> SqliteStore::messages_by(domain::ChatId chat,
                                                            domain::UserId sender,
                                                            domain::Seq after, std::size_t limit) {
  auto work = [chat, sender, after, limit](Connection& connection) -> Result<std::vector<Message>> {
    auto row = connection.prepare(
        "SELECT " KN_MESSAGE_COLUMNS
        " FROM messages WHERE chat_id = ?1 AND sender_id = ?2 AND seq > ?3 AND is_deleted = 0 AND "
        "type <> 'system' ORDER BY seq LIMIT ?4");
    row.bind(chat, sender, after, std::uint64_t{limit});
    return read_all(std::move(row));
  };
  co_return co_await readers_.read<std::vector<Message>>(std::move(work));
}

}  // namespace knotos::adapters::sqlite
