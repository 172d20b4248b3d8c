#include "protocol/engineio/payload.hpp"

#include "base/digest.hpp"

#include <simdjson.h>

namespace knotos::engineio {

PayloadDecoder::PayloadDecoder(std::string_view body)
    : rest_(body), is_malformed_(!simdjson::validate_utf8(body.data(), body.size())) {}

std::optional<PacketView> PayloadDecoder::next() {
  if (is_malformed_ || !has_more_) return std::nullopt;
  const auto end = rest_.find(kPacketSeparator);
  has_more_ = end != std::string_view::npos;
  const auto packet = decode_packet(rest_.substr(0, end), storage_);
  if (has_more_) rest_.remove_prefix(end + 1);
  is_malformed_ = !packet;
  return packet;
}

void append_text_packet(std::string& payload, std::string_view packet) {
  if (!payload.empty()) payload += kPacketSeparator;
  payload += packet;
}

void append_binary_packet(std::string& payload, std::string_view bytes) {
  append_text_packet(payload, encode_base64_packet(bytes));
}

std::string encode_base64_packet(std::string_view bytes) {
  return 'b' + base64_encode(as_octets(bytes));
}

}  // namespace knotos::engineio
