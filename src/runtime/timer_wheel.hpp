#pragma once

#include "base/time.hpp"

#include <array>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <vector>

namespace knotos::runtime {

/// Timers by deadline, in ticks of 10 ms: no clock, no thread, no I/O. One shard's.
///
/// A hierarchical wheel: seven levels of 64 slots, so that adding and cancelling cost the same for
/// ten timers as for a million, and any deadline a steady clock can express fits. A timer sits on
/// the level of the highest six bits in which its tick differs from the present one and moves down
/// when the wheel comes to its slot; thus the lowest occupied slot of the lowest occupied level is
/// always what comes next, and a bit map a level finds it without ticking through empty slots.
///
/// Never calls before the deadline; calls at most one tick after it if `advance` is called in time.
/// Callbacks may add and cancel anything, themselves included.
class TimerWheel {
 public:
  using Handle = std::uint64_t;
  using Call = std::move_only_function<void()>;

  static constexpr Milliseconds kTick{10};

  explicit TimerWheel(SteadyTime now) : epoch_(now) {}

  /// Never called inside this call, however old the deadline is. Handles are never 0 and never
  /// given twice.
  [[nodiscard]] Handle add(SteadyTime deadline, Call call);
  /// Unknown and past handles are ignored. Destroys the callback.
  void cancel(Handle handle);

  /// Calls what is due, in the order of ticks. Not from a callback. If one throws, the rest of the
  /// due ones are called by the next `advance`.
  void advance(SteadyTime now);

  /// When `advance` has something to do next, maybe only to move timers down a level. nullopt: no
  /// timers.
  [[nodiscard]] std::optional<SteadyTime> next_wake() const;

  [[nodiscard]] std::size_t size() const { return size_; }

  /// Destroys all callbacks uncalled. Their destructors may cancel others.
  void clear();

 private:
  using Index = std::uint32_t;
  static constexpr Index kNone = ~Index{0};
  static constexpr unsigned kLevelBits = 6;
  static constexpr std::size_t kSlotsPerLevel = std::size_t{1} << kLevelBits;
  static constexpr std::size_t kLevels = 7;
  /// The list after the wheel's own: what `advance` is calling now.
  static constexpr std::size_t kDueList = kLevels * kSlotsPerLevel;
  static constexpr std::size_t kNoList = kDueList + 1;
  static constexpr unsigned kIndexBits = 24;
  static constexpr std::uint64_t kGenerationMax = (std::uint64_t{1} << (64 - kIndexBits)) - 1;

  struct Node {
    Call call;
    std::uint64_t tick = 0;
    std::uint64_t generation = 1;
    Index next = kNone;
    Index previous = kNone;
    std::uint32_t list = kNoList;
  };
  struct List {
    Index first = kNone;
    Index last = kNone;
  };

  [[nodiscard]] std::uint64_t tick_at_or_after(SteadyTime time) const;
  [[nodiscard]] std::optional<std::uint64_t> next_event() const;
  /// Into the slot of its tick; one that is due now goes to the due list.
  void place(Index index);
  void link(Index index, std::size_t list);
  void unlink(Index index);
  /// Frees the node; the callback is the caller's to call or destroy once nothing is half done.
  [[nodiscard]] Call take(Index index);
  [[nodiscard]] Index make_node();
  void call_due();

  SteadyTime epoch_;
  std::uint64_t now_ = 0;
  std::array<List, kNoList> lists_{};
  std::array<std::uint64_t, kLevels> occupied_{};
  std::vector<Node> nodes_;
  Index free_ = kNone;
  std::size_t size_ = 0;
  bool is_advancing_ = false;
};

}  // namespace knotos::runtime
