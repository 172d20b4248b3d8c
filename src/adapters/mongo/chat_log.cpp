#include "adapters/mongo/log_writer.hpp"
#include "adapters/mongo/mongo_store.hpp"
#include "base/metrics.hpp"

#include <boost/asio/steady_timer.hpp>
#include <boost/asio/this_coro.hpp>

#include <algorithm>
#include <chrono>
#include <memory>
#include <utility>

// The log of each chat.
namespace knotos::adapters::mongo {
namespace {

using domain::ChangeEntry;
using domain::LogEntry;
using domain::MessageEntry;
using ports::AppendOutcome;
using ports::AppendStatus;

metrics::Counter collisions("mongo_place_collisions_total",
                            "Appends whose place in the log was another's.");
metrics::Counter parted("mongo_appends_parted_total",
                        "Batches of which another process's entry came into the middle.");

const domain::Message* message_in(const LogEntry& entry) {
  const auto* const kept = std::get_if<MessageEntry>(&entry);
  return kept == nullptr ? nullptr : &kept->message;
}

/// The first entry whose key is there already, in the store or earlier in the batch.
std::optional<std::size_t> find_taken_key(Session& session, domain::ChatId chat,
                                          const std::vector<LogEntry>& entries) {
  std::vector<std::pair<domain::UserId, std::string>> keys;
  std::vector<domain::UserId> senders;
  std::vector<std::string> ids;
  for (const auto& entry : entries) {
    const auto* const message = message_in(entry);
    if (message == nullptr) continue;
    keys.emplace_back(message->sender_id, message->client_message_id);
    if (std::ranges::find(senders, message->sender_id) == senders.end()) {
      senders.push_back(message->sender_id);
    }
    ids.push_back(message->client_message_id);
  }
  if (keys.empty()) return std::nullopt;
  std::vector<std::pair<domain::UserId, std::string>> taken;
  auto cursor = session.find(
      kMessages,
      document("chatId", chat, "senderId", any_of(senders), "clientMessageId", any_of(ids)),
      {.sort = {}, .fields = document("senderId", 1, "clientMessageId", 1)});
  while (const auto found = cursor.next()) {
    taken.emplace_back(found->id<domain::UserId>("senderId"), found->text("clientMessageId"));
  }
  for (std::size_t at = 0; at < keys.size(); ++at) {
    const auto earlier = keys.begin() + static_cast<std::ptrdiff_t>(at);
    if (std::ranges::find(taken, keys[at]) != taken.end() ||
        std::find(keys.begin(), earlier, keys[at]) != earlier) {
      return at;
    }
  }
  return std::nullopt;
}

/// What the entry's target was changed by last: its content in the log is superseded.
domain::Rev superseded_by(Session& session, const LogEntry& entry) {
  const auto* const change = std::get_if<ChangeEntry>(&entry);
  if (change == nullptr) return 0;
  const auto target = session.find_one(
      kMessages, document("_id", change->after.id, "chatId", change->after.chat_id),
      {.sort = {}, .fields = document("changedRev", 1)});
  return target ? View(*target).count("changedRev") : 0;
}

/// After the insert, which is the commit. Where this fails, whoever comes by does the rest.
AppendOutcome apply_all(Session& session, domain::Chat chat, domain::Rev at_rev,
                        const std::vector<LogEntry>& entries) {
  LogApplier applier(session);
  // Moved on by another process: then by one that has applied these entries first.
  if (!applier.apply(chat, entries)) {
    const auto now = settle_chat(session, chat.id);
    if (!now || now->last_rev < at_rev + entries.size()) {
      return {.status = AppendStatus::unknown, .cause = "the chat is behind its log"};
    }
  }
  return {.status = AppendStatus::appended, .user_revs = applier.take_user_revs()};
}

/// `chat` stands at `at_rev`.
AppendOutcome append_all(Session& session, domain::Chat chat, domain::Rev at_rev,
                         const std::vector<LogEntry>& entries) {
  const auto id = chat.id;
  // A batch goes in entry by entry: a key that is taken must be known before the first is in.
  if (entries.size() > 1) {
    if (const auto taken = find_taken_key(session, id, entries)) {
      return {.status = AppendStatus::key_taken, .offender = *taken};
    }
  }
  std::vector<Document> documents;
  documents.reserve(entries.size());
  for (const auto& entry : entries) {
    documents.push_back(entry_document(entry, superseded_by(session, entry)));
  }
  const auto inserted = session.insert(kMessages, documents);
  if (inserted.is_duplicate && inserted.inserted == 0) {
    // Which index it was is learnt by looking.
    if (const auto taken = find_taken_key(session, id, {entries.front()})) {
      return {.status = AppendStatus::key_taken, .offender = *taken};
    }
    return {.status = AppendStatus::place_taken};
  }
  if (inserted.is_duplicate) {
    parted.add();
    return {.status = AppendStatus::unknown,
            .cause = "another process's entry came into the middle of a batch"};
  }
  try {
    return apply_all(session, std::move(chat), at_rev, entries);
  } catch (const Failure& failure) {
    return {.status = AppendStatus::unknown, .cause = failure.what()};
  }
}

std::vector<domain::UserId> find_pair(Session& session, domain::ChatId chat) {
  std::vector<domain::UserId> pair;
  auto cursor = session.find(kStates, document("chatId", chat),
                             {.sort = {}, .fields = document("userId", 1)});
  while (const auto found = cursor.next()) pair.push_back(found->id<domain::UserId>("userId"));
  return pair;
}

}  // namespace

Task<Result<ports::LoadedChat>> MongoStore::load(domain::ChatId chat,
                                                 std::vector<domain::UserId> users) {
  auto job = [chat, users = std::move(users)](Session& session) -> Result<ports::LoadedChat> {
    auto found = settle_chat(session, chat);
    if (!found) return fail(Errc::not_found);
    ports::LoadedChat loaded{.chat = std::move(*found), .states = {}, .pair = {}};
    if (loaded.chat.type == domain::ChatType::direct) loaded.pair = find_pair(session, chat);
    if (users.empty()) return loaded;
    std::vector<std::string> ids;
    for (const auto& user : users) ids.push_back(pair_id(user, chat));
    auto cursor = session.find(kStates, document("_id", any_of(ids)));
    while (const auto state = cursor.next()) loaded.states.push_back(read_state(*state));
    return loaded;
  };
  co_return co_await run<ports::LoadedChat>(std::move(job));
}

Task<Result<ports::Roster>> MongoStore::roster(domain::ChatId chat) {
  auto job = [chat](Session& session) -> Result<ports::Roster> {
    auto found = settle_chat(session, chat);
    if (!found) return fail(Errc::not_found);
    ports::Roster roster{.chat = std::move(*found), .members = {}};
    auto cursor = session.find(kStates, document("chatId", chat, "isMember", true));
    while (const auto each = cursor.next()) {
      const auto state = read_state(*each);
      roster.members.push_back(
          {.user_id = state.user_id, .role = state.role, .joined_at = state.joined_at});
    }
    std::ranges::sort(roster.members, {}, [](const ports::RosterMember& member) {
      return std::pair(member.joined_at, member.user_id);
    });
    return roster;
  };
  co_return co_await run<ports::Roster>(std::move(job));
}

std::optional<AppendOutcome> MongoStore::try_append(Session& session, domain::ChatId id,
                                                    domain::Rev at_rev,
                                                    const std::vector<LogEntry>& entries,
                                                    bool has_waited) {
  const auto begun_at = std::chrono::steady_clock::now();
  AppendOutcome outcome{.status = AppendStatus::place_taken};
  const auto found = session.find_one(kChats, document("_id", id));
  if (found && !View(*found).has("founding") && View(*found).count("lastRev") == at_rev) {
    if (!has_waited && turns_.is_anothers(session, *found)) return std::nullopt;
    outcome = append_all(session, read_chat(*found), at_rev, entries);
  }
  if (outcome.status == AppendStatus::place_taken) {
    collisions.add();
    turns_.lose(session, id);
  } else if (outcome.status == AppendStatus::appended) {
    using std::chrono::microseconds;
    turns_.win(
        id, std::chrono::duration_cast<microseconds>(std::chrono::steady_clock::now() - begun_at));
  } else if (outcome.status == AppendStatus::unknown) {
    keeper_.remember(id);
  }
  return outcome;
}

Task<AppendOutcome> MongoStore::append(domain::ChatId chat, domain::Rev at_rev,
                                       std::vector<LogEntry> entries) {
  const auto shared = std::make_shared<const std::vector<LogEntry>>(std::move(entries));
  using Tried = std::optional<AppendOutcome>;
  for (bool has_waited = false;; has_waited = true) {
    auto job = [this, chat, at_rev, shared, has_waited](Session& session) -> Result<Tried> {
      try {
        return try_append(session, chat, at_rev, *shared, has_waited);
      } catch (const Failure& failure) {
        const bool is_unknown = failure.fate() == Fate::unknown;
        if (is_unknown) keeper_.remember(chat);
        return AppendOutcome{
            .status = is_unknown ? AppendStatus::unknown : AppendStatus::unavailable,
            .cause = failed(failure).error().cause};
      }
    };
    auto outcome = co_await run<Tried>(std::move(job));
    if (!outcome) {
      co_return AppendOutcome{.status = AppendStatus::unavailable,
                              .cause = std::move(outcome.error().cause)};
    }
    if (*outcome) co_return std::move(**outcome);
    boost::asio::steady_timer timer(co_await boost::asio::this_coro::executor, turns_.pause());
    co_await timer.async_wait(boost::asio::use_awaitable);
  }
}

Task<Result<void>> MongoStore::complete_pending(domain::ChatId chat) {
  auto job = [chat](Session& session) -> Result<bool> {
    if (!settle_chat(session, chat)) return fail(Errc::not_found);
    return true;
  };
  auto settled = co_await run<bool>(std::move(job));
  if (!settled) co_return fail(std::move(settled.error()));
  co_return Result<void>();
}

}  // namespace knotos::adapters::mongo
