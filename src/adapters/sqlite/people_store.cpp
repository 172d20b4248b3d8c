#include "adapters/sqlite/rows.hpp"
#include "adapters/sqlite/sqlite_store.hpp"

#include <utility>

// Profiles, privacy, contacts and blocks.
namespace knotos::adapters::sqlite {
namespace {

using Raised = std::optional<domain::UserRev>;

/// Two tables of one shape: who has whom, since when.
struct PeopleTable {
  std::string_view count;
  std::string_view insert;
  std::string_view remove;
  std::string_view page;
  std::size_t size_max;
};

#define KN_PEOPLE_TABLE(NAME)                                                                   \
  "SELECT count(*) FROM " NAME " WHERE owner_id = ?1",                                          \
      "INSERT OR IGNORE INTO " NAME " VALUES (?1, ?2, ?3)",                                     \
      "DELETE FROM " NAME " WHERE owner_id = ?1 AND other_id = ?2",                             \
      "SELECT " KN_USER_COLUMNS ", p.since FROM " NAME                                          \
      " p JOIN users u ON u.id = p.other_id WHERE p.owner_id = ?1 AND (p.since, p.other_id) > " \
      "(?2, ?3) ORDER BY p.since, p.other_id LIMIT ?4"

constexpr PeopleTable kContacts{KN_PEOPLE_TABLE("contacts"), domain::kContactsMax};
constexpr PeopleTable kBlocks{KN_PEOPLE_TABLE("blocks"), domain::kBlocksMax};

bool exists(Connection& connection, domain::UserId user) {
  auto row = connection.prepare("SELECT 1 FROM users WHERE id = ?1 AND is_deleted = 0");
  row.bind(user);
  return row.step();
}

std::size_t count_of(Connection& connection, const PeopleTable& table, domain::UserId owner) {
  auto row = connection.prepare(table.count);
  row.bind(owner);
  return row.step() ? static_cast<std::size_t>(row.count(0)) : 0;
}

Result<Raised> put_person(Connection& connection, const PeopleTable& table, domain::UserId owner,
                          domain::UserId other, Time since, Time now) {
  if (!exists(connection, owner) || !exists(connection, other)) return fail(Errc::not_found);
  connection.prepare(table.insert).bind(owner, other, since).run();
  if (connection.changes() == 0) return Raised();
  // Over the limit, what was written is undone.
  if (count_of(connection, table, owner) > table.size_max) return fail(Errc::conflict);
  return Raised(raise_settings(connection, owner, now));
}

Result<Raised> remove_person(Connection& connection, const PeopleTable& table, domain::UserId owner,
                             domain::UserId other, Time now) {
  if (!exists(connection, owner)) return fail(Errc::not_found);
  connection.prepare(table.remove).bind(owner, other).run();
  if (connection.changes() == 0) return Raised();
  return Raised(raise_settings(connection, owner, now));
}

Result<ports::AcquaintancePage> read_page(Connection& connection, const PeopleTable& table,
                                          domain::UserId owner,
                                          const std::optional<ports::AcquaintancePosition>& after,
                                          std::size_t limit) {
  if (!exists(connection, owner)) return fail(Errc::not_found);
  auto row = connection.prepare(table.page);
  const auto after_id = after ? after->user_id : domain::UserId();
  row.bind(owner, after ? after->since : Time(Milliseconds(-1)), after_id,
           std::uint64_t{limit + 1});
  ports::AcquaintancePage page;
  while (row.step()) {
    page.people.push_back({.user = read_user(row), .since = row.time(kUserColumns)});
  }
  page.has_more = page.people.size() > limit;
  if (page.has_more) page.people.pop_back();
  return page;
}

domain::Audience read_audience(const Statement& row, int column) {
  // What this version does not know is taken for the narrowest.
  return domain::parse_audience(row.text(column)).value_or(domain::Audience::nobody);
}

domain::Privacy read_privacy(const Statement& row, int first) {
  return {.last_seen = read_audience(row, first),
          .direct_messages = read_audience(row, first + 1),
          .group_invites = read_audience(row, first + 2)};
}

std::optional<domain::Privacy> find_privacy(Connection& connection, domain::UserId user) {
  auto row = connection.prepare(
      "SELECT privacy_last_seen, privacy_direct_messages, privacy_group_invites FROM users WHERE "
      "id = ?1 AND is_deleted = 0");
  row.bind(user);
  if (!row.step()) return std::nullopt;
  return read_privacy(row, 0);
}

std::vector<ports::Relation> read_relations(Connection& connection, domain::UserId one,
                                            const std::vector<domain::UserId>& others) {
  std::vector<ports::Relation> relations(others.size());
  const auto joined = join_ids(others);
  auto row = connection.prepare(
      KN_PAGE
      "SELECT page.i, u.privacy_last_seen, u.privacy_direct_messages, u.privacy_group_invites, "
      "EXISTS (SELECT 1 FROM blocks WHERE owner_id = page.id AND other_id = ?3), "
      "EXISTS (SELECT 1 FROM blocks WHERE owner_id = ?3 AND other_id = page.id), "
      "EXISTS (SELECT 1 FROM contacts WHERE owner_id = page.id AND other_id = ?3) "
      "FROM page JOIN users u ON u.id = page.id AND u.is_deleted = 0");
  row.bind(std::span<const std::uint8_t>(joined), std::uint64_t{others.size()}, one);
  while (row.step()) {
    relations[static_cast<std::size_t>(row.integer(0))] = {.exists = true,
                                                           .has_blocked = row.flag(4),
                                                           .is_blocked = row.flag(5),
                                                           .is_contact = row.flag(6),
                                                           .privacy = read_privacy(row, 1)};
  }
  return relations;
}

Result<Raised> change_profile(Connection& connection, domain::UserId user,
                              const ports::ProfilePatch& patch, Time now) {
  if (!exists(connection, user)) return fail(Errc::not_found);
  connection
      .prepare(
          "UPDATE users SET display_name = ifnull(?2, display_name), about = ifnull(?3, about) "
          "WHERE id = ?1 AND (display_name, about) <> (ifnull(?2, display_name), ifnull(?3, "
          "about))")
      .bind(user, patch.display_name, patch.about)
      .run();
  if (connection.changes() == 0) return Raised();
  return Raised(raise_settings(connection, user, now));
}

Result<Raised> change_privacy(Connection& connection, domain::UserId user,
                              const ports::PrivacyPatch& patch, Time now) {
  const auto before = find_privacy(connection, user);
  if (!before) return fail(Errc::not_found);
  const domain::Privacy after{
      .last_seen = patch.last_seen.value_or(before->last_seen),
      .direct_messages = patch.direct_messages.value_or(before->direct_messages),
      .group_invites = patch.group_invites.value_or(before->group_invites)};
  if (after == *before) return Raised();
  connection
      .prepare(
          "UPDATE users SET privacy_last_seen = ?2, privacy_direct_messages = ?3, "
          "privacy_group_invites = ?4 WHERE id = ?1")
      .bind(user, name_of(after.last_seen), name_of(after.direct_messages),
            name_of(after.group_invites))
      .run();
  return Raised(raise_settings(connection, user, now));
}

Result<void> delete_user(Connection& connection, domain::UserId user, Time now) {
  {
    auto row = connection.prepare("SELECT is_deleted FROM users WHERE id = ?1");
    row.bind(user);
    if (!row.step()) return fail(Errc::not_found);
    if (row.flag(0)) return {};
  }
  raise_settings(connection, user, now);
  connection
      .prepare(
          "UPDATE users SET display_name = '', about = '', is_deleted = 1, password_hash = '', "
          "privacy_last_seen = 'everyone', privacy_direct_messages = 'everyone', "
          "privacy_group_invites = 'everyone', last_seen_at = NULL WHERE id = ?1")
      .bind(user)
      .run();
  connection
      .prepare(
          "DELETE FROM refresh_tokens WHERE device_id IN (SELECT id FROM devices WHERE user_id = "
          "?1)")
      .bind(user)
      .run();
  connection.prepare("DELETE FROM devices WHERE user_id = ?1").bind(user).run();
  connection.prepare("DELETE FROM contacts WHERE owner_id = ?1").bind(user).run();
  connection.prepare("DELETE FROM blocks WHERE owner_id = ?1").bind(user).run();
  connection.prepare("DELETE FROM hidden_messages WHERE user_id = ?1").bind(user).run();
  connection.prepare("UPDATE user_chat_states SET draft = '' WHERE user_id = ?1 AND draft <> ''")
      .bind(user)
      .run();
  return {};
}

}  // namespace

Task<Result<domain::UserRev>> SqliteStore::user_rev(domain::UserId user) {
  auto work = [user](Connection& connection) -> Result<domain::UserRev> {
    auto row = connection.prepare("SELECT user_rev FROM users WHERE id = ?1 AND is_deleted = 0");
    row.bind(user);
    if (!row.step()) return fail(Errc::not_found);
    return row.count(0);
  };
  co_return co_await readers_.read<domain::UserRev>(std::move(work));
}

Task<Result<Raised>> SqliteStore::update_profile(domain::UserId user, ports::ProfilePatch patch) {
  auto work = [this, user, patch = std::move(patch)](Connection& connection) {
    return change_profile(connection, user, patch, noted_time(user));
  };
  co_return co_await write<Raised>(std::move(work));
}

Task<Result<domain::Privacy>> SqliteStore::privacy(domain::UserId user) {
  auto work = [user](Connection& connection) -> Result<domain::Privacy> {
    auto found = find_privacy(connection, user);
    if (!found) return fail(Errc::not_found);
    return *found;
  };
  co_return co_await readers_.read<domain::Privacy>(std::move(work));
}

Task<Result<Raised>> SqliteStore::update_privacy(domain::UserId user, ports::PrivacyPatch patch) {
  auto work = [this, user, patch](Connection& connection) {
    return change_privacy(connection, user, patch, noted_time(user));
  };
  co_return co_await write<Raised>(std::move(work));
}

Task<Result<ports::Relation>> SqliteStore::relation(domain::UserId one, domain::UserId other) {
  auto work = [one, other](Connection& connection) -> Result<ports::Relation> {
    return read_relations(connection, one, {other}).front();
  };
  co_return co_await readers_.read<ports::Relation>(std::move(work));
}

Task<Result<std::vector<ports::Relation>>> SqliteStore::relations(
    domain::UserId one, std::vector<domain::UserId> others) {
  auto work = [one, others = std::move(others)](
                  Connection& connection) -> Result<std::vector<ports::Relation>> {
    return read_relations(connection, one, others);
  };
  co_return co_await readers_.read<std::vector<ports::Relation>>(std::move(work));
}

Task<Result<Raised>> SqliteStore::put_contact(domain::UserId owner, domain::UserId other,
                                              Time now) {
  auto work = [this, owner, other, now](Connection& connection) {
    return put_person(connection, kContacts, owner, other, now, noted_time(owner));
  };
  co_return co_await write<Raised>(std::move(work));
}

Task<Result<Raised>> SqliteStore::remove_contact(domain::UserId owner, domain::UserId other) {
  auto work = [this, owner, other](Connection& connection) {
    return remove_person(connection, kContacts, owner, other, noted_time(owner));
  };
  co_return co_await write<Raised>(std::move(work));
}

Task<Result<Raised>> SqliteStore::put_block(domain::UserId owner, domain::UserId other, Time now) {
  auto work = [this, owner, other, now](Connection& connection) {
    return put_person(connection, kBlocks, owner, other, now, noted_time(owner));
  };
  co_return co_await write<Raised>(std::move(work));
}

Task<Result<Raised>> SqliteStore::remove_block(domain::UserId owner, domain::UserId other) {
  auto work = [this, owner, other](Connection& connection) {
    return remove_person(connection, kBlocks, owner, other, noted_time(owner));
  };
  co_return co_await write<Raised>(std::move(work));
}

Task<Result<std::optional<ports::Acquaintance>>> SqliteStore::contact(domain::UserId owner,
                                                                      domain::UserId other) {
  auto work = [owner, other](Connection& connection) -> Result<std::optional<ports::Acquaintance>> {
    if (!exists(connection, owner)) return fail(Errc::not_found);
    auto row = connection.prepare("SELECT " KN_USER_COLUMNS
                                  ", p.since FROM contacts p JOIN users u ON u.id = p.other_id "
                                  "WHERE p.owner_id = ?1 AND p.other_id = ?2");
    row.bind(owner, other);
    if (!row.step()) return std::optional<ports::Acquaintance>();
    return std::optional(
        ports::Acquaintance{.user = read_user(row), .since = row.time(kUserColumns)});
  };
  co_return co_await readers_.read<std::optional<ports::Acquaintance>>(std::move(work));
}

Task<Result<ports::AcquaintancePage>> SqliteStore::contacts(
    domain::UserId owner, std::optional<ports::AcquaintancePosition> after, std::size_t limit) {
  auto work = [owner, after, limit](Connection& connection) {
    return read_page(connection, kContacts, owner, after, limit);
  };
  co_return co_await readers_.read<ports::AcquaintancePage>(std::move(work));
}

Task<Result<ports::AcquaintancePage>> SqliteStore::blocks(
    domain::UserId owner, std::optional<ports::AcquaintancePosition> after, std::size_t limit) {
  auto work = [owner, after, limit](Connection& connection) {
    return read_page(connection, kBlocks, owner, after, limit);
  };
  co_return co_await readers_.read<ports::AcquaintancePage>(std::move(work));
}

Task<Result<void>> SqliteStore::see(domain::UserId user, Time at) {
  auto work = [user, at](Connection& connection) -> Result<void> {
    connection
        .prepare(
            "UPDATE users SET last_seen_at = max(ifnull(last_seen_at, ?2), ?2) WHERE id = ?1 AND "
            "is_deleted = 0")
        .bind(user, at)
        .run();
    if (connection.changes() == 0) return fail(Errc::not_found);
    return {};
  };
  co_return co_await write<void>(std::move(work));
}

Task<Result<std::optional<Time>>> SqliteStore::last_seen(domain::UserId user) {
  auto work = [user](Connection& connection) -> Result<std::optional<Time>> {
    auto row =
        connection.prepare("SELECT last_seen_at FROM users WHERE id = ?1 AND is_deleted = 0");
    row.bind(user);
    if (!row.step()) return fail(Errc::not_found);
    return row.optional_time(0);
  };
  co_return co_await readers_.read<std::optional<Time>>(std::move(work));
}

Task<Result<void>> SqliteStore::delete_account(domain::UserId user) {
  auto work = [this, user](Connection& connection) {
    return delete_user(connection, user, noted_time(user));
  };
  co_return co_await write<void>(std::move(work));
}

}  // namespace knotos::adapters::sqlite
