#pragma once

#include "ports/bus_codec.hpp"

#include <optional>
#include <string>
#include <string_view>

namespace knotos::adapters::redis {

/// `channel:chat:<id>` and its like, as they are called in Redis.
[[nodiscard]] std::string name_of(const ports::BusChannel& channel);
[[nodiscard]] std::optional<ports::BusChannel> parse_channel(std::string_view name);

}  // namespace knotos::adapters::redis
