#include "protocol/websocket/encoder.hpp"

#include "base/assert.hpp"

#include <algorithm>

namespace knotos::websocket {
namespace {

constexpr std::uint8_t kFinalBit = 0x80;
constexpr std::uint8_t kLength16 = 126;
constexpr std::uint8_t kLength64 = 127;

/// The longest beginning of at most `size` bytes that does not end inside a character.
std::string_view cut_between_characters(std::string_view text, std::size_t size) {
  if (text.size() <= size) return text;
  const auto is_inside = [&](std::size_t at) {
    return (static_cast<unsigned char>(text[at]) & 0xC0U) == 0x80U;
  };
  while (size > 0 && is_inside(size)) --size;
  return text.substr(0, size);
}

}  // namespace

FrameHeader frame_header(Opcode opcode, std::uint64_t payload_bytes) {
  FrameHeader header;
  header.bytes[0] = static_cast<std::uint8_t>(kFinalBit | static_cast<std::uint8_t>(opcode));
  std::uint8_t length_bytes = 0;
  if (payload_bytes < kLength16) {
    header.bytes[1] = static_cast<std::uint8_t>(payload_bytes);
  } else if (payload_bytes <= 0xFFFF) {
    header.bytes[1] = kLength16;
    length_bytes = 2;
  } else {
    header.bytes[1] = kLength64;
    length_bytes = 8;
  }
  header.size = static_cast<std::uint8_t>(2 + length_bytes);
  for (std::size_t i = header.size - 1U; i >= 2; --i, payload_bytes >>= 8U) {
    header.bytes[i] = static_cast<std::uint8_t>(payload_bytes & 0xFFU);
  }
  return header;
}

void append_frame(std::string& out, Opcode opcode, std::string_view payload) {
  const bool is_control = (static_cast<unsigned>(opcode) & 0x8U) != 0;
  KN_ASSERT(!is_control || payload.size() <= kControlPayloadBytesMax);
  out += frame_header(opcode, payload.size()).text();
  out += payload;
}

void append_close_frame(std::string& out, std::uint16_t code, std::string_view reason) {
  std::string payload;
  if (code != 0) {
    payload += static_cast<char>(code >> 8U);
    payload += static_cast<char>(code & 0xFFU);
    payload += cut_between_characters(reason, kControlPayloadBytesMax - payload.size());
  }
  append_frame(out, Opcode::close, payload);
}

}  // namespace knotos::websocket
