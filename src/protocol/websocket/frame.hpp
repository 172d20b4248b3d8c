#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

namespace knotos::websocket {

enum class Opcode : std::uint8_t {
  continuation = 0x0,
  text = 0x1,
  binary = 0x2,
  close = 0x8,
  ping = 0x9,
  pong = 0xA,
};

inline constexpr std::size_t kControlPayloadBytesMax = 125;

/// Four bytes of the key, in the order of the wire.
using MaskKey = std::uint32_t;

/// XORs `in` with the key into `out`, eight bytes at a time. `offset` counts the payload bytes of
/// this frame that came before. `in` and `out` may be the same memory; otherwise they must not
/// overlap.
void apply_mask(std::span<const std::uint8_t> in, std::uint8_t* out, MaskKey key,
                std::size_t offset);

}  // namespace knotos::websocket
