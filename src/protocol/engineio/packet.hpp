#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace knotos::engineio {

enum class PacketType : std::uint8_t { open, close, ping, pong, message, upgrade, noop };

[[nodiscard]] constexpr char digit_of(PacketType type) {
  return static_cast<char>('0' + static_cast<int>(type));
}

/// One packet, looked at where it lies.
struct PacketView {
  PacketType type = PacketType::message;
  bool is_binary = false;  ///< Only messages are.
  std::string_view data;   ///< Behind the type; for binary, the bytes.

  bool operator==(const PacketView&) const = default;
};

/// A packet as text, from either transport: a digit and data, or `b` and base64, whose bytes go to
/// `storage`. nullopt: neither.
[[nodiscard]] std::optional<PacketView> decode_packet(std::string_view text, std::string& storage);

/// What the open packet tells the client.
struct OpenPacket {
  std::string_view sid;
  bool offers_websocket = false;  ///< On polling.
  std::chrono::milliseconds ping_interval{0};
  std::chrono::milliseconds ping_timeout{0};
  std::size_t payload_bytes_max = 0;
};

/// `0{…}` with exactly the five keys of the protocol, in its order. The sid is URL-safe base64.
[[nodiscard]] std::string encode_open(const OpenPacket& packet);

}  // namespace knotos::engineio
