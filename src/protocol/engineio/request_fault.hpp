#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace knotos::engineio {

/// Why a request is refused, numbered as on the wire (WIRE 2.2).
enum class RequestFault : std::uint8_t {
  transport_unknown = 0,
  session_unknown = 1,
  bad_handshake_method = 2,
  bad_request = 3,
  forbidden = 4,
  unsupported_protocol_version = 5,
};

inline constexpr std::size_t kRequestFaultCount = 6;

struct RequestFaultDescription {
  RequestFault fault;
  unsigned status;
  std::string_view message;
};

[[nodiscard]] const RequestFaultDescription& describe(RequestFault fault);

/// `{"code":N,"message":"…"}`. `message`: another than the catalogue's; UTF-8.
[[nodiscard]] std::string error_body(RequestFault fault, std::string_view message = {});

}  // namespace knotos::engineio
