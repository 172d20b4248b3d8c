#pragma once

#include <chrono>
#include <optional>
#include <string>
#include <string_view>

namespace knotos {

/// Wall-clock time, UTC, in milliseconds: what is stored and shown.
using Time = std::chrono::sys_time<std::chrono::milliseconds>;

/// Time that only goes forward: what deadlines are made of.
using SteadyTime = std::chrono::steady_clock::time_point;

using Milliseconds = std::chrono::milliseconds;

/// The machine's clock. Only logs and adapters ask it; everything else is given a time.
[[nodiscard]] inline Time now_utc() {
  return std::chrono::time_point_cast<std::chrono::milliseconds>(std::chrono::system_clock::now());
}

/// RFC 3339 with milliseconds: 2026-11-24T20:35:00.123Z.
[[nodiscard]] std::string format_time(Time time);

/// The inverse of `format_time`; accepts any number of fraction digits and only `Z` as the offset.
/// Years 1970 to 9999.
[[nodiscard]] std::optional<Time> parse_time(std::string_view text);

}  // namespace knotos
