#include "adapters/system/system_random.hpp"

#include <sodium.h>

#include <stdexcept>

namespace knotos::adapters::system {

SystemRandom::SystemRandom() {
  if (sodium_init() < 0) throw std::runtime_error("The system has no source of randomness.");
}

void SystemRandom::fill(std::span<std::uint8_t> out) { randombytes_buf(out.data(), out.size()); }

}  // namespace knotos::adapters::system
