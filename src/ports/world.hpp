#pragma once

#include "base/time.hpp"

#include <cstdint>
#include <span>

namespace knotos::ports {

/// What time it is. The simulator moves it.
class Clock {
 public:
  virtual ~Clock() = default;
  [[nodiscard]] virtual Time now() const = 0;
  [[nodiscard]] virtual SteadyTime steady_now() const = 0;
};

/// Randomness good enough for secrets. The simulator seeds it.
class Random {
 public:
  virtual ~Random() = default;
  virtual void fill(std::span<std::uint8_t> out) = 0;
};

}  // namespace knotos::ports
