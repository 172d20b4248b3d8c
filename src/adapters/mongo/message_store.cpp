#include "adapters/mongo/documents.hpp"
#include "adapters/mongo/mongo_store.hpp"
#include "ports/history_page.hpp"

#include <algorithm>
#include <utility>

// Reading messages.
namespace knotos::adapters::mongo {
namespace {

using domain::Message;

/// One reader's way through the messages of a chat: what they may not see is not there, nor what is
/// not applied yet.
class Walk {
 public:
  Walk(Session& session, domain::ChatId chat, const ports::HistoryQuery& query,
       domain::Seq last_seq)
      : session_(session), chat_(chat), query_(query), last_seq_(last_seq) {}

  /// Ascending, like `from`.
  [[nodiscard]] std::vector<Message> before(domain::Seq seq, std::size_t limit) {
    auto messages = take(document("$lt", std::min(seq, last_seq_ + 1), "$gte", first()), -1, limit);
    std::ranges::reverse(messages);
    return messages;
  }

  [[nodiscard]] std::vector<Message> from(domain::Seq seq, std::size_t limit) {
    return take(document("$gte", std::max(seq, first()), "$lte", last_seq_), 1, limit);
  }

 private:
  /// Entries that are no messages have a negative number.
  [[nodiscard]] domain::Seq first() const { return std::max<domain::Seq>(1, query_.first_seq); }

  [[nodiscard]] std::vector<Message> take(const Document& range, int direction, std::size_t limit) {
    std::vector<Message> messages;
    if (limit == 0) return messages;
    auto cursor = session_.find(kMessages, document("chatId", chat_, "seq", range),
                                {.sort = document("chatId", 1, "seq", direction),
                                 .fields = {},
                                 .limit = limit + query_.hidden.size()});
    while (messages.size() < limit) {
      const auto found = cursor.next();
      if (!found) break;
      auto message = read_message(*found);
      if (!std::ranges::binary_search(query_.hidden, message.id)) {
        messages.push_back(std::move(message));
      }
    }
    return messages;
  }

