#include "adapters/sqlite/rows.hpp"
#include "adapters/sqlite/sqlite_store.hpp"

#include <optional>
#include <utility>

// The log of each chat.
namespace knotos::adapters::sqlite {
namespace {

using domain::ChangeEntry;
using domain::MessageEntry;

std::string_view name_of_kind(domain::ChangeKind kind) {
  return kind == domain::ChangeKind::edit ? "edit" : "erase";
}

bool is_key_taken(Connection& connection, const domain::Message& message) {
  auto row = connection.prepare(
      "SELECT 1 FROM messages WHERE chat_id = ?1 AND sender_id = ?2 AND client_message_id = ?3");
  row.bind(message.chat_id, message.sender_id, message.client_message_id);
  return row.step();
}

/// Who joins or leaves is written where their `member_rev` is lower; it raises their `userRev`.
void put_memberships(Connection& connection, const MessageEntry& entry) {
  for (const auto& state : entry.memberships) {
    const auto present = find_state(connection, state.user_id, state.chat_id);
    if (present && present->member_rev >= state.member_rev) continue;
    put_state(connection, state);
    connection.prepare("UPDATE users SET user_rev = user_rev + 1 WHERE id = ?1")
        .bind(state.user_id)
        .run();
  }
}

void put_own_state(Connection& connection, const domain::Chat& before,
                   const domain::Message& message) {
  if (message.type == domain::MessageType::system) return;
  auto state = find_state(connection, message.sender_id, message.chat_id);
  if (!state) return;
  domain::apply_own_message(*state, before, message);
  connection
      .prepare(
          "UPDATE user_chat_states SET own_count = ?3, last_read_seq = ?4, last_read_ordinal = ?5, "
          "own_count_at_read = ?6, last_delivered_seq = ?7 WHERE user_id = ?1 AND chat_id = ?2")
      .bind(state->user_id, state->chat_id, state->own_count, state->last_read_seq,
            state->last_read_ordinal, state->own_count_at_read, state->last_delivered_seq)
      .run();
}

/// False: its key is taken.
bool put_entry(Connection& connection, const domain::Chat& before, const MessageEntry& entry) {
  if (is_key_taken(connection, entry.message)) return false;
  insert_message(connection, entry.message);
  put_memberships(connection, entry);
  put_own_state(connection, before, entry.message);
  return true;
}

bool put_entry(Connection& connection, const domain::Chat&, const ChangeEntry& entry) {
  const auto& after = entry.after;
  update_message(connection, after);
  connection.prepare("INSERT INTO changes VALUES (?1, ?2, ?3, ?4, ?5, ?6)")
      .bind(after.chat_id, after.rev, name_of_kind(entry.kind), after.id, entry.actor_id,
            entry.created_at)
      .run();
  return true;
}

ports::AppendOutcome append_all(WriteScope& scope, domain::ChatId chat_id, domain::Rev at_rev,
                                const std::vector<domain::LogEntry>& entries) {
  auto& connection = scope.connection;
  auto chat = find_chat(connection, chat_id);
  if (!chat || chat->last_rev != at_rev) {
    scope.drop();
    return {.status = ports::AppendStatus::place_taken, .offender = 0, .cause = {}};
  }
  for (std::size_t at = 0; at < entries.size(); ++at) {
    const bool is_put = std::visit(
        [&](const auto& entry) { return put_entry(connection, *chat, entry); }, entries[at]);
    if (!is_put) {
      scope.drop();
      return {.status = ports::AppendStatus::key_taken, .offender = at, .cause = {}};
    }
    domain::apply(*chat, entries[at]);
  }
  update_chat(connection, *chat);
  return {};
}

}  // namespace

Task<Result<ports::LoadedChat>> SqliteStore::load(domain::ChatId chat,
                                                  std::vector<domain::UserId> users) {
  auto work = [chat,
               users = std::move(users)](Connection& connection) -> Result<ports::LoadedChat> {
    auto found = find_chat(connection, chat);
    if (!found) return fail(Errc::not_found);
    ports::LoadedChat loaded{.chat = std::move(*found), .states = {}};
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

Task<ports::AppendOutcome> SqliteStore::append(domain::ChatId chat, domain::Rev at_rev,
                                               std::vector<domain::LogEntry> entries) {
  auto work = [chat, at_rev, entries = std::move(entries)](WriteScope& scope) {
    return append_all(scope, chat, at_rev, entries);
  };
  auto written = co_await writer_.write<ports::AppendOutcome>(std::move(work));
  if (written.fate == Fate::done) co_return std::move(*written.value);
  const bool is_unknown = written.fate == Fate::unknown;
  co_return ports::AppendOutcome{
      .status = is_unknown ? ports::AppendStatus::unknown : ports::AppendStatus::unavailable,
      .offender = 0,
      .cause = std::move(written.cause)};
}

Task<Result<void>> SqliteStore::complete_pending(domain::ChatId chat) {
  // An append is one transaction: what is inserted is applied.
  const auto loaded = co_await load(chat, {});
  if (!loaded) co_return fail(loaded.error());
  co_return Result<void>();
}

}  // namespace knotos::adapters::sqlite
