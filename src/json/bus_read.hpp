#pragma once

#include "ports/bus_codec.hpp"

#include <expected>
#include <string_view>

namespace knotos::json {

/// An envelope of the bus as an event (see BusCodec). Anybody may have written it. Errors: all but
/// echo and too_large.
[[nodiscard]] std::expected<ports::BusEvent, ports::EnvelopeFault> read_envelope(
    const ports::BusChannel& channel, std::string_view text, std::size_t name_bytes_max);

}  // namespace knotos::json
