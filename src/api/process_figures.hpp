#pragma once

#include <cstdint>

namespace knotos::api {

/// What the kernel says of this process. A figure that it does not tell is 0.
struct ProcessFigures {
  std::uint64_t resident_bytes = 0;
  std::uint64_t descriptors_open = 0;
  std::uint64_t descriptors_max = 0;
  double cpu_seconds = 0;
  double started_at_seconds = 0;  ///< Since the epoch.
};

/// Reads /proc, which is memory: it does not block.
[[nodiscard]] ProcessFigures process_figures();

}  // namespace knotos::api
