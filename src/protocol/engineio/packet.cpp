#include "protocol/engineio/packet.hpp"

#include "base/digest.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace knotos::engineio {
namespace {

/// libsodium 1.0.18 takes every byte above ASCII for a `/`.
bool is_ascii(std::string_view text) {
  return std::ranges::none_of(text,
                              [](char byte) { return (static_cast<unsigned>(byte) & 0x80U) != 0; });
}

/// The Java client breaks its base64 into lines of 76, and ends the last one too.
constexpr std::string_view kLineBreaks = "\r\n";

bool decode_base64(std::string_view text, std::string& bytes) {
  bytes.clear();
  if (text.find_first_of(kLineBreaks) != std::string_view::npos) {
    std::string in_one_line(text);
    std::erase_if(in_one_line, [](char byte) { return kLineBreaks.contains(byte); });
    return decode_base64(in_one_line, bytes);
  }
  return text.empty() || (is_ascii(text) && base64_decode(text, bytes));
}

}  // namespace

std::optional<PacketView> decode_packet(std::string_view text, std::string& storage) {
  if (text.empty()) return std::nullopt;
  const char type = text.front();
  text.remove_prefix(1);
  if (type == 'b') {
    if (!decode_base64(text, storage)) return std::nullopt;
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
