#include "protocol/engineio/packet.hpp"

#include "base/digest.hpp"

#include <fmt/format.h>

namespace knotos::engineio {

std::optional<PacketView> decode_packet(std::string_view text, std::string& storage) {
  if (text.empty()) return std::nullopt;
  const char type = text.front();
  text.remove_prefix(1);
  if (type == 'b') {
    storage.clear();
    if (!text.empty() && !base64_decode(text, storage)) return std::nullopt;
    return PacketView{.type = PacketType::message, .is_binary = true, .data = storage};
  }
  if (type < digit_of(PacketType::open) || type > digit_of(PacketType::noop)) return std::nullopt;
  return PacketView{.type = static_cast<PacketType>(type - '0'), .is_binary = false, .data = text};
}

std::string encode_open(const OpenPacket& packet) {
  return fmt::format(
      R"(0{{"sid":"{}","upgrades":[{}],"pingInterval":{},"pingTimeout":{},"maxPayload":{}}})",
      packet.sid, packet.offers_websocket ? R"("websocket")" : "", packet.ping_interval.count(),
      packet.ping_timeout.count(), packet.payload_bytes_max);
}

}  // namespace knotos::engineio
