#pragma once

#include "protocol/engineio/packet.hpp"

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

/// Bodies of long-polling: packets joined by 0x1E.
namespace knotos::engineio {

inline constexpr char kPacketSeparator = '\x1e';

/// Reads a POST's body packet by packet, so that nothing behind a fault is looked at.
///
///     PayloadDecoder payload(body);
///     while (auto packet = payload.next()) …
///     if (payload.is_malformed()) …
///
/// The body outlives it. An empty body, a separator at either end or two in a row, an unknown type,
/// bad base64 and bad UTF-8 are faults; packets before the fault have been given out, except with
/// bad UTF-8, where there are none. Time is linear in the bytes.
class PayloadDecoder {
 public:
  explicit PayloadDecoder(std::string_view body);

  /// The next packet; nullopt: the end, or a fault. The view dies at the next call.
  [[nodiscard]] std::optional<PacketView> next();
  [[nodiscard]] bool is_malformed() const { return is_malformed_; }

 private:
  std::string_view rest_;
  std::string storage_;
  bool has_more_ = true;  ///< A packet is due, even an empty one.
  bool is_malformed_ = false;
};

/// Appends a packet that begins with its type digit, with a separator if the payload has one
/// already.
void append_text_packet(std::string& payload, std::string_view packet);
/// Appends a binary message: `b` and base64.
void append_binary_packet(std::string& payload, std::string_view bytes);

/// `b` and base64: a binary message on a WebSocket opened with `b64=1`.
[[nodiscard]] std::string encode_base64_packet(std::string_view bytes);

}  // namespace knotos::engineio
