#pragma once

#include "base/time.hpp"
#include "server/link_id.hpp"
#include "server/packet.hpp"

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <memory>
#include <string>
#include <vector>

namespace knotos::server {

/// How many broadcasts of each shard have been seen. A mailbox keeps the order of one sender, so a
/// number says of all lower ones that they were seen too.
using BroadcastClock = std::vector<std::uint64_t>;

/// A broadcast, the same on every shard that it reached. `number` 0: it was for one shard alone.
struct BroadcastId {
  std::size_t origin = 0;
  std::uint64_t number = 0;
};

/// Whom an event was for.
struct Audience {
  std::vector<std::string> rooms;  ///< Any of them. Empty: everybody.
  std::vector<std::string> excepts;
};

/// The events of one namespace on one shard, for whoever lost some: one reference each, however
/// many got it. Bounded by count, bytes and age; what is dropped is remembered as dropped, so that
/// nobody is told that nothing is missing. On its shard.
class RecoveryLog {
 public:
  struct Limits {
    std::size_t events_max = 0;
    std::size_t bytes_max = 0;
    std::chrono::milliseconds age_max{0};
  };

  struct Entry {
    Packet packet;
    SteadyTime at;
    BroadcastId broadcast;
    IdText socket{};                           ///< For one socket alone: its id.
    std::unique_ptr<const Audience> audience;  ///< Else.
  };

  /// `seen`: broadcasts up to here came before the log was.
  RecoveryLog(std::uint32_t shard, Limits limits, BroadcastClock seen)
      : shard_(shard), limits_(limits), dropped_(std::move(seen)) {}
  ~RecoveryLog();
  RecoveryLog(const RecoveryLog&) = delete;
  RecoveryLog& operator=(const RecoveryLog&) = delete;

  /// Of the next event. The first is 1.
  [[nodiscard]] std::uint64_t next() const { return first_ + entries_.size(); }
  /// The oldest that is still there; `next()` if none is.
  [[nodiscard]] std::uint64_t first() const { return first_; }
  [[nodiscard]] const Entry& at(std::uint64_t sequence) const {
    return entries_[static_cast<std::size_t>(sequence - first_)];
  }
  [[nodiscard]] std::size_t bytes() const { return bytes_; }
  /// Each event is here whose broadcast came after `seen`.
  [[nodiscard]] bool holds_after(const BroadcastClock& seen) const;

  /// What the next event carries.
  [[nodiscard]] std::string next_offset() const;
  /// What an event carries that is not kept itself: that all before it were had.
  [[nodiscard]] std::string last_offset() const;

  void append(Entry entry);
  /// Drops what is too old.
  void trim(SteadyTime now);

 private:
  void drop_first();

  std::uint32_t shard_;
  Limits limits_;
  BroadcastClock dropped_;  ///< The highest that are not here any more.
  std::deque<Entry> entries_;
  std::uint64_t first_ = 1;
  std::size_t bytes_ = 0;
};

}  // namespace knotos::server
