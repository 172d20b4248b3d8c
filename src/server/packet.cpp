#include "server/packet.hpp"

#include "base/digest.hpp"
#include "protocol/engineio/payload.hpp"
#include "protocol/websocket/encoder.hpp"

#include <utility>

namespace knotos::server {

Packet PacketBuffer::make(PacketClass packet_class, std::string_view payload,
                          std::span<const std::string> attachments) {
  boost::intrusive_ptr<PacketBuffer> packet(new PacketBuffer(packet_class));
  static constexpr std::size_t kHeaderBytesMax = 10;
  std::size_t bytes = kHeaderBytesMax + payload.size();
  for (const auto& attachment : attachments) bytes += kHeaderBytesMax + attachment.size();
  packet->bytes_.reserve(bytes);
  packet->parts_.reserve(1 + attachments.size());
  packet->append(true, payload);
  for (const auto& attachment : attachments) packet->append(false, attachment);
  return packet;
}

Packet PacketBuffer::make_binary(PacketClass packet_class, std::string_view bytes) {
  boost::intrusive_ptr<PacketBuffer> packet(new PacketBuffer(packet_class));
  packet->append(false, bytes);
  return packet;
}

Packet PacketBuffer::make_text_only(const PacketBuffer& packet) {
  boost::intrusive_ptr<PacketBuffer> copy(new PacketBuffer(packet.class_));
  for (std::size_t i = 0; i < packet.parts(); ++i) {
    const auto part = packet.part(i);
    copy->append(true,
                 packet.is_text(i) ? std::string(part) : engineio::encode_base64_packet(part));
  }
  return copy;
}

Packet PacketBuffer::make_raw(std::string bytes) {
  boost::intrusive_ptr<PacketBuffer> packet(new PacketBuffer(PacketClass::control));
  packet->bytes_ = std::move(bytes);
  return packet;
}

std::span<const std::uint8_t> PacketBuffer::frames() const { return as_octets(bytes_); }

std::string_view PacketBuffer::part(std::size_t index) const {
  const auto& part = parts_.at(index);
  return std::string_view(bytes_).substr(part.begin, part.end - part.begin);
}

void PacketBuffer::append(bool is_text, std::string_view payload) {
  websocket::append_frame(bytes_, is_text ? websocket::Opcode::text : websocket::Opcode::binary,
                          payload);
  const auto end = bytes_.size();
  parts_.push_back({.begin = static_cast<std::uint32_t>(end - payload.size()),
                    .end = static_cast<std::uint32_t>(end),
                    .is_text = is_text});
}

}  // namespace knotos::server
