#include "bench/frames.hpp"

#include "protocol/websocket/encoder.hpp"

#include <cstring>

namespace knotos::bench {

using websocket::Opcode;

namespace {

constexpr std::uint8_t kFinal = 0x80;
constexpr std::uint8_t kReserved = 0x70;
constexpr std::uint8_t kOpcode = 0x0F;
constexpr std::uint8_t kMasked = 0x80;
constexpr std::uint8_t kLength = 0x7F;
constexpr std::uint8_t kLength16 = 126;
constexpr std::uint8_t kLength64 = 127;

std::uint64_t big_endian(std::string_view bytes) {
  std::uint64_t value = 0;
  for (const char byte : bytes) value = value << 8U | static_cast<std::uint8_t>(byte);
  return value;
}

}  // namespace

void append_client_frame(std::string& out, Opcode opcode, std::string_view payload,
                         websocket::MaskKey key) {
  auto header = websocket::frame_header(opcode, payload.size());
  header.bytes[1] |= kMasked;
  out.append(header.text());
  char key_bytes[sizeof key];
  std::memcpy(key_bytes, &key, sizeof key);
  out.append(key_bytes, sizeof key);
  const auto begin = out.size();
  out.append(payload);
  auto* const masked = reinterpret_cast<std::uint8_t*>(out.data() + begin);
  websocket::apply_mask({masked, payload.size()}, masked, key, 0);
}

FrameFault read_server_frame(std::string_view bytes, ServerFrame& frame) {
  if (bytes.size() < 2) return FrameFault::incomplete;
  const auto first = static_cast<std::uint8_t>(bytes[0]);
  const auto second = static_cast<std::uint8_t>(bytes[1]);
  if ((first & kFinal) == 0 || (first & kReserved) != 0 || (second & kMasked) != 0)
    return FrameFault::broken;

  std::size_t header = 2;
  std::uint64_t length = second & kLength;
  if (length >= kLength16) {
    const std::size_t width = length == kLength64 ? 8 : 2;
    if (bytes.size() < header + width) return FrameFault::incomplete;
    length = big_endian(bytes.substr(header, width));
    header += width;
  }
  if (length > kFramePayloadBytesMax) return FrameFault::broken;
  if (bytes.size() < header + length) return FrameFault::incomplete;
  frame = {.opcode = static_cast<Opcode>(first & kOpcode),
           .payload = bytes.substr(header, length),
           .bytes = header + length};
  return FrameFault::none;
}

}  // namespace knotos::bench
