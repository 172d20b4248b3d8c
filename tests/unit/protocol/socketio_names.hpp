#pragma once

#include "protocol/socketio/fault.hpp"

#include <ostream>

namespace knotos::socketio {

/// For GoogleTest: a fault by its name.
inline void PrintTo(Fault fault, std::ostream* out) { *out << name_of(fault); }

}  // namespace knotos::socketio
