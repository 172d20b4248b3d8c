#pragma once

#include "base/shards.hpp"
#include "base/task.hpp"
#include "ports/sync_store.hpp"
#include "server/timers.hpp"

#include <chrono>
#include <cstddef>
#include <functional>
#include <optional>

namespace knotos::gateway {

/// Asks the store every second what changed since it asked last, of whomever: what the bus lost, or
/// what a process committed and died before it said, shows by it (SEMANTICS section 4). One a
/// process, on shard 0. It must outlive what it has spawned, so it is destroyed after the shards
/// have stopped.
class Sweeper {
 public:
  struct Ports {
    Shards& shards;
    server::Timers& timers;  ///< Of shard 0.
    ports::SyncStore& store;
  };

  struct Limits {
    std::chrono::milliseconds every{1'000};
    /// Read again on top: a process raises `userRev` a moment after it wrote the time of the
    /// change, and stores of several machines tell one time only nearly.
    std::chrono::milliseconds margin{2'000};
    std::size_t page = 1'000;    ///< Chats and users of one read.
    std::size_t pages_max = 64;  ///< Reads in a row; the next sweep goes on where they ended.
  };

  /// What changed at `since` or later. Called on shard 0, also where nothing did.
  using Found = std::function<void(Time since, const ports::SyncStore::Sweep& sweep)>;

  Sweeper(Ports ports, Limits limits, Found found)
      : ports_(ports), limits_(limits), found_(std::move(found)) {}

  /// From now on: what changed before is read by whoever comes.
  void begin();
  /// At once, and not only when its time has come. Pre: it has begun.
  void compare();

 private:
  void wait();
  [[nodiscard]] Task<void> sweep();
  [[nodiscard]] Task<void> look();

  Ports ports_;
  Limits limits_;
  Found found_;
  std::optional<Time> since_;  ///< The store's own time; nullopt: it has not said it yet.
  server::Timers::Handle timer_ = 0;
  bool is_sweeping_ = false;
  bool is_asked_again_ = false;
};

}  // namespace knotos::gateway
