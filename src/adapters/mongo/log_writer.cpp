#include "adapters/mongo/log_writer.hpp"

#include "adapters/mongo/failure.hpp"
#include "base/metrics.hpp"

#include <algorithm>

namespace knotos::adapters::mongo {
namespace {

using domain::ChangeEntry;
using domain::LogEntry;
using domain::MessageEntry;

/// Of one read of what is pending.
constexpr std::size_t kPendingMax = 256;
/// How often a state is read again because somebody else changed it in between.
constexpr int kTriesMax = 64;

metrics::Counter repaired("mongo_projections_repaired_total",
                          "Entries of a log applied by another than who wrote them.");
metrics::Counter retried("mongo_state_collisions_total",
                         "Changes of a state that were done again after another's.");

bool moves_members(const LogEntry& entry) {
  const auto* const message = std::get_if<MessageEntry>(&entry);
  return message != nullptr && !message->memberships.empty();
}

/// Reads, changes and writes a state until nobody came in between. `change` answers whether there
/// is anything to write, and which moments go with it.
template <class Change>
void change_state(Session& session, domain::UserId user, domain::ChatId chat, Change&& change) {
  for (int tries = 0; tries < kTriesMax; ++tries) {
    auto state = find_state(session, user, chat);
    if (!state) return;
    std::vector<std::string> moments;
    if (!change(state->state, moments) || put_state(session, *state, moments)) return;
    retried.add();
  }
  throw Failure(Fate::unknown, "a state changed too often");
}

}  // namespace

bool LogApplier::apply(domain::Chat& chat, std::span<const LogEntry> entries) {
  if (entries.empty()) return true;
  if (entries.size() > 1 && std::ranges::any_of(entries, moves_members)) {
    // Where a member stands depends on what came before their coming or going.
    for (std::size_t at = 0; at < entries.size(); ++at) {
      if (!apply(chat, entries.subspan(at, 1))) return false;
    }
    return true;
  }
  std::vector<domain::Chat> before;
  auto after = chat;
  for (const auto& entry : entries) {
    before.push_back(after);
    domain::apply(after, entry);
  }
  for (const auto& entry : entries) {
    if (const auto* change = std::get_if<ChangeEntry>(&entry)) {
      apply_change(*change);
    } else {
      apply_memberships(std::get<MessageEntry>(entry));
    }
  }
  apply_own(before, entries);
  auto update = document("$set", chat_projections(after));
  add_moments(update, {"changedAt"});
  const auto moved =
      session_.update_one(kChats, document("_id", chat.id, "lastRev", chat.last_rev), update);
  if (moved.matched == 0) return false;
  chat = std::move(after);
  return true;
}

void LogApplier::apply_own(const std::vector<domain::Chat>& before,
                           std::span<const LogEntry> entries) {
  std::vector<domain::UserId> senders;
  for (const auto& entry : entries) {
    const auto* const message = std::get_if<MessageEntry>(&entry);
    if (message == nullptr || message->message.type == domain::MessageType::system) continue;
    const auto sender = message->message.sender_id;
    if (std::ranges::find(senders, sender) == senders.end()) senders.push_back(sender);
  }
  for (const auto& sender : senders) {
    change_state(session_, sender, before.front().id,
                 [&](domain::UserChatState& state, std::vector<std::string>& moments) {
                   const auto own_before = state.own_count;
                   const auto read_before = state.last_read_seq;
                   for (std::size_t at = 0; at < entries.size(); ++at) {
                     const auto* const entry = std::get_if<MessageEntry>(&entries[at]);
                     if (entry == nullptr || entry->message.sender_id != sender) continue;
                     // Not lower: somebody has applied it.
                     if (state.own_count >= entry->message.sender_ordinal) continue;
                     domain::apply_own_message(state, before[at], entry->message);
                   }
                   if (state.last_read_seq > read_before) moments.emplace_back("markedAt");
                   return state.own_count > own_before;
                 });
  }
}

void LogApplier::apply_memberships(const MessageEntry& entry) {
  for (const auto& change : entry.memberships) {
    apply_membership(change, entry.message);
    // Also where the state was there already: who wrote it may have died before this.
    user_revs_.emplace_back(change.user_id, raise_user_rev(session_, change.user_id));
  }
}

void LogApplier::apply_membership(const domain::MembershipChange& change,
                                  const domain::Message& message) {
  domain::UserChatState fresh;
  fresh.user_id = change.user_id;
  fresh.chat_id = message.chat_id;
  // In no chat's list until the change itself says so.
  fresh.is_member = false;
  session_.update_one(kStates, document("_id", pair_id(change.user_id, message.chat_id)),
                      document("$setOnInsert", document("userId", fresh.user_id, "chatId",
                                                        fresh.chat_id, "version", 0)
                                                   .add_all(state_fields(fresh))),
                      true);
  change_state(session_, change.user_id, message.chat_id,
               [&](domain::UserChatState& state, std::vector<std::string>& moments) {
                 if (state.member_rev >= message.place) return false;
                 domain::apply_membership(state, change, message);
                 moments = {"changedAt", "memberChangedAt", "markedAt"};
                 return true;
               });
}

void LogApplier::apply_change(const ChangeEntry& entry) {
  const auto& after = entry.after;
  session_.update_one(
      kMessages,
      document("_id", after.id, "chatId", after.chat_id, "changedRev", document("$lt", after.rev)),
      document("$set", message_state(after)));
  apply_reaction(entry);
  // Superseded content goes: the entry of the change before, if that was one.
  const auto own = session_.find_one(kMessages, document("chatId", after.chat_id, "rev", after.rev),
                                     {.sort = {}, .fields = document("supersedes", 1)});
  const auto superseded = own ? View(*own).count("supersedes") : 0;
  if (superseded == 0) return;
  session_.update_one(
      kMessages, document("chatId", after.chat_id, "rev", superseded, "seq", document("$lt", 0)),
      document("$unset", document("after", "")));
}

void LogApplier::apply_reaction(const ChangeEntry& entry) {
  const auto& after = entry.after;
  if (entry.kind == domain::ChangeKind::erase) {
    session_.update_many(
        kReactions,
        document("chatId", after.chat_id, "messageId", after.id, "rev", document("$lt", after.rev)),
        document("$set", document("isOn", false, "rev", after.rev)));
    return;
  }
  const bool is_on = entry.kind == domain::ChangeKind::react;
  if (!is_on && entry.kind != domain::ChangeKind::unreact) return;
  // What is taken back stays as a mark, so that an entry applied late cannot bring it back. Where a
  // later one stands, the upsert meets its id and is refused.
  const auto id = pair_id(after.id, entry.actor_id) + ":" + entry.emoji;
  session_.update_one(
      kReactions, document("_id", id, "chatId", after.chat_id, "rev", document("$lt", after.rev)),
      document("$set",
               document("messageId", after.id, "userId", entry.actor_id, "emoji", entry.emoji,
                        "createdAt", entry.created_at, "isOn", is_on, "rev", after.rev)),
      true);
}

std::optional<domain::Chat> settle_chat(Session& session, domain::ChatId id) {
  while (true) {
    const auto found = session.find_one(kChats, document("_id", id));
    if (!found) return std::nullopt;
    const View view(*found);
    if (view.has("founding")) complete_founding(session, view);
    auto chat = view.has("founding") ? find_chat(session, id) : read_chat(view);
    if (!chat) return std::nullopt;
    std::vector<LogEntry> pending;
    auto cursor =
        session.find(kMessages, document("chatId", id, "rev", document("$gt", chat->last_rev)),
                     {.sort = document("chatId", 1, "rev", 1), .fields = {}, .limit = kPendingMax});
    bool is_damaged = false;
    while (const auto each = cursor.next()) {
      auto entry = read_entry(*each);
      is_damaged = !entry || domain::rev_of(*entry) != chat->last_rev + pending.size() + 1;
      if (is_damaged) break;
      pending.push_back(std::move(*entry));
    }
    if (pending.empty() && !is_damaged) return chat;
    // Seen with a hole or without its content: applied by another since the chat was read.
    if (pending.empty()) {
      const auto again = find_chat(session, id);
      if (again && again->last_rev > chat->last_rev) continue;
      throw Damage("the log of a chat is damaged: " + id.to_string());
    }
    repaired.add(static_cast<std::int64_t>(pending.size()));
    LogApplier applier(session);
    if (applier.apply(*chat, pending) && pending.size() < kPendingMax && !is_damaged) return chat;
  }
}

Document founding_document(const domain::Chat& chat,
                           const std::vector<domain::UserChatState>& members,
                           const std::optional<domain::MessageEntry>& first_entry) {
  std::vector<Document> states;
  states.reserve(members.size());
  for (const auto& each : members) states.push_back(state_document(each));
  auto founding = document("members", states);
  if (first_entry) founding.add("entry", entry_document(*first_entry, 0));
  return chat_document(chat).add("founding", founding);
}

std::pair<domain::Chat, std::vector<std::pair<domain::UserId, domain::UserRev>>> complete_founding(
    Session& session, const View& view) {
  auto chat = read_chat(view);
  const auto founding = view.document("founding");
  std::vector<std::pair<domain::UserId, domain::UserRev>> user_revs;
  for (const auto& each : founding.documents("members")) {
    const auto state = read_state(each);
    auto fields = document("userId", state.user_id, "chatId", state.chat_id, "version", 0)
                      .add_all(state_fields(state));
    session.update_one(kStates, document("_id", pair_id(state.user_id, state.chat_id)),
                       document("$setOnInsert", fields), true);
    // Its time by the cluster's clock, once: whoever completes it again finds it there.
    Document times;
    add_moments(times, {"changedAt", "memberChangedAt"});
    session.update_one(kStates,
                       document("_id", pair_id(state.user_id, state.chat_id), "changedAt",
                                document("$exists", false)),
                       times);
    user_revs.emplace_back(state.user_id, raise_user_rev(session, state.user_id));
  }
  const auto first = founding.has("entry") ? read_entry(founding.document("entry")) : std::nullopt;
  if (first) {
    // There already: whoever began has come that far.
    session.insert_one(kMessages, entry_document(*first, 0));
    domain::apply(chat, *first);
  }
  auto update = document("$set", chat_projections(chat), "$unset", document("founding", ""));
  add_moments(update, {"changedAt"});
  const bool is_moved =
      session
          .update_one(kChats, document("_id", chat.id, "founding", document("$exists", true)),
                      update)
          .matched > 0;
  if (!is_moved) {
    if (auto now = find_chat(session, chat.id)) chat = std::move(*now);
  }
  return {std::move(chat), std::move(user_revs)};
}

}  // namespace knotos::adapters::mongo
