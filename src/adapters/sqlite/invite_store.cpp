#include "adapters/sqlite/rows.hpp"
#include "adapters/sqlite/sqlite_store.hpp"

#include <utility>

// Invites to groups, and who reacted last.
namespace knotos::adapters::sqlite {
namespace {

std::size_t count_invites(Connection& connection, domain::ChatId chat) {
  auto row = connection.prepare("SELECT count(*) FROM invites WHERE chat_id = ?1");
  row.bind(chat);
  return row.step() ? static_cast<std::size_t>(row.count(0)) : 0;
}

Result<ports::Invite> read_by_code(Connection& connection, const std::string& code) {
  auto row = connection.prepare("SELECT " KN_INVITE_COLUMNS " FROM invites WHERE code = ?1");
  row.bind(code);
  if (!row.step()) return fail(Errc::not_found);
  return read_invite(row);
}

}  // namespace

Task<Result<std::vector<domain::UserId>>> SqliteStore::recent_reactors(domain::ChatId /*chat*/,
                                                                       domain::MessageId message,
                                                                       std::string emoji,
                                                                       std::size_t limit) {
  auto work = [message, emoji = std::move(emoji),
               limit](Connection& connection) -> Result<std::vector<domain::UserId>> {
    auto row = connection.prepare(
        "SELECT user_id FROM reactions WHERE message_id = ?1 AND emoji = ?2 ORDER BY created_at "
        "DESC, user_id DESC LIMIT ?3");
    row.bind(message, emoji, std::uint64_t{limit});
    std::vector<domain::UserId> users;
    while (row.step()) users.push_back(row.id<domain::UserId>(0));
    return users;
  };
  co_return co_await readers_.read<std::vector<domain::UserId>>(std::move(work));
}

Task<Result<void>> SqliteStore::put_invite(ports::Invite invite, std::size_t count_max) {
  auto work = [invite = std::move(invite), count_max](Connection& connection) -> Result<bool> {
    if (count_invites(connection, invite.chat_id) >= count_max) return fail(Errc::conflict);
    connection
        .prepare("INSERT INTO invites (" KN_INVITE_COLUMNS ") VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)")
        .bind(invite.code, invite.chat_id, invite.creator_id, invite.expires_at, invite.uses_max,
              invite.uses, invite.created_at)
        .run();
    return true;
  };
  auto written = co_await write<bool>(std::move(work));
  if (!written) co_return fail(std::move(written.error()));
  co_return Result<void>();
}

Task<Result<std::vector<ports::Invite>>> SqliteStore::invites(domain::ChatId chat) {
  auto work = [chat](Connection& connection) -> Result<std::vector<ports::Invite>> {
    auto row = connection.prepare("SELECT " KN_INVITE_COLUMNS
                                  " FROM invites WHERE chat_id = ?1 ORDER BY created_at DESC, code "
                                  "DESC");
    row.bind(chat);
    std::vector<ports::Invite> invites;
    while (row.step()) invites.push_back(read_invite(row));
    return invites;
  };
  co_return co_await readers_.read<std::vector<ports::Invite>>(std::move(work));
}

Task<Result<ports::Invite>> SqliteStore::find_invite(std::string code) {
  auto work = [code = std::move(code)](Connection& connection) {
    return read_by_code(connection, code);
  };
  co_return co_await readers_.read<ports::Invite>(std::move(work));
}

Task<Result<bool>> SqliteStore::remove_invite(domain::ChatId chat, std::string code) {
  auto work = [chat, code = std::move(code)](Connection& connection) -> Result<bool> {
    connection.prepare("DELETE FROM invites WHERE code = ?1 AND chat_id = ?2")
        .bind(code, chat)
        .run();
    return connection.changes() > 0;
  };
  co_return co_await write<bool>(std::move(work));
}

Task<Result<ports::Invite>> SqliteStore::use_invite(std::string code, Time now) {
  auto work = [code = std::move(code), now](Connection& connection) -> Result<ports::Invite> {
    auto invite = read_by_code(connection, code);
    if (!invite) return invite;
    if (!ports::is_usable(*invite, now)) return fail(Errc::not_found);
    connection.prepare("UPDATE invites SET uses = uses + 1 WHERE code = ?1").bind(code).run();
    ++invite->uses;
    return invite;
  };
  co_return co_await write<ports::Invite>(std::move(work));
}

Task<Result<void>> SqliteStore::return_invite_use(std::string code) {
  auto work = [code = std::move(code)](Connection& connection) -> Result<bool> {
    connection.prepare("UPDATE invites SET uses = uses - 1 WHERE code = ?1 AND uses > 0")
        .bind(code)
        .run();
    return true;
  };
  auto written = co_await write<bool>(std::move(work));
  if (!written) co_return fail(std::move(written.error()));
  co_return Result<void>();
}

}  // namespace knotos::adapters::sqlite
