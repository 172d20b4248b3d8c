#include "base/assert.hpp"
#include "protocol/socketio/packet.hpp"
#include "protocol/socketio/recovery.hpp"

#include <cstddef>
#include <cstdint>
#include <string_view>

using namespace knotos;

/// A CONNECT's claim to an earlier session, and an offset by itself. What is read as an offset is
/// what writing gives.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  if (const auto offset = socketio::read_offset(text)) {
    KN_ASSERT(socketio::offset_text(*offset) == text);
  }
  socketio::Packet packet;
  if (!socketio::decode(text, {}, packet) || packet.type != socketio::PacketType::connect) return 0;
  const auto claim = socketio::read_claim(packet.payload);
  if (claim && claim->offset) {
    const auto offset = socketio::read_offset(*claim->offset);
    KN_ASSERT(!offset || socketio::offset_text(*offset) == *claim->offset);
  }
  return 0;
}
