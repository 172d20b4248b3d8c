#pragma once

#include "ports/world.hpp"

#include <chrono>

namespace knotos::test {

/// Stands still until the test moves it. 2026-11-24T20:00:00Z at first.
class FakeClock final : public ports::Clock {
 public:
  [[nodiscard]] Time now() const override { return wall_; }
  [[nodiscard]] SteadyTime steady_now() const override { return steady_; }

  /// Both clocks go forward.
  void advance(std::chrono::milliseconds by) {
    wall_ += by;
    steady_ += by;
  }
  /// Somebody sets the machine's clock: only the wall clock jumps, in either direction.
  void set_wall(Time time) { wall_ = time; }

 private:
  Time wall_ = std::chrono::sys_days(std::chrono::year{2026} / 11 / 24) + std::chrono::hours(20);
  SteadyTime steady_ = SteadyTime{} + std::chrono::hours(1);
};

}  // namespace knotos::test