  Session& session_;
  domain::ChatId chat_;
  const ports::HistoryQuery& query_;
  domain::Seq last_seq_;
};

ports::HistoryPage read_history(Session& session, domain::ChatId chat,
                                const ports::HistoryQuery& query) {
  const auto found = session.find_one(kChats, document("_id", chat),
                                      {.sort = {}, .fields = document("lastSeq", 1)});
  const auto last_seq = found ? View(*found).count("lastSeq") : 0;
  Walk walk(session, chat, query, last_seq);
  return ports::history_page(walk, query, last_seq);
}

Result<ports::Changes> read_changes(Session& session, domain::ChatId chat, domain::Rev since,
                                    std::size_t limit) {
  const auto found = find_chat(session, chat);
  if (!found) return fail(Errc::not_found);
  ports::Changes changes{.messages = {}, .last_rev = found->last_rev, .has_more = false};
  if (since >= found->last_rev) return changes;
  auto cursor = session.find(
      kMessages,
      document("chatId", chat, "changedRev", document("$gt", since, "$lte", found->last_rev)),
      {.sort = document("chatId", 1, "changedRev", 1), .fields = {}, .limit = limit + 1});
  while (const auto each = cursor.next()) changes.messages.push_back(read_message(*each));
  changes.has_more = changes.messages.size() > limit;
  if (changes.has_more) changes.messages.pop_back();
  return changes;
}

Document reactions_of(domain::ChatId chat, domain::MessageId message) {
  return document("chatId", chat, "messageId", message, "isOn", true);
}

ports::ReactionPage read_reactions(Session& session, const Document& filter,
                                   const std::optional<ports::ReactionPosition>& after,
                                   std::size_t limit) {
  // All of them from the last one's time on: those of one moment are told apart here.
  auto bounded = filter;
  if (after) bounded.add("createdAt", document("$gte", after->created_at));
  auto cursor = session.find(kReactions, bounded,
                             {.sort = document("createdAt", 1, "userId", 1, "emoji", 1)});
  ports::ReactionPage page;
  while (const auto found = cursor.next()) {
    domain::Reaction reaction{.user_id = found->id<domain::UserId>("userId"),
                              .emoji = found->text("emoji"),
                              .created_at = found->time("createdAt")};
    if (after && std::tie(reaction.created_at, reaction.user_id, reaction.emoji) <=
                     std::tie(after->created_at, after->user_id, after->emoji)) {
      continue;
    }
    page.has_more = page.reactions.size() == limit;
    if (page.has_more) break;
    page.reactions.push_back(std::move(reaction));
  }
  return page;
}

}  // namespace

Task<Result<ports::Changes>> MongoStore::changes(domain::ChatId chat, domain::Rev since,
                                                 std::size_t limit) {
  auto job = [chat, since, limit](Session& session) {
    return read_changes(session, chat, since, limit);
  };
  co_return co_await run<ports::Changes>(std::move(job));
}

Task<Result<ports::HistoryPage>> MongoStore::history(domain::ChatId chat,
                                                     ports::HistoryQuery query) {
  auto job = [chat, query = std::move(query)](Session& session) -> Result<ports::HistoryPage> {
    return read_history(session, chat, query);
  };
  co_return co_await run<ports::HistoryPage>(std::move(job));
}

Task<Result<Message>> MongoStore::find(domain::ChatId chat, domain::MessageId message) {
  auto job = [chat, message](Session& session) -> Result<Message> {
    const auto found = session.find_one(kMessages, document("_id", message, "chatId", chat));
    if (!found) return fail(Errc::not_found);
    return read_message(*found);
  };
  co_return co_await run<Message>(std::move(job));
}

Task<Result<std::optional<Message>>> MongoStore::find_by_key(domain::ChatId chat,
                                                             domain::UserId sender,
                                                             std::string client_message_id) {
  auto job = [chat, sender, key = std::move(client_message_id)](
                 Session& session) -> Result<std::optional<Message>> {
    const auto found = session.find_one(
        kMessages, document("chatId", chat, "senderId", sender, "clientMessageId", key));
    std::optional<Message> message;
    if (found && !View(*found).has("op")) message = read_message(*found);
    return message;
  };
  co_return co_await run<std::optional<Message>>(std::move(job));
}

Task<Result<ports::ReactionPage>> MongoStore::reactions(
    domain::ChatId chat, domain::MessageId message, std::optional<ports::ReactionPosition> after,
    std::size_t limit) {
  auto job = [chat, message, after = std::move(after),
              limit](Session& session) -> Result<ports::ReactionPage> {
    return read_reactions(session, reactions_of(chat, message), after, limit);
  };
  co_return co_await run<ports::ReactionPage>(std::move(job));
}

Task<Result<bool>> MongoStore::has_reaction(domain::ChatId chat, domain::MessageId message,
                                            domain::UserId user, std::string emoji) {
  auto job = [chat, message, user, emoji = std::move(emoji)](Session& session) -> Result<bool> {
    const auto id = pair_id(message, user) + ":" + emoji;
    return session.find_one(kReactions, document("_id", id, "chatId", chat, "isOn", true))
        .has_value();
  };
  co_return co_await run<bool>(std::move(job));
}

Task<Result<std::vector<domain::UserId>>> MongoStore::recent_reactors(domain::ChatId chat,
                                                                      domain::MessageId message,
                                                                      std::string emoji,
                                                                      std::size_t limit) {
  auto job = [chat, message, emoji = std::move(emoji),
              limit](Session& session) -> Result<std::vector<domain::UserId>> {
    auto cursor = session.find(
        kReactions, reactions_of(chat, message).add("emoji", emoji),
        {.sort = document("createdAt", -1, "userId", -1), .fields = {}, .limit = limit});
    std::vector<domain::UserId> users;
    while (const auto found = cursor.next()) users.push_back(found->id<domain::UserId>("userId"));
    return users;
  };
  co_return co_await run<std::vector<domain::UserId>>(std::move(job));
}

Task<Result<std::vector<Message>>> MongoStore::messages_by(domain::ChatId chat,
                                                           domain::UserId sender, domain::Seq after,
                                                           std::size_t limit) {
  auto job = [chat, sender, after, limit](Session& session) -> Result<std::vector<Message>> {
    auto cursor = session.find(
        kMessages,
        document("chatId", chat, "senderId", sender, "seq", document("$gt", after), "isDeleted",
                 false, "type", document("$ne", name_of(domain::MessageType::system))),
        {.sort = document("chatId", 1, "senderId", 1, "seq", 1), .fields = {}, .limit = limit});
    std::vector<Message> messages;
    while (const auto found = cursor.next()) messages.push_back(read_message(*found));
    return messages;
  };
  co_return co_await run<std::vector<Message>>(std::move(job));
}

}  // namespace knotos::adapters::mongo
