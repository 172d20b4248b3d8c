#pragma once

#include "base/digest.hpp"
#include "protocol/websocket/decoder.hpp"

#include <array>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace knotos::test {

using websocket::Opcode;

struct FrameParts {
  Opcode opcode = Opcode::text;
  bool is_final = true;
  std::array<std::uint8_t, 4> key{0x37, 0xfa, 0x21, 0x3d};
};

/// A client's frame, written independently of the encoder: byte by byte, as RFC 6455 has it.
inline std::string client_frame(const FrameParts& parts, std::string_view payload) {
  std::string out;
  out += static_cast<char>((parts.is_final ? 0x80U : 0U) | static_cast<unsigned>(parts.opcode));
  const std::size_t size = payload.size();
  unsigned length_bytes = 0;
  if (size <= 125) {
    out += static_cast<char>(0x80U | size);
  } else if (size <= 0xFFFF) {
    out += static_cast<char>(0x80 | 126);
    length_bytes = 2;
  } else {
    out += static_cast<char>(0x80 | 127);
    length_bytes = 8;
  }
  while (length_bytes != 0) out += static_cast<char>(size >> (8 * --length_bytes) & 0xFFU);
  for (const auto byte : parts.key) out += static_cast<char>(byte);
  for (std::size_t i = 0; i < size; ++i) {
    out += static_cast<char>(static_cast<std::uint8_t>(payload[i]) ^ parts.key[i % 4]);
  }
  return out;
}

inline std::string client_text(std::string_view payload) { return client_frame({}, payload); }

inline std::string client_close(std::string_view payload) {
  return client_frame({.opcode = Opcode::close}, payload);
}

/// An event that outlives the scratch, as a line to compare and to read.
inline std::string as_line(const websocket::Event& event) {
  struct Visitor {
    std::string operator()(const websocket::Message& message) const {
      return (message.is_text ? "text " : "binary ") + std::string(message.payload);
    }
    std::string operator()(const websocket::Ping& ping) const {
      return "ping " + std::string(ping.payload);
    }
    std::string operator()(const websocket::Pong& pong) const {
      return "pong " + std::string(pong.payload);
    }
    std::string operator()(const websocket::Close& close) const {
      return "close " + std::to_string(close.code) + " " + std::string(close.reason);
    }
    std::string operator()(const websocket::Failure& failure) const {
      return "failure " + std::to_string(static_cast<unsigned>(failure.code));
    }
  };
  return std::visit(Visitor{}, event);
}

/// Feeds the bytes in one piece, and gathers what comes of it.
inline std::vector<std::string> feed(websocket::Decoder& decoder, websocket::Scratch& scratch,
                                     std::string_view bytes) {
  std::vector<std::string> lines;
  auto rest = as_octets(bytes);
  while (const auto event = decoder.next(rest, scratch)) lines.push_back(as_line(*event));
  return lines;
}

/// A decoder of its own for these bytes.
inline std::vector<std::string> decoded(std::string_view bytes,
                                        websocket::DecoderLimits limits = {}) {
  websocket::Decoder decoder(limits);
  websocket::Scratch scratch;
  return feed(decoder, scratch, bytes);
}

}  // namespace knotos::test
