#pragma once

#include "ports/presence_board.hpp"
#include "ports/world.hpp"

#include <cstdint>
#include <map>
#include <mutex>
#include <unordered_map>

namespace knotos::adapters::memory {

/// What all processes' boards show together. One process has one; tests share it between several.
/// Any thread.
class PresenceTable {
 public:
  explicit PresenceTable(const ports::Clock& clock) : clock_(clock) {}

  [[nodiscard]] std::uint64_t new_process();
  void put(std::uint64_t process, const ports::PresenceBoard::Entry& entry,
           std::chrono::milliseconds lifetime);
  [[nodiscard]] ports::PresenceState state_of(domain::UserId user);

 private:
  struct Word {
    ports::PresenceState state = ports::PresenceState::offline;
    SteadyTime good_until;
  };

  const ports::Clock& clock_;
  std::mutex mutex_;
  std::uint64_t processes_ = 0;
  /// By user, then by process. What has expired goes when it is next looked at, and what nobody
  /// looks at goes with the next word of its process: a user's words are as few as the processes.
  std::unordered_map<domain::UserId, std::map<std::uint64_t, Word>> words_;
};

/// One process's board.
class MemoryPresenceBoard final : public ports::PresenceBoard {
 public:
  explicit MemoryPresenceBoard(PresenceTable& table)
      : table_(table), process_(table.new_process()) {}

  [[nodiscard]] Task<Result<void>> post(std::vector<Entry> entries,
                                        std::chrono::milliseconds lifetime) override;
  [[nodiscard]] Task<Result<std::vector<ports::PresenceState>>> read(
      std::vector<domain::UserId> users) override;

 private:
  PresenceTable& table_;
  std::uint64_t process_;
};

}  // namespace knotos::adapters::memory
