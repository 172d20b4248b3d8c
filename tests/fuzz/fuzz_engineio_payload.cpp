#include "base/assert.hpp"
#include "protocol/engineio/payload.hpp"

#include "fuzz/input.hpp"

namespace knotos::fuzz {
namespace {

using engineio::PacketView;

void append(std::string& payload, const PacketView& packet) {
  if (packet.is_binary) {
    engineio::append_binary_packet(payload, packet.data);
  } else {
    engineio::append_text_packet(payload, digit_of(packet.type) + std::string(packet.data));
  }
}

/// Base64 may be broken into lines, and comes back in one.
std::string in_one_line(std::string_view text) {
  std::string out(text);
  std::erase_if(out, [](char byte) { return byte == '\r' || byte == '\n'; });
  return out;
}

/// Each packet has one spelling.
void decode_alone(std::string_view text) {
  std::string storage;
  const auto packet = engineio::decode_packet(text, storage);
  if (!packet) return;
  KN_ASSERT(!packet->is_binary || packet->type == engineio::PacketType::message);
  const auto again = packet->is_binary ? engineio::encode_base64_packet(packet->data)
                                       : digit_of(packet->type) + std::string(packet->data);
  KN_ASSERT(in_one_line(again) == in_one_line(text));
}

}  // namespace
}  // namespace knotos::fuzz

/// A polling body. What was given out, put together again, is the body: all of it, or where there
/// was a fault, its begin.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace knotos;
  const auto body = fuzz::Input(data, size).rest();
  fuzz::decode_alone(body);

  engineio::PayloadDecoder decoder(body);
  std::string again;
  while (const auto packet = decoder.next()) fuzz::append(again, *packet);
  KN_ASSERT(!decoder.next());
  if (decoder.is_malformed()) {
    KN_ASSERT(fuzz::in_one_line(body).starts_with(fuzz::in_one_line(again)));
  } else {
    KN_ASSERT(fuzz::in_one_line(again) == fuzz::in_one_line(body));
  }
  return 0;
}
