#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

namespace knotos::server {

/// Why a socket, or the link under it, ended (WIRE section 5).
enum class CloseReason : std::uint8_t {
  transport_close,
  transport_error,
  ping_timeout,
  parse_error,
  forced_close,
  server_shutting_down,
  forced_server_close,
  client_namespace_disconnect,
  server_namespace_disconnect,
};

inline constexpr std::size_t kCloseReasonCount =
    static_cast<std::size_t>(CloseReason::server_namespace_disconnect) + 1;

[[nodiscard]] std::string_view name_of(CloseReason reason);

}  // namespace knotos::server
