#pragma once

#include "ports/world.hpp"

namespace knotos::adapters::system {

/// The kernel's randomness, good enough for secrets. Any thread.
class SystemRandom final : public ports::Random {
 public:
  /// Throws std::runtime_error where the machine has no randomness to give.
  SystemRandom();

  void fill(std::span<std::uint8_t> out) override;
};

}  // namespace knotos::adapters::system
