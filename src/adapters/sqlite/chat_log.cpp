#include "adapters/sqlite/rows.hpp"
#include "adapters/sqlite/sqlite_store.hpp"

#include <optional>
#include <utility>

// The log of each chat.
namespace knotos::adapters::sqlite {
namespace {

using domain::ChangeEntry;
using domain::MessageEntry;

/// Their senders' states, over all messages of an append: read once and written once, however many
/// of them one sent.
class SenderStates {
 public:
  explicit SenderStates(Connection& connection, Time now) : connection_(connection), now_(now) {}

  void apply(const domain::Chat& before, const domain::Message& message) {
    if (message.type == domain::MessageType::system) return;
    auto* const sender = find(message);
    if (sender == nullptr) return;
    const auto read_before = sender->state.last_read_seq;
    domain::apply_own_message(sender->state, before, message);
    sender->has_read |= sender->state.last_read_seq > read_before;
  }

  /// Also before anything else looks at or changes a state.
  void write() {
    for (const auto& [state, has_read] : senders_) {
      connection_
          .prepare(
              "UPDATE user_chat_states SET own_count = ?3, last_read_seq = ?4, last_read_ordinal = "
              "?5, own_count_at_read = ?6, last_delivered_seq = ?7, "
              "marked_at = iif(?8, ?9, marked_at) WHERE user_id = ?1 AND chat_id = ?2")
          .bind(state.user_id, state.chat_id, state.own_count, state.last_read_seq,
                state.last_read_ordinal, state.own_count_at_read, state.last_delivered_seq,
                has_read, now_)
          .run();
    }
    senders_.clear();
  }

 private:
  struct Sender {
    domain::UserChatState state;
    bool has_read = false;
  };

  [[nodiscard]] Sender* find(const domain::Message& message) {
    const auto held = std::ranges::find(senders_, message.sender_id,
                                        [](const Sender& sender) { return sender.state.user_id; });
    if (held != senders_.end()) return &*held;
    auto state = find_state(connection_, message.sender_id, message.chat_id);
    return state ? &senders_.emplace_back(std::move(*state)) : nullptr;
  }

