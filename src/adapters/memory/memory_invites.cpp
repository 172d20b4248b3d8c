#include "adapters/memory/memory_store.hpp"

#include <algorithm>
#include <tuple>

// Invites to groups, and who reacted last.
namespace knotos::adapters::memory {
namespace {

constexpr const char* kUnavailable = "the memory store was told to be unavailable";

}  // namespace

Task<Result<std::vector<domain::UserId>>> MemoryStore::recent_reactors(domain::ChatId chat,
                                                                       domain::MessageId message,
                                                                       std::string emoji,
                                                                       std::size_t limit) {
  const std::scoped_lock lock(mutex_);
  if (!is_available_) co_return fail_because(Errc::store_unavailable, kUnavailable);
  std::vector<domain::UserId> users;
  const auto* found = stored(chat);
  if (found == nullptr || !found->reactions.contains(message)) co_return users;
  std::vector<domain::Reaction> reactions;
  std::ranges::copy_if(found->reactions.at(message), std::back_inserter(reactions),
                       [&emoji](const auto& each) { return each.emoji == emoji; });
  std::ranges::sort(reactions, std::greater(), [](const domain::Reaction& each) {
    return std::tuple(each.created_at, each.user_id);
  });
  if (reactions.size() > limit) reactions.resize(limit);
  for (const auto& each : reactions) users.push_back(each.user_id);
  co_return users;
}

Task<Result<void>> MemoryStore::put_invite(ports::Invite invite, std::size_t count_max) {
  const std::scoped_lock lock(mutex_);
  if (!is_available_) co_return fail_because(Errc::store_unavailable, kUnavailable);
  const auto count = std::ranges::count_if(
      invites_, [&invite](const auto& each) { return each.second.chat_id == invite.chat_id; });
  if (static_cast<std::size_t>(count) >= count_max) co_return fail(Errc::conflict);
  invites_[invite.code] = std::move(invite);
  co_return Result<void>();
}

Task<Result<std::vector<ports::Invite>>> MemoryStore::invites(domain::ChatId chat) {
  const std::scoped_lock lock(mutex_);
  if (!is_available_) co_return fail_because(Errc::store_unavailable, kUnavailable);
  std::vector<ports::Invite> invites;
  for (const auto& [code, invite] : invites_) {
    if (invite.chat_id == chat) invites.push_back(invite);
  }
  std::ranges::sort(invites, std::greater(), [](const ports::Invite& invite) {
    return std::tuple(invite.created_at, invite.code);
  });
  co_return invites;
}

Task<Result<ports::Invite>> MemoryStore::find_invite(std::string code) {
  const std::scoped_lock lock(mutex_);
  if (!is_available_) co_return fail_because(Errc::store_unavailable, kUnavailable);
  const auto found = invites_.find(code);
  if (found == invites_.end()) co_return fail(Errc::not_found);
  co_return found->second;
}

Task<Result<bool>> MemoryStore::remove_invite(domain::ChatId chat, std::string code) {
  const std::scoped_lock lock(mutex_);
  if (!is_available_) co_return fail_because(Errc::store_unavailable, kUnavailable);
  const auto found = invites_.find(code);
  if (found == invites_.end() || found->second.chat_id != chat) co_return false;
  invites_.erase(found);
  co_return true;
}

Task<Result<ports::Invite>> MemoryStore::use_invite(std::string code, Time now) {
  const std::scoped_lock lock(mutex_);
  if (!is_available_) co_return fail_because(Errc::store_unavailable, kUnavailable);
  const auto found = invites_.find(code);
  if (found == invites_.end() || !ports::is_usable(found->second, now)) {
    co_return fail(Errc::not_found);
  }
  ++found->second.uses;
  co_return found->second;
}

Task<Result<void>> MemoryStore::return_invite_use(std::string code) {
  const std::scoped_lock lock(mutex_);
  if (!is_available_) co_return fail_because(Errc::store_unavailable, kUnavailable);
  const auto found = invites_.find(code);
  if (found != invites_.end() && found->second.uses > 0) --found->second.uses;
  co_return Result<void>();
}

}  // namespace knotos::adapters::memory
