#include "adapters/sqlite/rows.hpp"
#include "adapters/sqlite/sqlite_store.hpp"

#include <utility>

// What is private to one user in one chat: changing it.
namespace knotos::adapters::sqlite {
namespace {

using domain::UserChatState;
using ports::StateChange;

domain::UserRev user_rev_of(Connection& connection, domain::UserId user) {
  auto row = connection.prepare("SELECT user_rev FROM users WHERE id = ?1");
  row.bind(user);
  return row.step() ? row.count(0) : 0;
}

/// The chat and the state of one who is a member now. Errors: not_found.
Result<StateChange> find_member(Connection& connection, domain::UserId user, domain::ChatId chat) {
  auto state = find_state(connection, user, chat);
  if (!state || !state->is_member) return fail(Errc::not_found);
  auto found = find_chat(connection, chat);
  if (!found) return fail(Errc::not_found);
  StateChange change;
  change.chat = std::move(*found);
  change.state = std::move(*state);
  if (change.chat.type == domain::ChatType::direct) {
    auto row = connection.prepare(
        "SELECT EXISTS (SELECT 1 FROM user_chat_states p JOIN blocks b ON b.owner_id = p.user_id "
        "AND b.other_id = ?1 WHERE p.chat_id = ?2 AND p.user_id <> ?1)");
    row.bind(user, chat);
    change.is_blocked_by_peer = row.step() && row.flag(0);
  }
  return change;
}

/// Times of the marks: `before` is the state as it was.
void put_mark_times(Connection& connection, const StateChange& change, const UserChatState& before,
                    Time marked_at, Time now) {
  if (!change.rise.of_delivered && !change.rise.of_read) return;
  connection
      .prepare(
          "UPDATE user_chat_states SET marked_at = ?3, "
          "delivered_at = iif(?4, ?5, delivered_at), delivered_after_seq = iif(?4, ?6, "
          "delivered_after_seq), read_at = iif(?7, ?5, read_at), read_after_seq = iif(?7, ?8, "
          "read_after_seq) WHERE user_id = ?1 AND chat_id = ?2")
      .bind(change.state.user_id, change.state.chat_id, now, change.rise.of_delivered, marked_at,
            before.last_delivered_seq, change.rise.of_read, before.last_read_seq)
      .run();
}

/// Writes a private change: its time first, then `userRev`.
void put_private(Connection& connection, StateChange& change, Time now) {
  change.has_moved = true;
  put_state(connection, change.state);
  connection
      .prepare("UPDATE user_chat_states SET changed_at = ?3 WHERE user_id = ?1 AND chat_id = ?2")
      .bind(change.state.user_id, change.state.chat_id, now)
      .run();
  change.user_rev = raise_user_rev(connection, change.state.user_id);
}

domain::ReadPoint read_point(Connection& connection, const ports::Mark& mark) {
  domain::ReadPoint point{.seq = mark.seq};
  {
    auto row = connection.prepare("SELECT ordinal FROM messages WHERE chat_id = ?1 AND seq = ?2");
    row.bind(mark.chat, mark.seq);
    if (row.step()) point.ordinal = row.count(0);
  }
  auto row = connection.prepare(
      "SELECT sender_ordinal FROM messages WHERE chat_id = ?1 AND sender_id = ?2 AND seq <= ?3 AND "
      "type <> 'system' ORDER BY seq DESC LIMIT 1");
  row.bind(mark.chat, mark.user, mark.seq);
  if (row.step()) point.own_count = row.count(0);
  return point;
}

Result<StateChange> put_mark(Connection& connection, const ports::Mark& mark, Time now) {
  auto change = find_member(connection, mark.user, mark.chat);
  if (!change) return change;
  auto& state = change->state;
  if (mark.seq > change->chat.last_seq) {
    return fail_field("/seq", "out-of-range", "The chat has no such message yet.");
  }
  const auto before = state;
  if (mark.kind == ports::MarkKind::delivered) {
    change->rise = domain::raise_delivered(state, mark.seq);
    change->has_moved = change->rise.of_delivered;
    if (change->has_moved) put_state(connection, state);
    change->user_rev = user_rev_of(connection, mark.user);
  } else {
    change->rise = domain::raise_read(state, read_point(connection, mark));
    change->has_cleared_mark = std::exchange(state.marked_unread, false);
    if (change->rise.of_read || change->has_cleared_mark) {
      state.updated_at = mark.now;
      put_private(connection, *change, now);
    } else {
      change->user_rev = user_rev_of(connection, mark.user);
      change->has_moved = change->rise.of_delivered;
      if (change->has_moved) put_state(connection, state);
    }
  }
  put_mark_times(connection, *change, before, mark.now, now);
  return change;
}

/// The places of the user's other pinned chats.
std::vector<std::uint32_t> pinned_orders(Connection& connection, domain::UserId user,
                                         domain::ChatId but) {
  auto row = connection.prepare(
      "SELECT pin_order FROM user_chat_states WHERE user_id = ?1 AND is_member AND is_pinned AND "
      "chat_id <> ?2");
  row.bind(user, but);
  std::vector<std::uint32_t> orders;
  while (row.step()) orders.push_back(static_cast<std::uint32_t>(row.count(0)));
  return orders;
}

/// A change that is a pure function of the state: `apply` answers whether it changed anything.
template <class Apply>
Result<StateChange> put_change(Connection& connection, domain::UserId user, domain::ChatId chat,
                               Time now, Apply&& apply) {
  auto change = find_member(connection, user, chat);
  if (!change) return change;
  Result<bool> has_changed = apply(*change);
  if (!has_changed) return fail(std::move(has_changed.error()));
  if (*has_changed) {
    put_private(connection, *change, now);
  } else {
    change->user_rev = user_rev_of(connection, user);
  }
  return change;
}

Result<StateChange> put_hidden(Connection& connection, domain::UserId user, domain::ChatId chat,
                               domain::MessageId message, Time now) {
  return put_change(
      connection, user, chat, now, [&](const StateChange& /*change*/) -> Result<bool> {
        connection.prepare("INSERT OR IGNORE INTO hidden_messages VALUES (?1, ?2, ?3, ?4)")
            .bind(user, chat, message, now)
            .run();
        if (connection.changes() == 0) return false;
        auto row = connection.prepare(
            "SELECT count(*) FROM hidden_messages WHERE user_id = ?1 AND chat_id = ?2");
        row.bind(user, chat);
        // Over the limit, what was written is undone.
        if (row.step() && row.count(0) > domain::kHiddenMessagesMax) {
          return fail(Errc::conflict, "Too many messages of this chat are hidden.");
        }
        return true;
      });
}

Result<StateChange> put_cleared(Connection& connection, domain::UserId user, domain::ChatId chat,
                                Time asked_at, Time now) {
  UserChatState before;
  auto change = put_change(connection, user, chat, now, [&](StateChange& each) -> Result<bool> {
    before = each.state;
    const bool has_changed = domain::clear_state(each.chat, each.state, asked_at);
    each.rise = {.of_read = each.state.last_read_seq > before.last_read_seq,
                 .of_delivered = each.state.last_delivered_seq > before.last_delivered_seq};
    return has_changed;
  });
  if (!change) return change;
  put_mark_times(connection, *change, before, asked_at, now);
  // What was cleared away needs no other reason to stay away.
  connection.prepare("DELETE FROM hidden_messages WHERE user_id = ?1 AND chat_id = ?2")
      .bind(user, chat)
      .run();
  return change;
}

}  // namespace

Task<Result<StateChange>> SqliteStore::mark(ports::Mark mark) {
  auto work = [this, mark](Connection& connection) {
    const auto changed_at = change_time();
    auto change = put_mark(connection, mark, changed_at);
    if (mark.kind == ports::MarkKind::read) note(changed_at, change);
    return change;
  };
  co_return co_await write<StateChange>(std::move(work));
}

Task<Result<StateChange>> SqliteStore::update(domain::UserId user, domain::ChatId chat,
                                              domain::StatePatch patch, Time now) {
  auto work = [this, user, chat, patch = std::move(patch), now](Connection& connection) {
    const auto changed_at = change_time();
    auto change = put_change(connection, user, chat, changed_at, [&](StateChange& each) {
      return domain::patch_state(each.chat, each.state, patch,
                                 pinned_orders(connection, user, chat), now);
    });
    note(changed_at, change);
    return change;
  };
  co_return co_await write<StateChange>(std::move(work));
}

Task<Result<StateChange>> SqliteStore::clear(domain::UserId user, domain::ChatId chat, Time now) {
  auto work = [this, user, chat, now](Connection& connection) {
    const auto changed_at = change_time();
    auto change = put_cleared(connection, user, chat, now, changed_at);
    note(changed_at, change);
    return change;
  };
  co_return co_await write<StateChange>(std::move(work));
}

Task<Result<StateChange>> SqliteStore::take_off_list(domain::UserId user, domain::ChatId chat,
                                                     Time now) {
  auto work = [this, user, chat, now](Connection& connection) {
    const auto changed_at = change_time();
    auto change =
        put_change(connection, user, chat, changed_at, [&](StateChange& each) -> Result<bool> {
          return domain::take_off_list(each.chat, each.state, now);
        });
    note(changed_at, change);
    return change;
  };
  co_return co_await write<StateChange>(std::move(work));
}

Task<Result<StateChange>> SqliteStore::hide(domain::UserId user, domain::ChatId chat,
                                            domain::MessageId message, Time /*now*/) {
  auto work = [this, user, chat, message](Connection& connection) {
    const auto changed_at = change_time();
    auto change = put_hidden(connection, user, chat, message, changed_at);
    note(changed_at, change);
    return change;
  };
  co_return co_await write<StateChange>(std::move(work));
}

void SqliteStore::note(Time at, const Result<StateChange>& change) {
  if (change && change->has_moved) recent_.note(at, change->state.user_id);
}

Task<Result<StateChange>> SqliteStore::state(domain::UserId user, domain::ChatId chat) {
  auto work = [user, chat](Connection& connection) -> Result<StateChange> {
    auto found = find_member(connection, user, chat);
    if (found) found->user_rev = user_rev_of(connection, user);
    return found;
  };
  co_return co_await readers_.read<StateChange>(std::move(work));
}

}  // namespace knotos::adapters::sqlite