  Connection& connection_;
  Time now_;
  std::vector<Sender> senders_;
};

/// Who joins, leaves or changes role is written where their `member_rev` is lower; it raises their
/// `userRev`.
void put_memberships(Connection& connection, const MessageEntry& entry, Time now,
                     ports::AppendOutcome& outcome) {
  const auto& message = entry.message;
  for (const auto& change : entry.memberships) {
    auto state = find_state(connection, change.user_id, message.chat_id);
    if (state && state->member_rev >= message.rev) continue;
    if (!state) {
      state.emplace();
      state->user_id = change.user_id;
      state->chat_id = message.chat_id;
    }
    domain::apply_membership(*state, change, message);
    put_state(connection, *state);
    connection
        .prepare(
            "UPDATE user_chat_states SET changed_at = ?3, member_changed_at = ?3, marked_at = ?3 "
            "WHERE user_id = ?1 AND chat_id = ?2")
        .bind(state->user_id, state->chat_id, now)
        .run();
    outcome.user_revs.emplace_back(state->user_id, raise_user_rev(connection, state->user_id));
  }
}

/// False: its key is taken.
bool put_entry(Connection& connection, const domain::Chat& before, const MessageEntry& entry,
               Time now, SenderStates& senders, ports::AppendOutcome& outcome) {
  if (!insert_message(connection, entry.message)) return false;
  if (!entry.memberships.empty()) {
    senders.write();
    put_memberships(connection, entry, now, outcome);
  }
  senders.apply(before, entry.message);
  return true;
}

/// The reaction that comes or goes; with an erasure all of the message's go.
void put_reaction(Connection& connection, const ChangeEntry& entry) {
  switch (entry.kind) {
    case domain::ChangeKind::react:
      connection.prepare("INSERT OR IGNORE INTO reactions VALUES (?1, ?2, ?3, ?4)")
          .bind(entry.after.id, entry.actor_id, entry.emoji, entry.created_at)
          .run();
      return;
    case domain::ChangeKind::unreact:
      connection
          .prepare("DELETE FROM reactions WHERE message_id = ?1 AND user_id = ?2 AND emoji = ?3")
          .bind(entry.after.id, entry.actor_id, entry.emoji)
          .run();
      return;
    case domain::ChangeKind::erase:
      connection.prepare("DELETE FROM reactions WHERE message_id = ?1").bind(entry.after.id).run();
      return;
    case domain::ChangeKind::edit:
    case domain::ChangeKind::pin:
    case domain::ChangeKind::unpin:
      return;
  }
}

bool put_entry(Connection& connection, const domain::Chat& /*before*/, const ChangeEntry& entry,
               Time /*now*/, SenderStates& /*senders*/, ports::AppendOutcome& /*outcome*/) {
  const auto& after = entry.after;
  update_message(connection, after);
  put_reaction(connection, entry);
  connection.prepare("INSERT INTO changes VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)")
      .bind(after.chat_id, after.rev, name_of(entry.kind), after.id, entry.actor_id, entry.emoji,
            entry.created_at)
      .run();
  return true;
}

std::vector<domain::UserId> find_pair(Connection& connection, domain::ChatId chat) {
  auto row = connection.prepare("SELECT user_id FROM user_chat_states WHERE chat_id = ?1");
  row.bind(chat);
  std::vector<domain::UserId> pair;
  while (row.step()) pair.push_back(row.id<domain::UserId>(0));
  return pair;
}

ports::AppendOutcome append_all(WriteScope& scope, domain::ChatId chat_id, domain::Rev at_rev,
                                const std::vector<domain::LogEntry>& entries, Time now) {
  auto& connection = scope.connection;
  auto chat = find_chat(connection, chat_id);
  if (!chat || chat->last_rev != at_rev) {
    scope.drop();
    return {.status = ports::AppendStatus::place_taken};
  }
  ports::AppendOutcome outcome;
  SenderStates senders(connection, now);
  for (std::size_t at = 0; at < entries.size(); ++at) {
    const bool is_put = std::visit(
        [&](const auto& entry) {
          return put_entry(connection, *chat, entry, now, senders, outcome);
        },
        entries[at]);
    if (!is_put) {
      scope.drop();
      return {.status = ports::AppendStatus::key_taken, .offender = at};
    }
    domain::apply(*chat, entries[at]);
  }
  senders.write();
  update_chat(connection, *chat, now);
  return outcome;
}

}  // namespace

Task<Result<ports::LoadedChat>> SqliteStore::load(domain::ChatId chat,
                                                  std::vector<domain::UserId> users) {
  auto work = [chat,
               users = std::move(users)](Connection& connection) -> Result<ports::LoadedChat> {
    auto found = find_chat(connection, chat);
    if (!found) return fail(Errc::not_found);
    ports::LoadedChat loaded{.chat = std::move(*found), .states = {}, .pair = {}};
    if (loaded.chat.type == domain::ChatType::direct) loaded.pair = find_pair(connection, chat);
    for (const auto& user : users) {
      const bool is_seen =
          std::ranges::find(loaded.states, user, &domain::UserChatState::user_id) !=
          loaded.states.end();
      if (is_seen) continue;
      if (auto state = find_state(connection, user, chat))
        loaded.states.push_back(std::move(*state));
    }
    return loaded;
  };
  co_return co_await readers_.read<ports::LoadedChat>(std::move(work));
}

Task<Result<ports::Roster>> SqliteStore::roster(domain::ChatId chat) {
  auto work = [chat](Connection& connection) -> Result<ports::Roster> {
    auto found = find_chat(connection, chat);
    if (!found) return fail(Errc::not_found);
    ports::Roster roster{.chat = std::move(*found), .members = {}};
    auto row = connection.prepare(
        "SELECT user_id, role, joined_at FROM user_chat_states WHERE chat_id = ?1 AND is_member = "
        "1 "
        "ORDER BY joined_at, user_id");
    row.bind(chat);
    while (row.step()) {
      roster.members.push_back(
          {.user_id = row.id<domain::UserId>(0),
           .role = domain::parse_role(row.text(1)).value_or(domain::Role::member),
           .joined_at = row.time(2)});
    }
    return roster;
  };
  co_return co_await readers_.read<ports::Roster>(std::move(work));
}

Task<ports::AppendOutcome> SqliteStore::append(domain::ChatId chat, domain::Rev at_rev,
                                               std::vector<domain::LogEntry> entries) {
  auto work = [this, chat, at_rev, entries = std::move(entries)](WriteScope& scope) {
    const auto now = change_time();
    auto outcome = append_all(scope, chat, at_rev, entries, now);
    if (outcome.status == ports::AppendStatus::appended) {
      recent_.note(now, chat, at_rev + entries.size());
      for (const auto& [user, user_rev] : outcome.user_revs) recent_.note(now, user);
    }
    return outcome;
  };
  auto written = co_await writer_.write<ports::AppendOutcome>(std::move(work));
  if (written.fate == Fate::done) co_return std::move(*written.value);
  const bool is_unknown = written.fate == Fate::unknown;
  co_return ports::AppendOutcome{
      .status = is_unknown ? ports::AppendStatus::unknown : ports::AppendStatus::unavailable,
      .cause = std::move(written.cause)};
}

Task<Result<void>> SqliteStore::complete_pending(domain::ChatId chat) {
  // An append is one transaction: what is inserted is applied.
  const auto loaded = co_await load(chat, {});
  if (!loaded) co_return fail(loaded.error());
  co_return Result<void>();
}

}  // namespace knotos::adapters::sqlite
