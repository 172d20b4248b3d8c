#pragma once

#include "app/doctor.hpp"

#include <vector>

namespace knotos::app {

/// Whether the bus of these settings can be reached and permits what serving needs: each thing is
/// tried, as a process would, under names that nobody uses.
void examine_bus(const Config& config, std::vector<Finding>& out);

}  // namespace knotos::app
