#pragma once

#include "protocol/websocket/close_code.hpp"
#include "protocol/websocket/frame.hpp"

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>

/// A server's frames: never masked, never fragmented, no extensions.
namespace knotos::websocket {

struct FrameHeader {
  std::array<std::uint8_t, 10> bytes{};
  std::uint8_t size = 0;

  [[nodiscard]] std::span<const std::uint8_t> span() const { return {bytes.data(), size}; }
  [[nodiscard]] std::string_view text() const {
    return {reinterpret_cast<const char*>(bytes.data()), size};
  }
};

/// The shortest header for a payload of that length.
[[nodiscard]] FrameHeader frame_header(Opcode opcode, std::uint64_t payload_bytes);

/// Header and payload, behind what `out` holds. A control payload is at most
/// `kControlPayloadBytesMax` long.
void append_frame(std::string& out, Opcode opcode, std::string_view payload);

/// A close frame. `code` 0: none, and no reason. The reason is cut to what fits, never inside a
/// character.
void append_close_frame(std::string& out, std::uint16_t code, std::string_view reason = {});
inline void append_close_frame(std::string& out, CloseCode code, std::string_view reason = {}) {
  append_close_frame(out, static_cast<std::uint16_t>(code), reason);
}

}  // namespace knotos::websocket
