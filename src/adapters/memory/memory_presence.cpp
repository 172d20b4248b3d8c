#include "adapters/memory/memory_presence.hpp"

#include <algorithm>

namespace knotos::adapters::memory {

using ports::PresenceState;

std::uint64_t PresenceTable::new_process() {
  const std::scoped_lock lock(mutex_);
  return ++processes_;
}

void PresenceTable::put(std::uint64_t process, const ports::PresenceBoard::Entry& entry,
                        std::chrono::milliseconds lifetime) {
  const std::scoped_lock lock(mutex_);
  if (entry.state != PresenceState::offline) {
    words_[entry.user_id][process] = {.state = entry.state,
                                      .good_until = clock_.steady_now() + lifetime};
    return;
  }
  const auto at = words_.find(entry.user_id);
  if (at == words_.end()) return;
  at->second.erase(process);
  if (at->second.empty()) words_.erase(at);
}

PresenceState PresenceTable::state_of(domain::UserId user) {
  const std::scoped_lock lock(mutex_);
  const auto at = words_.find(user);
  if (at == words_.end()) return PresenceState::offline;
  const auto now = clock_.steady_now();
  std::erase_if(at->second, [now](const auto& word) { return word.second.good_until <= now; });
  auto state = PresenceState::offline;
  for (const auto& [process, word] : at->second) state = std::max(state, word.state);
  if (at->second.empty()) words_.erase(at);
  return state;
}

Task<Result<void>> MemoryPresenceBoard::post(std::vector<Entry> entries,
                                             std::chrono::milliseconds lifetime) {
  for (const auto& entry : entries) table_.put(process_, entry, lifetime);
  co_return Result<void>();
}

Task<Result<std::vector<PresenceState>>> MemoryPresenceBoard::read(
    std::vector<domain::UserId> users) {
  std::vector<PresenceState> states;
  states.reserve(users.size());
  for (const auto& user : users) states.push_back(table_.state_of(user));
  co_return states;
}

}  // namespace knotos::adapters::memory
