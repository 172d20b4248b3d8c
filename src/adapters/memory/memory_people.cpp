#include "adapters/memory/memory_store.hpp"

#include <algorithm>
#include <tuple>
#include <utility>

// Profiles, privacy, contacts and blocks.
namespace knotos::adapters::memory {
namespace {

constexpr const char* kUnavailable = "the memory store was told to be unavailable";

using Raised = Result<std::optional<domain::UserRev>>;

/// True: it was another value before.
template <class T>
bool set(T& value, const std::optional<T>& to) {
  if (!to || value == *to) return false;
  value = *to;
  return true;
}

}  // namespace

Task<Result<domain::UserRev>> MemoryStore::user_rev(domain::UserId user) {
  const std::scoped_lock lock(mutex_);
  if (!is_available_) co_return fail_because(Errc::store_unavailable, kUnavailable);
  const auto* account = account_of(user);
  if (account == nullptr) co_return fail(Errc::not_found);
  co_return account->user_rev;
}

Task<Raised> MemoryStore::update_profile(domain::UserId user, ports::ProfilePatch patch) {
  const std::scoped_lock lock(mutex_);
  if (!is_available_) co_return fail_because(Errc::store_unavailable, kUnavailable);
  auto* account = account_of(user);
  if (account == nullptr) co_return fail(Errc::not_found);
  const bool is_named_anew = set(account->credentials.user.display_name, patch.display_name);
  const bool is_described_anew = set(account->credentials.user.about, patch.about);
  if (!is_named_anew && !is_described_anew) co_return std::nullopt;
  co_return raise_settings(*account);
}

Task<Result<domain::Privacy>> MemoryStore::privacy(domain::UserId user) {
  const std::scoped_lock lock(mutex_);
  if (!is_available_) co_return fail_because(Errc::store_unavailable, kUnavailable);
  const auto* account = account_of(user);
  if (account == nullptr) co_return fail(Errc::not_found);
  co_return account->privacy;
}

Task<Raised> MemoryStore::update_privacy(domain::UserId user, ports::PrivacyPatch patch) {
  const std::scoped_lock lock(mutex_);
  if (!is_available_) co_return fail_because(Errc::store_unavailable, kUnavailable);
  auto* account = account_of(user);
  if (account == nullptr) co_return fail(Errc::not_found);
  auto after = account->privacy;
  set(after.last_seen, patch.last_seen);
  set(after.direct_messages, patch.direct_messages);
  set(after.group_invites, patch.group_invites);
  if (after == account->privacy) co_return std::nullopt;
  account->privacy = after;
  co_return raise_settings(*account);
}

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

Raised MemoryStore::put_person(Account::People Account::* people, std::size_t count_max,
                               domain::UserId owner, domain::UserId other, Time now) {
  const std::scoped_lock lock(mutex_);
  if (!is_available_) return fail_because(Errc::store_unavailable, kUnavailable);
  auto* account = account_of(owner);
  if (account == nullptr || account_of(other) == nullptr) return fail(Errc::not_found);
  auto& there = account->*people;
  if (there.contains(other)) return std::nullopt;
  if (there.size() >= count_max) return fail(Errc::conflict);
  there.emplace(other, now);
  return raise_settings(*account);
}

Raised MemoryStore::remove_person(Account::People Account::* people, domain::UserId owner,
                                  domain::UserId other) {
  const std::scoped_lock lock(mutex_);
  if (!is_available_) return fail_because(Errc::store_unavailable, kUnavailable);
  auto* account = account_of(owner);
  if (account == nullptr) return fail(Errc::not_found);
  if ((account->*people).erase(other) == 0) return std::nullopt;
  return raise_settings(*account);
}

Task<Raised> MemoryStore::put_contact(domain::UserId owner, domain::UserId other, Time now) {
  co_return put_person(&Account::contacts, domain::kContactsMax, owner, other, now);
}

Task<Raised> MemoryStore::remove_contact(domain::UserId owner, domain::UserId other) {
  co_return remove_person(&Account::contacts, owner, other);
}

Task<Raised> MemoryStore::put_block(domain::UserId owner, domain::UserId other, Time now) {
  co_return put_person(&Account::blocks, domain::kBlocksMax, owner, other, now);
}

Task<Raised> MemoryStore::remove_block(domain::UserId owner, domain::UserId other) {
  co_return remove_person(&Account::blocks, owner, other);
}

Task<Result<std::optional<ports::Acquaintance>>> MemoryStore::contact(domain::UserId owner,
                                                                      domain::UserId other) {
  const std::scoped_lock lock(mutex_);
  if (!is_available_) co_return fail_because(Errc::store_unavailable, kUnavailable);
  const auto* account = account_of(owner);
  if (account == nullptr) co_return fail(Errc::not_found);
  const auto found = account->contacts.find(other);
  if (found == account->contacts.end()) co_return std::nullopt;
  co_return ports::Acquaintance{.user = accounts_.at(other).credentials.user,
                                .since = found->second};
}

Task<Result<ports::AcquaintancePage>> MemoryStore::contacts(
    domain::UserId owner, std::optional<ports::AcquaintancePosition> after, std::size_t limit) {
  const std::scoped_lock lock(mutex_);
  if (!is_available_) co_return fail_because(Errc::store_unavailable, kUnavailable);
  const auto* account = account_of(owner);
  if (account == nullptr) co_return fail(Errc::not_found);
  co_return page_of(account->contacts, after, limit);
}

Task<Result<ports::AcquaintancePage>> MemoryStore::blocks(
    domain::UserId owner, std::optional<ports::AcquaintancePosition> after, std::size_t limit) {
  const std::scoped_lock lock(mutex_);
  if (!is_available_) co_return fail_because(Errc::store_unavailable, kUnavailable);
  const auto* account = account_of(owner);
  if (account == nullptr) co_return fail(Errc::not_found);
  co_return page_of(account->blocks, after, limit);
}

Task<Result<void>> MemoryStore::see(domain::UserId user, Time at) {
  const std::scoped_lock lock(mutex_);
  if (!is_available_) co_return fail_because(Errc::store_unavailable, kUnavailable);
  auto* account = account_of(user);
  if (account == nullptr) co_return fail(Errc::not_found);
  account->last_seen = std::max(account->last_seen.value_or(at), at);
  co_return Result<void>();
}

Task<Result<std::optional<Time>>> MemoryStore::last_seen(domain::UserId user) {
  const std::scoped_lock lock(mutex_);
  if (!is_available_) co_return fail_because(Errc::store_unavailable, kUnavailable);
  const auto* account = account_of(user);
  if (account == nullptr) co_return fail(Errc::not_found);
  co_return account->last_seen;
}

Task<Result<void>> MemoryStore::delete_account(domain::UserId user) {
  const std::scoped_lock lock(mutex_);
  if (!is_available_) co_return fail_because(Errc::store_unavailable, kUnavailable);
  const auto found = accounts_.find(user);
  if (found == accounts_.end()) co_return fail(Errc::not_found);
  auto& account = found->second;
  auto& kept = account.credentials.user;
  if (kept.is_deleted) co_return Result<void>();
  // The name stays in `user_ids_by_name_`, so that nobody gets it again.
  kept.username.clear();
  kept.display_name.clear();
  kept.about.clear();
  kept.is_deleted = true;
  account.credentials.password_hash.clear();
  account.privacy = {};
  account.contacts.clear();
  account.blocks.clear();
  account.last_seen.reset();
  std::vector<domain::DeviceId> devices;
  for (const auto& [id, device] : devices_) {
    if (device.user_id == user) devices.push_back(id);
  }
  for (const auto& device : devices) remove_device(device);
  for (const auto& chat : account.chats) {
    auto& stored_chat = chats_.at(chat);
    stored_chat.states.at(user).draft.clear();
    stored_chat.hidden.erase(user);
  }
  raise_settings(account);
  co_return Result<void>();
}

MemoryStore::Account* MemoryStore::account_of(domain::UserId user) {
  const auto found = accounts_.find(user);
  if (found == accounts_.end() || found->second.credentials.user.is_deleted) return nullptr;
  return &found->second;
}

domain::UserRev MemoryStore::raise_settings(Account& account) {
  account.changed_at = change_time();
  return ++account.user_rev;
}

ports::Relation MemoryStore::relation_of(domain::UserId one, domain::UserId other) const {
  ports::Relation relation;
  const auto found = accounts_.find(other);
  if (found == accounts_.end() || found->second.credentials.user.is_deleted) return relation;
  relation.exists = true;
  relation.has_blocked = found->second.blocks.contains(one);
  relation.is_contact = found->second.contacts.contains(one);
  relation.privacy = found->second.privacy;
  const auto own = accounts_.find(one);
  relation.is_blocked = own != accounts_.end() && own->second.blocks.contains(other);
  return relation;
}

ports::AcquaintancePage MemoryStore::page_of(
    const std::map<domain::UserId, Time>& people,
    const std::optional<ports::AcquaintancePosition>& after, std::size_t limit) const {
  std::vector<std::pair<Time, domain::UserId>> sorted;
  for (const auto& [user, since] : people) {
    if (!after || std::tuple(since, user) > std::tuple(after->since, after->user_id)) {
      sorted.emplace_back(since, user);
    }
  }
  std::ranges::sort(sorted);
  ports::AcquaintancePage page;
  page.has_more = sorted.size() > limit;
  if (page.has_more) sorted.resize(limit);
  for (const auto& [since, user] : sorted) {
    page.people.push_back({.user = accounts_.at(user).credentials.user, .since = since});
  }
  return page;
}

}  // namespace knotos::adapters::memory
