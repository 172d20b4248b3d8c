#pragma once

#include "base/rate.hpp"
#include "base/time.hpp"
#include "ports/rate_board.hpp"

#include <array>
#include <chrono>
#include <cstdint>
#include <memory>
#include <mutex>
#include <string>
#include <unordered_map>

namespace knotos::services {

/// Counts events per key against a rate (GCRA: one time stamp a key). Any thread. Keys are hashes;
/// striped, so that two threads seldom meet; keys that are back at rest are forgotten, so memory
/// follows the keys in use.
///
/// With a board, the processes of a fleet count together, and nobody waits for it: what was allowed
/// here is told in lots of a sixteenth of the burst, at most one lot of a key at a time, and the
/// answer is what the key owes everywhere. So a key that is served by n processes at once may take
/// up to n bursts before they have heard of each other, and then waits: over a long time it has no
/// more than the rate. A process that cannot reach the board counts for itself.
class RateLimiter {
 public:
  /// Outlives the limiter. Null: this process counts alone.
  struct Fleet {
    ports::RateBoard* board = nullptr;
    std::string name;  ///< Of the rate, the same in every process.
  };

  explicit RateLimiter(Rate rate) : RateLimiter(rate, Fleet{}) {}
  RateLimiter(Rate rate, Fleet fleet);

  [[nodiscard]] bool is_on() const { return books_->rate.is_on(); }
  [[nodiscard]] const Rate& rate() const { return books_->rate; }

  struct Verdict {
    bool is_allowed = true;
    std::chrono::milliseconds retry_after{0};  ///< With a refusal.
    std::uint32_t remaining = 0;               ///< How many more would pass now.
    std::chrono::milliseconds reset_after{0};  ///< Until all of the burst is there again.
  };

  /// Counts one event, if it is allowed.
  [[nodiscard]] Verdict take(std::uint64_t key, SteadyTime now);
  /// For an event that was taken and turned out to count for nothing.
  void give_back(std::uint64_t key);
  /// How it stands, without counting: whether the next one would be allowed.
  [[nodiscard]] Verdict peek(std::uint64_t key, SteadyTime now);

 private:
  static constexpr std::size_t kStripes = 64;
  static constexpr std::size_t kSweepEvery = 4096;

  using Ticks = SteadyTime::duration;

  struct Account {
    SteadyTime due_at;             ///< When the key will be at rest.
    Ticks untold = Ticks::zero();  ///< What was allowed here and the board was not told of.
    bool is_telling = false;
  };

  struct alignas(64) Stripe {
    std::mutex mutex;
    std::unordered_map<std::uint64_t, Account> accounts;
    std::size_t takes_since_sweep = 0;

    [[nodiscard]] SteadyTime due_of(std::uint64_t key, SteadyTime now) const;
  };

  /// Shared with what waits for the board's answers, which may come after the limiter's end.
  struct Books {
    Rate rate;
    Fleet fleet;
    std::array<Stripe, kStripes> stripes;

    [[nodiscard]] Stripe& stripe_of(std::uint64_t key) {
      // Keys are hashes already; the multiplication guards against those that are not quite.
      static_assert(kStripes == 64);
      return stripes[(key * 0x9e3779b97f4a7c15ULL) >> 58U];
    }
    /// What the board is to be told of the account now; zero: nothing.
    [[nodiscard]] std::chrono::milliseconds next_lot(Account& account) const;
  };

  /// Counts under the lock.
  [[nodiscard]] Verdict count(std::uint64_t key, SteadyTime now, std::chrono::milliseconds& lot);
  static void tell(const std::shared_ptr<Books>& books, std::uint64_t key, SteadyTime now,
                   std::chrono::milliseconds lot);
  static void hear(const std::shared_ptr<Books>& books, std::uint64_t key, SteadyTime told_at,
                   std::chrono::milliseconds owed);

  std::shared_ptr<Books> books_;
};

}  // namespace knotos::services
