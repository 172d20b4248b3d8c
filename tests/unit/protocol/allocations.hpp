#pragma once

#include <cstddef>

namespace knotos::test {

/// What this thread has asked of the heap since it began. Linear cost is shown by counting, not by
/// a clock: what is copied again and again is allocated again and again.
struct Allocations {
  std::size_t count = 0;
  std::size_t bytes = 0;
};

[[nodiscard]] Allocations allocations();

}  // namespace knotos::test
