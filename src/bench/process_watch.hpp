#pragma once

#include <chrono>
#include <cstdint>
#include <optional>

namespace knotos::bench {

/// What a process of this machine has used so far.
struct ProcessFigures {
  std::chrono::nanoseconds cpu{0};  ///< All its threads, user and system.
  std::int64_t memory_bytes = 0;    ///< Resident and its own: without what is mapped from files.
};

/// nullopt: there is no such process, or it may not be looked at.
[[nodiscard]] std::optional<ProcessFigures> figures_of(std::int64_t pid);

/// Who listens on that port of this machine, as far as it may be seen; 0: nobody.
[[nodiscard]] std::int64_t pid_listening_on(std::uint16_t port);

/// CPU time of this thread.
[[nodiscard]] std::chrono::nanoseconds own_cpu();

}  // namespace knotos::bench
