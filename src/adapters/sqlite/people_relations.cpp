#include "adapters/sqlite/rows.hpp"
#include "adapters/sqlite/sqlite_store.hpp"

// How users stand to each other.
namespace knotos::adapters::sqlite {
namespace {

ports::Relation read_relation(Connection& connection, domain::UserId one, domain::UserId other) {
  auto row = connection.prepare(
      "SELECT u.is_deleted, u.privacy_last_seen, u.privacy_direct_messages, "
      "u.privacy_group_invites, "
      "EXISTS (SELECT 1 FROM blocks WHERE owner_id = ?2 AND other_id = ?1), "
      "EXISTS (SELECT 1 FROM blocks WHERE owner_id = ?1 AND other_id = ?2), "
      "EXISTS (SELECT 1 FROM contacts WHERE owner_id = ?2 AND other_id = ?1) "
      "FROM users u WHERE u.id = ?2");
  row.bind(one, other);
  ports::Relation relation;
  if (!row.step()) return relation;
  // What cannot be read as an audience lets nobody in.
  const auto audience = [&row](int column) {
    return domain::parse_audience(row.text(column)).value_or(domain::Audience::nobody);
  };
  relation.exists = !row.flag(0);
  relation.privacy = {
      .last_seen = audience(1), .direct_messages = audience(2), .group_invites = audience(3)};
  relation.has_blocked = row.flag(4);
  relation.is_blocked = row.flag(5);
  relation.is_contact = row.flag(6);
  return relation;
}

}  // namespace

Task<Result<ports::Relation>> SqliteStore::relation(domain::UserId one, domain::UserId other) {
  auto work = [one, other](Connection& connection) -> Result<ports::Relation> {
    return read_relation(connection, one, other);
  };
  co_return co_await readers_.read<ports::Relation>(std::move(work));
}

Task<Result<std::vector<ports::Relation>>> SqliteStore::relations(
    domain::UserId one, std::vector<domain::UserId> others) {
  auto work = [one, others = std::move(others)](
                  Connection& connection) -> Result<std::vector<ports::Relation>> {
    std::vector<ports::Relation> relations;
    relations.reserve(others.size());
    // One snapshot, and each look-up is by key: one statement for all would only be harder to read.
    for (const auto& other : others) relations.push_back(read_relation(connection, one, other));
    return relations;
  };
  co_return co_await readers_.read<std::vector<ports::Relation>>(std::move(work));
}

}  // namespace knotos::adapters::sqlite
