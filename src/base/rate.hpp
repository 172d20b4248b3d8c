#pragma once

#include "base/time.hpp"

#include <chrono>
#include <cstdint>

namespace knotos {

/// `count` in `window`, and at most `burst` at once. count 0: no limit.
struct Rate {
  std::uint32_t count = 0;
  std::chrono::milliseconds window{0};
  std::uint32_t burst = 0;  ///< 0: as many as `count`.

  /// A window of nothing limits nothing, either.
  [[nodiscard]] bool is_on() const {
    return count > 0 && interval() > SteadyTime::duration::zero();
  }
  /// Between two events at the rate. Pre: count > 0.
  [[nodiscard]] SteadyTime::duration interval() const {
    return std::chrono::duration_cast<SteadyTime::duration>(window) / count;
  }
  /// How far a key may be ahead of the rate: the burst. Pre: count > 0.
  [[nodiscard]] SteadyTime::duration tolerance() const {
    return interval() * (burst > 0 ? burst : count);
  }
};

}  // namespace knotos
