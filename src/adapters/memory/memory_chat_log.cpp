#include "adapters/memory/memory_store.hpp"

#include "base/assert.hpp"
#include "ports/history_page.hpp"

#include <algorithm>
#include <iterator>
#include <tuple>

// The log of each chat, and reading messages.
namespace knotos::adapters::memory {
namespace {

constexpr const char* kUnavailable = "the memory store was told to be unavailable";

/// The first entry whose key is taken, by the store or by an entry before it in the batch.
template <class KeyTaken>
std::optional<std::size_t> find_offender(const std::vector<domain::LogEntry>& entries,
                                         KeyTaken&& is_taken) {
  std::set<std::pair<domain::UserId, std::string>> of_batch;
  for (std::size_t at = 0; at < entries.size(); ++at) {
    const auto* entry = std::get_if<domain::MessageEntry>(&entries[at]);
    if (entry == nullptr) continue;
    std::pair key(entry->message.sender_id, entry->message.client_message_id);
    if (is_taken(key) || !of_batch.insert(std::move(key)).second) return at;
  }
  return std::nullopt;
}

/// What one reader may see of a chat.
class Shown {
 public:
  Shown(const std::vector<domain::Message>& all, const ports::HistoryQuery& query) {
    for (const auto& message : all) {
      const bool is_hidden = std::ranges::binary_search(query.hidden, message.id);
      if (message.seq >= query.first_seq && !is_hidden) messages_.push_back(&message);
    }
  }

  [[nodiscard]] std::vector<domain::Message> before(domain::Seq seq, std::size_t limit) const {
    const auto end = place_of(seq);
    return copy(end - std::min(end, limit), end);
  }
  [[nodiscard]] std::vector<domain::Message> from(domain::Seq seq, std::size_t limit) const {
    const auto begin = place_of(seq);
    return copy(begin, begin + std::min(messages_.size() - begin, limit));
  }

 private:
  [[nodiscard]] std::size_t place_of(domain::Seq seq) const {
    const auto seq_of = [](const domain::Message* message) { return message->seq; };
    const auto at = std::ranges::lower_bound(messages_, seq, {}, seq_of);
    return static_cast<std::size_t>(at - messages_.begin());
  }
  [[nodiscard]] std::vector<domain::Message> copy(std::size_t begin, std::size_t end) const {
    std::vector<domain::Message> messages;
    for (auto at = begin; at < end; ++at) messages.push_back(*messages_[at]);
    return messages;
  }

