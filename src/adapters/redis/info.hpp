#pragma once

#include "adapters/redis/servers.hpp"

#include <string>

namespace knotos::adapters::redis {

/// Which Redis it is, as "7.0.15"; empty where the server does not tell us (INFO).
[[nodiscard]] Task<std::string> version_of(Servers& servers);

}  // namespace knotos::adapters::redis
