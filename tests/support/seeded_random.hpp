#pragma once

#include "ports/world.hpp"

#include <cstdint>
#include <cstdlib>
#include <random>
#include <span>

namespace knotos::test {

/// Randomness that a seed repeats. One thread.
class SeededRandom final : public ports::Random {
 public:
  explicit SeededRandom(std::uint64_t seed) : engine_(seed) {}

  void fill(std::span<std::uint8_t> out) override {
    for (auto& byte : out) byte = static_cast<std::uint8_t>(engine_() & 0xffU);
  }

  /// 0 to `bound` − 1.
  [[nodiscard]] std::size_t below(std::size_t bound) {
    return static_cast<std::size_t>(engine_() % bound);
  }
  [[nodiscard]] bool one_in(std::size_t count) { return below(count) == 0; }

 private:
  std::mt19937_64 engine_;
};

/// The seed of a test run: KNOTOS_TEST_SEED where it is set, so that a printed failure can be
/// played again; else `fallback`.
[[nodiscard]] inline std::uint64_t seed_or(std::uint64_t fallback) {
  const char* const text = std::getenv("KNOTOS_TEST_SEED");
  if (text == nullptr) return fallback;
  return std::strtoull(text, nullptr, 10);
}

}  // namespace knotos::test