  std::vector<const domain::Message*> messages_;  ///< Ascending by `seq`.
};

}  // namespace

void MemoryStore::fail_next(ports::AppendStatus status, UnknownFate fate) {
  const std::scoped_lock lock(mutex_);
  failures_.push_back({status, fate});
}

void MemoryStore::set_available(bool is_available) {
  const std::scoped_lock lock(mutex_);
  is_available_ = is_available;
}

std::size_t MemoryStore::appends() const {
  const std::scoped_lock lock(mutex_);
  return appends_;
}

Task<Result<ports::LoadedChat>> MemoryStore::load(domain::ChatId chat,
                                                  std::vector<domain::UserId> users) {
  const std::scoped_lock lock(mutex_);
  if (!is_available_) co_return fail_because(Errc::store_unavailable, kUnavailable);
  const auto* found = stored(chat);
  if (found == nullptr) co_return fail(Errc::not_found);
  ports::LoadedChat loaded{found->chat, {}, {}};
  if (found->chat.type == domain::ChatType::direct) {
    for (const auto& [user, state] : found->states) loaded.pair.push_back(user);
  }
  std::ranges::sort(users);
  const auto repeated = std::ranges::unique(users);
  users.erase(repeated.begin(), repeated.end());
  for (const auto& user : users) {
    const auto state = found->states.find(user);
    if (state != found->states.end()) loaded.states.push_back(state->second);
  }
  co_return loaded;
}

Task<Result<ports::Roster>> MemoryStore::roster(domain::ChatId chat) {
  const std::scoped_lock lock(mutex_);
  if (!is_available_) co_return fail_because(Errc::store_unavailable, kUnavailable);
  const auto* found = stored(chat);
  if (found == nullptr) co_return fail(Errc::not_found);
  ports::Roster roster{found->chat, {}};
  for (const auto& [user, state] : found->states) {
    if (!state.is_member) continue;
    roster.members.push_back({.user_id = user, .role = state.role, .joined_at = state.joined_at});
  }
  std::ranges::sort(roster.members, {}, [](const ports::RosterMember& member) {
    return std::tuple(member.joined_at, member.user_id);
  });
  co_return roster;
}

Task<ports::AppendOutcome> MemoryStore::append(domain::ChatId chat, domain::Rev at_rev,
                                               std::vector<domain::LogEntry> entries) {
  const std::scoped_lock lock(mutex_);
  if (!is_available_) {
    co_return ports::AppendOutcome{.status = ports::AppendStatus::unavailable,
                                   .cause = kUnavailable};
  }
  if (failures_.empty()) co_return write(chat, at_rev, entries);
  const auto failure = failures_.front();
  failures_.erase(failures_.begin());
  if (failure.status == ports::AppendStatus::unknown && failure.fate == UnknownFate::written) {
    static_cast<void>(write(chat, at_rev, entries));
  }
  co_return ports::AppendOutcome{.status = failure.status,
                                 .cause = "the memory store was told to fail"};
}

Task<Result<void>> MemoryStore::complete_pending(domain::ChatId chat) {
  // Every append is one step here: nothing is ever pending.
  const std::scoped_lock lock(mutex_);
  if (!is_available_) co_return fail_because(Errc::store_unavailable, kUnavailable);
  if (stored(chat) == nullptr) co_return fail(Errc::not_found);
  co_return Result<void>();
}

Task<Result<ports::Changes>> MemoryStore::changes(domain::ChatId chat, domain::Rev since,
                                                  std::size_t limit) {
  const std::scoped_lock lock(mutex_);
  if (!is_available_) co_return fail_because(Errc::store_unavailable, kUnavailable);
  const auto* found = stored(chat);
  if (found == nullptr) co_return fail(Errc::not_found);
  ports::Changes changes{.messages = {}, .last_rev = found->chat.last_rev, .has_more = false};
  for (auto at = found->seq_by_rev.upper_bound(since); at != found->seq_by_rev.end(); ++at) {
    if (changes.messages.size() == limit) {
      changes.has_more = true;
      break;
    }
    changes.messages.push_back(found->messages[at->second - 1]);
  }
  co_return changes;
}

Task<Result<ports::HistoryPage>> MemoryStore::history(domain::ChatId chat,
                                                      ports::HistoryQuery query) {
  const std::scoped_lock lock(mutex_);
  if (!is_available_) co_return fail_because(Errc::store_unavailable, kUnavailable);
  const auto* found = stored(chat);
  if (found == nullptr) co_return ports::HistoryPage{};
  Shown shown(found->messages, query);
  co_return ports::history_page(shown, query, found->chat.last_seq);
}

Task<Result<domain::Message>> MemoryStore::find(domain::ChatId chat, domain::MessageId message) {
  const std::scoped_lock lock(mutex_);
  if (!is_available_) co_return fail_because(Errc::store_unavailable, kUnavailable);
  const auto* found = stored(chat);
  if (found == nullptr) co_return fail(Errc::not_found);
  const auto seq = found->seq_by_id.find(message);
  if (seq == found->seq_by_id.end()) co_return fail(Errc::not_found);
  co_return found->messages[seq->second - 1];
}

Task<Result<std::optional<domain::Message>>> MemoryStore::find_by_key(
    domain::ChatId chat, domain::UserId sender, std::string client_message_id) {
  const std::scoped_lock lock(mutex_);
  if (!is_available_) co_return fail_because(Errc::store_unavailable, kUnavailable);
  std::optional<domain::Message> message;
  if (const auto* found = stored(chat)) {
    const auto seq = found->seq_by_key.find({sender, client_message_id});
    if (seq != found->seq_by_key.end()) message = found->messages[seq->second - 1];
  }
  co_return message;
}

Task<Result<ports::ReactionPage>> MemoryStore::reactions(
    domain::ChatId chat, domain::MessageId message, std::optional<ports::ReactionPosition> after,
    std::size_t limit) {
  const std::scoped_lock lock(mutex_);
  if (!is_available_) co_return fail_because(Errc::store_unavailable, kUnavailable);
  const auto* found = stored(chat);
  ports::ReactionPage page;
  if (found == nullptr || !found->reactions.contains(message)) co_return page;
  const auto place = [](const domain::Reaction& each) {
    return std::tie(each.created_at, each.user_id, each.emoji);
  };
  auto all = found->reactions.at(message);
  std::ranges::sort(all, {}, place);
  for (auto& each : all) {
    if (after && place(each) <= std::tie(after->created_at, after->user_id, after->emoji)) continue;
    page.has_more = page.reactions.size() == limit;
    if (page.has_more) break;
    page.reactions.push_back(std::move(each));
  }
  co_return page;
}

Task<Result<bool>> MemoryStore::has_reaction(domain::ChatId chat, domain::MessageId message,
                                             domain::UserId user, std::string emoji) {
  const std::scoped_lock lock(mutex_);
  if (!is_available_) co_return fail_because(Errc::store_unavailable, kUnavailable);
  const auto* found = stored(chat);
  if (found == nullptr || !found->reactions.contains(message)) co_return false;
  co_return std::ranges::any_of(found->reactions.at(message), [&](const domain::Reaction& each) {
    return each.user_id == user && each.emoji == emoji;
  });
}

Task<Result<std::vector<domain::Message>>> MemoryStore::messages_by(domain::ChatId chat,
                                                                    domain::UserId sender,
                                                                    domain::Seq after,
                                                                    std::size_t limit) {
  const std::scoped_lock lock(mutex_);
  if (!is_available_) co_return fail_because(Errc::store_unavailable, kUnavailable);
  std::vector<domain::Message> messages;
  const auto* found = stored(chat);
  if (found == nullptr) co_return messages;
  for (const auto& message : found->messages) {
    if (messages.size() == limit) break;
    const bool is_own = message.sender_id == sender && !message.is_deleted &&
                        message.type != domain::MessageType::system;
    if (is_own && message.seq > after) messages.push_back(message);
  }
  co_return messages;
}

Time MemoryStore::change_time() {
  last_change_ = std::max(last_change_, now_utc());
  return last_change_;
}

MemoryStore::StoredChat* MemoryStore::stored(domain::ChatId chat) {
  const auto found = chats_.find(chat);
  return found == chats_.end() ? nullptr : &found->second;
}

ports::AppendOutcome MemoryStore::write(domain::ChatId chat, domain::Rev at_rev,
                                        const std::vector<domain::LogEntry>& entries) {
  auto* found = stored(chat);
  if (found == nullptr || found->chat.last_rev != at_rev) {
    return {.status = ports::AppendStatus::place_taken};
  }
  const auto offender =
      find_offender(entries, [found](const auto& key) { return found->seq_by_key.contains(key); });
  if (offender) {
    return {.status = ports::AppendStatus::key_taken, .offender = *offender};
  }
  for (const auto& entry : entries) {
    const auto* message = std::get_if<domain::MessageEntry>(&entry);
    if (message == nullptr) continue;
    for (const auto& change : message->memberships) {
      if (accounts_.contains(change.user_id)) continue;
      return {.status = ports::AppendStatus::unavailable,
              .cause = "no user " + change.user_id.to_string()};
    }
  }
  ports::AppendOutcome outcome;
  for (const auto& entry : entries) apply(*found, entry, outcome);
  ++appends_;
  return outcome;
}

void MemoryStore::apply(StoredChat& stored, const domain::LogEntry& entry,
                        ports::AppendOutcome& outcome) {
  stored.changed_at = change_time();
  if (const auto* message = std::get_if<domain::MessageEntry>(&entry)) {
    apply_message(stored, *message, outcome);
  } else {
    apply_change(stored, std::get<domain::ChangeEntry>(entry));
  }
  domain::apply(stored.chat, entry);
}

void MemoryStore::apply_message(StoredChat& stored, const domain::MessageEntry& entry,
                                ports::AppendOutcome& outcome) {
  const auto& message = entry.message;
  KN_ASSERT(message.seq == stored.messages.size() + 1);
  KN_ASSERT(message.place == message.rev);
  stored.messages.push_back(message);
  stored.seq_by_rev[message.rev] = message.seq;
  stored.seq_by_key[{message.sender_id, message.client_message_id}] = message.seq;
  stored.seq_by_id[message.id] = message.seq;
  for (const auto& change : entry.memberships) {
    const auto [at, is_new] = stored.states.try_emplace(change.user_id);
    auto& state = at->second;
    if (!is_new && state.member_rev >= message.rev) continue;
    state.user_id = change.user_id;
    state.chat_id = message.chat_id;
    domain::apply_membership(state, change, message);
    auto& times = stored.times[change.user_id];
    times.changed_at = stored.changed_at;
    times.member_changed_at = stored.changed_at;
    times.marked_at = stored.changed_at;
    auto& account = accounts_.at(change.user_id);
    account.chats.insert(message.chat_id);
    outcome.user_revs.emplace_back(change.user_id, ++account.user_rev);
  }
  const auto own = stored.states.find(message.sender_id);
  if (own != stored.states.end()) {
    const auto read_before = own->second.last_read_seq;
    domain::apply_own_message(own->second, stored.chat, message);
    if (own->second.last_read_seq > read_before) {
      stored.times[message.sender_id].marked_at = stored.changed_at;
    }
  }
}

void MemoryStore::apply_change(StoredChat& stored, const domain::ChangeEntry& entry) {
  const auto& after = entry.after;
  KN_ASSERT(after.seq >= 1 && after.seq <= stored.messages.size());
  auto& message = stored.messages[after.seq - 1];
  KN_ASSERT(message.id == after.id && message.rev < after.rev);
  stored.seq_by_rev.erase(message.rev);
  stored.seq_by_rev[after.rev] = after.seq;
  message = after;
  auto& reactions = stored.reactions[after.id];
  const auto is_meant = [&entry](const domain::Reaction& each) {
    return each.user_id == entry.actor_id && each.emoji == entry.emoji;
  };
  if (entry.kind == domain::ChangeKind::unreact) std::erase_if(reactions, is_meant);
  if (entry.kind == domain::ChangeKind::erase) reactions.clear();
  if (entry.kind == domain::ChangeKind::react && std::ranges::none_of(reactions, is_meant)) {
    reactions.push_back(
        {.user_id = entry.actor_id, .emoji = entry.emoji, .created_at = entry.created_at});
  }
}

}  // namespace knotos::adapters::memory
