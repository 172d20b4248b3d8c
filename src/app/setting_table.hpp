#pragma once

#include "app/settings.hpp"

#include <vector>

namespace knotos::app {

/// Everything that can be set, in the order in which it is listed.
[[nodiscard]] std::vector<Setting> make_settings();

}  // namespace knotos::app
