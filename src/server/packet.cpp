#include "server/packet.hpp"

#include "base/digest.hpp"
#include "protocol/engineio/payload.hpp"
#include "protocol/socketio/encoder.hpp"
#include "protocol/websocket/encoder.hpp"

#include <utility>

namespace knotos::server {

namespace {

/// Types, count of attachments, punctuation and an offset.
constexpr std::size_t kEventOverheadBytes = 48;
/// A comma, quotes and the closing bracket.
constexpr std::size_t kOffsetOverheadBytes = 4;

}  // namespace

Packet PacketBuffer::make(PacketClass packet_class, std::string_view payload,
                          std::span<const std::string> attachments) {
  boost::intrusive_ptr<PacketBuffer> packet(new PacketBuffer(packet_class));
  packet->append_all(payload, attachments);
  return packet;
}

Packet PacketBuffer::make_event(const EventBody& event, std::string_view name_space,
                                std::string_view offset) {
  std::string text;
  text.reserve(kEventOverheadBytes + name_space.size() + event.text.size());
  text += '4';
  socketio::append_event_start(text, name_space, event.attachments.size());
  text += event.text;
  return make_event_again(event.packet_class, std::move(text), event.attachments, offset);
}

Packet PacketBuffer::make_stamped(const PacketBuffer& event, std::string_view offset) {
  std::vector<std::string> attachments;
  for (std::size_t i = 1; i < event.parts(); ++i) attachments.emplace_back(event.part(i));
  return make_event_again(event.class_, std::string(event.event_text()), attachments, offset);
}

Packet PacketBuffer::make_event_again(PacketClass packet_class, std::string text,
                                      std::span<const std::string> attachments,
                                      std::string_view offset) {
  boost::intrusive_ptr<PacketBuffer> packet(new PacketBuffer(packet_class));
  packet->is_event_ = true;
  packet->end_bytes_ = 1;
  if (!offset.empty()) {
    text += ",\"";
    text += offset;
    text += '"';
    packet->end_bytes_ = static_cast<std::uint8_t>(offset.size() + kOffsetOverheadBytes);
  }
  text += ']';
  packet->append_all(text, attachments);
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

void SharedFrames::grow(std::string_view bytes) {
  bytes_.append(bytes);
  if (waiting_ > 0 && account_ != nullptr) *account_ += static_cast<std::int64_t>(bytes.size());
}

void SharedFrames::begin_wait() const {
  const bool is_first = waiting_++ == 0;
  if (account_ == nullptr) return;
  *account_ += kWaitBytes + (is_first ? static_cast<std::int64_t>(size()) : 0);
}

void SharedFrames::end_wait() const {
  const bool is_last = --waiting_ == 0;
  if (account_ == nullptr) return;
  *account_ -= kWaitBytes + (is_last ? static_cast<std::int64_t>(size()) : 0);
}

std::span<const std::uint8_t> SharedFrames::frames() const { return as_octets(bytes_); }

std::string_view PacketBuffer::event_text() const {
  auto text = part(0);
  text.remove_suffix(end_bytes_);
  return text;
}

std::string_view PacketBuffer::part(std::size_t index) const {
  const auto& part = parts_.at(index);
  return std::string_view(bytes_).substr(part.begin, part.end - part.begin);
}

void PacketBuffer::append_all(std::string_view payload, std::span<const std::string> attachments) {
  static constexpr std::size_t kHeaderBytesMax = 10;
  std::size_t bytes = kHeaderBytesMax + payload.size();
  for (const auto& attachment : attachments) bytes += kHeaderBytesMax + attachment.size();
  bytes_.reserve(bytes);
  parts_.reserve(1 + attachments.size());
  append(true, payload);
  for (const auto& attachment : attachments) append(false, attachment);
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
