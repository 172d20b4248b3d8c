#pragma once

#include "ports/sync_store.hpp"

#include <deque>
#include <mutex>
#include <optional>
#include <unordered_map>
#include <unordered_set>
#include <utility>

namespace knotos::adapters::sqlite {

/// Which chats and users changed lately, so that a sweep every few seconds reads no table: an index
/// over the times of changes would cost every message a page more. The writer notes; any thread
/// asks. Bounded: what falls out is read from the tables.
class RecentChanges {
 public:
  static constexpr std::size_t kEntriesMax = 65'536;

  /// Complete from `begins_at` on.
  explicit RecentChanges(Time begins_at, std::size_t entries_max = kEntriesMax)
      : begins_at_(begins_at), entries_max_(entries_max) {}

  /// In the order of time. What is noted and then not committed only makes a sweep look in vain.
  void note(Time at, domain::ChatId chat, domain::Rev last_rev);
  void note(Time at, domain::UserId user);

  /// What changed at `since` or later; nullopt: it does not reach back so far. `now` is left to the
  /// caller.
  [[nodiscard]] std::optional<ports::SyncStore::Sweep> since(Time since, std::size_t limit) const;

 private:
  struct Entry {
    Time at;
    std::optional<domain::UserId> user;  ///< Else a chat.
    ports::SyncStore::Swept chat;
  };

  void push(Entry entry);

  mutable std::mutex mutex_;
  Time begins_at_;
  std::size_t entries_max_;
  std::deque<Entry> entries_;
};

/// Gathers a sweep from changes in the order of time, each chat and user once.
class SweepCollector {
 public:
  explicit SweepCollector(std::size_t limit) : limit_(limit) {}

  /// False: the sweep is full, and goes on at `at`.
  [[nodiscard]] bool take(Time at, const std::optional<domain::UserId>& user,
                          const ports::SyncStore::Swept& chat);
  [[nodiscard]] ports::SyncStore::Sweep finish() { return std::move(sweep_); }

 private:
  std::size_t limit_;
  Time last_at_;
  std::unordered_map<domain::ChatId, std::size_t> chats_;
  std::unordered_set<domain::UserId> users_;
  ports::SyncStore::Sweep sweep_;
};

}  // namespace knotos::adapters::sqlite
