#pragma once

#include <cstddef>

namespace knotos::test {

/// What this thread has asked of the heap since it began. Cost is shown by counting, not by a
/// clock: what is copied again and again is allocated again and again, and a machine that is busy
/// counts the same. Whoever includes it has `tests/support/allocations.cpp` among its sources.
struct Allocations {
  std::size_t count = 0;
  std::size_t bytes = 0;
  /// What the heap holds for this thread: blocks with their rounding, given back or not.
  std::ptrdiff_t live_bytes = 0;
};

[[nodiscard]] Allocations allocations();

}  // namespace knotos::test
