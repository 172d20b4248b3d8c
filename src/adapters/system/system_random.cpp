#include "adapters/system/system_random.hpp"

#include <sodium.h>

#include <stdexcept>

namespace knotos::adapters::system {

SystemRandom::SystemRandom() {
  // A cipher of each thread's own, seeded by the kernel: a message needs ten random bytes, and a
  // system call for them costs more than all else about its id.
  randombytes_set_implementation(&randombytes_internal_implementation);
  if (sodium_init() < 0) throw std::runtime_error("The system has no source of randomness.");
}

void SystemRandom::fill(std::span<std::uint8_t> out) { randombytes_buf(out.data(), out.size()); }

}  // namespace knotos::adapters::system
