#pragma once

#include "app/config.hpp"

namespace knotos::app {

/// Builds everything in order, serves until SIGTERM or SIGINT, drains, and takes everything down in
/// the reverse order. Returns the exit code. Throws std::exception with one clear sentence when it
/// cannot start.
[[nodiscard]] int serve(const Config& config);

}  // namespace knotos::app
