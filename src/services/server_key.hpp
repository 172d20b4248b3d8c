#pragma once

#include "base/digest.hpp"
#include "ports/world.hpp"

#include <array>
#include <string>

namespace knotos::services {

/// A `client_message_id` for a message whose sender gave none: nobody else will ever name it.
[[nodiscard]] inline std::string make_server_key(ports::Random& random) {
  std::array<std::uint8_t, 16> bytes{};
  random.fill(bytes);
  return "srv-" + base64url_encode(bytes);
}

}  // namespace knotos::services
