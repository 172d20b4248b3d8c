#pragma once

#include "protocol/websocket/frame.hpp"

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>

/// The client's side of WebSocket, as far as a load generator needs it.
namespace knotos::bench {

/// A masked frame behind what `out` holds.
void append_client_frame(std::string& out, websocket::Opcode opcode, std::string_view payload,
                         websocket::MaskKey key);

/// A server's frame where it lies.
struct ServerFrame {
  websocket::Opcode opcode = websocket::Opcode::text;
  std::string_view payload;
  std::size_t bytes = 0;  ///< With its header.
};

enum class FrameFault : std::uint8_t { none, incomplete, broken };

/// The frame that `bytes` begin with. Broken: masked, fragmented, extended, or larger than
/// `kFramePayloadBytesMax`, none of which a Socket.IO server of ours or a peer's sends.
[[nodiscard]] FrameFault read_server_frame(std::string_view bytes, ServerFrame& frame);

inline constexpr std::size_t kFramePayloadBytesMax = std::size_t{4} * 1024 * 1024;

}  // namespace knotos::bench
