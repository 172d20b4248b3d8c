#pragma once

#include "ports/world.hpp"

namespace knotos::adapters::system {

/// The machine's own clocks. Any thread.
class SystemClock final : public ports::Clock {
 public:
  [[nodiscard]] Time now() const override { return now_utc(); }
  [[nodiscard]] SteadyTime steady_now() const override { return std::chrono::steady_clock::now(); }
};

}  // namespace knotos::adapters::system
