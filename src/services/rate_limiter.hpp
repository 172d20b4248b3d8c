#pragma once

#include "base/time.hpp"

#include <array>
#include <chrono>
#include <cstdint>
#include <mutex>
#include <optional>
#include <unordered_map>

namespace knotos::services {

/// `count` in `window`, and at most `burst` at once. count 0: no limit.
struct Rate {
  std::uint32_t count = 0;
  std::chrono::milliseconds window{0};
  std::uint32_t burst = 0;  ///< 0: as many as `count`.
};

/// Counts events per key against a rate (GCRA: one time stamp a key). Any thread. Keys are hashes;
/// striped, so that two threads seldom meet; keys that are back at rest are forgotten, so memory
/// follows the keys in use.
class RateLimiter {
 public:
  explicit RateLimiter(Rate rate) : rate_(rate) {}

  [[nodiscard]] bool is_on() const { return rate_.count > 0; }
  [[nodiscard]] const Rate& rate() const { return rate_; }

  struct Verdict {
    bool is_allowed = true;
    std::chrono::milliseconds retry_after{0};  ///< With a refusal.
    std::uint32_t remaining = 0;               ///< How many more would pass now.
    std::chrono::milliseconds reset_after{0};  ///< Until all of the burst is there again.
  };

  /// Counts one event, if it is allowed.
  [[nodiscard]] Verdict take(std::uint64_t key, SteadyTime now);
  /// How it stands, without counting: whether the next one would be allowed.
  [[nodiscard]] Verdict peek(std::uint64_t key, SteadyTime now);

 private:
  static constexpr std::size_t kStripes = 64;
  static constexpr std::size_t kSweepEvery = 4096;

  struct alignas(64) Stripe {
    std::mutex mutex;
    std::unordered_map<std::uint64_t, SteadyTime> due_at;  ///< When the key will be at rest.
    std::size_t takes_since_sweep = 0;
  };

  [[nodiscard]] Stripe& stripe_of(std::uint64_t key) {
    // Keys are hashes already; the multiplication guards against those that are not quite.
    static_assert(kStripes == 64);
    return stripes_[(key * 0x9e3779b97f4a7c15ULL) >> 58U];
  }

  Rate rate_;
  std::array<Stripe, kStripes> stripes_;
};

}  // namespace knotos::services
