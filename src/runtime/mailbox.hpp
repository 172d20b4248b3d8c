#pragma once

#include <cstddef>
#include <functional>
#include <mutex>
#include <vector>

namespace knotos::runtime {

/// What other threads want done on one shard: many writers, one reader, a short lock.
///
/// The first `push` into an empty box says that its reader must be woken; the pushes after it ride
/// along, so a batch costs one wake-up. Work comes out in the order in which it went in, so each
/// sending thread sees its own order kept.
///
/// The bound is a mark, not a wall. Two shards that wait for room in each other's box would wait
/// for ever, and work here (a delivery, an answer, a closed link) has nobody to take it back; so
/// beyond the mark the box goes on growing, and says so, and the writers' own limits (outbox,
/// inbox, pool queue) are what ends it.
class Mailbox {
 public:
  using Work = std::move_only_function<void()>;

  struct Pushed {
    bool needs_wake = false;
    bool is_over_bound = false;
    bool is_dropped = false;  ///< The box is closed.
  };

  explicit Mailbox(std::size_t bound) : bound_(bound) {}

  /// Any thread. Dropped work is destroyed by the caller's thread, outside the lock.
  [[nodiscard]] Pushed push(Work work);

  /// All that waits, in order; the next `push` will need a wake-up again. `batch` comes empty: its
  /// memory is what the box fills next.
  void take(std::vector<Work>& batch);

  /// From now on work is dropped. Returns what waited.
  [[nodiscard]] std::vector<Work> close();

 private:
  const std::size_t bound_;
  std::mutex mutex_;
  std::vector<Work> waiting_;
  bool is_wake_pending_ = false;
  bool is_closed_ = false;
};

}  // namespace knotos::runtime
