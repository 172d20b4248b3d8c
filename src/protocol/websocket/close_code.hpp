#pragma once

#include <cstdint>

namespace knotos::websocket {

/// RFC 6455 section 7.4.1, with what IANA has registered since. An enumerator is a name for a
/// number; a peer's code may be any other that `may_be_sent` allows.
enum class CloseCode : std::uint16_t {
  normal = 1000,
  going_away = 1001,
  protocol_error = 1002,
  unsupported_data = 1003,
  invalid_payload = 1007,
  policy_violation = 1008,
  too_big = 1009,
  internal_error = 1011,
  service_restart = 1012,
  try_again_later = 1013,
};

/// Whether the code may stand in a close frame. 1004, 1005, 1006 and 1015 may not: they are
/// reserved for what has no frame.
[[nodiscard]] constexpr bool may_be_sent(std::uint16_t code) {
  const bool is_registered =
      code >= 1000 && code <= 1014 && code != 1004 && code != 1005 && code != 1006;
  return is_registered || (code >= 3000 && code <= 4999);
}

}  // namespace knotos::websocket
