#include "adapters/memory/memory_store.hpp"

// How users stand to each other.
namespace knotos::adapters::memory {
namespace {

constexpr const char* kUnavailable = "the memory store was told to be unavailable";

}  // namespace

Task<Result<ports::Relation>> MemoryStore::relation(domain::UserId one, domain::UserId other) {
  const std::scoped_lock lock(mutex_);
  if (!is_available_) co_return fail_because(Errc::store_unavailable, kUnavailable);
  co_return relation_of(one, other);
}

Task<Result<std::vector<ports::Relation>>> MemoryStore::relations(
    domain::UserId one, std::vector<domain::UserId> others) {
  const std::scoped_lock lock(mutex_);
  if (!is_available_) co_return fail_because(Errc::store_unavailable, kUnavailable);
  std::vector<ports::Relation> relations;
  relations.reserve(others.size());
  for (const auto& other : others) relations.push_back(relation_of(one, other));
  co_return relations;
}

ports::Relation MemoryStore::relation_of(domain::UserId one, domain::UserId other) const {
  ports::Relation relation;
  const auto theirs = accounts_.find(other);
  if (theirs == accounts_.end()) return relation;
  relation.exists = !theirs->second.credentials.user.is_deleted;
  relation.has_blocked = theirs->second.blocks.contains(one);
  relation.is_contact = theirs->second.contacts.contains(one);
  relation.privacy = theirs->second.privacy;
  const auto own = accounts_.find(one);
  relation.is_blocked = own != accounts_.end() && own->second.blocks.contains(other);
  return relation;
}

}  // namespace knotos::adapters::memory
