#pragma once

#include "bench/options.hpp"

namespace knotos::bench {

/// Runs `knotos bench` and prints what it found. Returns the exit code: 0, 1 where it could not
/// measure, 2 where the options make no sense.
int bench(Options options);

}  // namespace knotos::bench
