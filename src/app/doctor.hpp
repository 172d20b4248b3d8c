#pragma once

#include "app/settings.hpp"

#include <string>
#include <vector>

namespace knotos::app {

/// One thing that was looked at, in a sentence for the operator.
struct Finding {
  enum class Kind { good, warning, bad };

  Kind kind = Kind::good;
  std::string sentence;
};

/// Looks at everything that serving with these settings would rest on: settings, store, bus, keys,
/// certificate, limits of the system, clock. Changes nothing, also beside a process that serves.
[[nodiscard]] std::vector<Finding> examine(const Loaded& loaded);

/// `knotos doctor`: prints the findings; exit code 1 where one is bad.
[[nodiscard]] int doctor(const Loaded& loaded);

/// `knotos backup`: copies the data directory of these settings to `target`, while another process
/// may serve it. Throws std::runtime_error with one clear sentence.
[[nodiscard]] int backup(const Config& config, const std::string& target);

}  // namespace knotos::app
