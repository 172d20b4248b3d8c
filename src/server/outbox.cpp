#include "server/outbox.hpp"

#include "base/assert.hpp"

#include <algorithm>
#include <utility>

namespace knotos::server {

namespace {

/// Room for so many packets is kept while nothing waits: what an ordinary turn needs.
constexpr std::size_t kIdleCapacityMax = 4;
/// Written packets at the front of the vector are only moved over once they are so many.
constexpr std::uint32_t kHeadMax = 64;

}  // namespace

void Outbox::push(Packet packet) {
  add(*packet);
  packets_.push_back(std::move(packet));
}

void Outbox::push_next(Packet packet) {
  add(*packet);
  const auto place = head_ + (offset_ > 0 ? 1U : 0U);
  packets_.insert(packets_.begin() + place, std::move(packet));
}

std::size_t Outbox::bytes_of(PacketClass packet_class) const {
  if (packet_class == PacketClass::receipt) return receipt_bytes_;
  if (packet_class == PacketClass::ephemeral) return ephemeral_bytes_;
  return bytes_ - receipt_bytes_ - ephemeral_bytes_;
}

void Outbox::pop_front() {
  subtract(*front(), front()->frames().size() - offset_);
  packets_[head_].reset();
  ++head_;
  offset_ = 0;
  tidy();
}

std::size_t Outbox::gather(std::span<Link::Piece> pieces, std::size_t bytes_max) const {
  std::size_t count = 0;
  std::size_t bytes = 0;
  for (std::size_t i = head_; i < packets_.size() && count < pieces.size(); ++i) {
    auto frames = packets_[i]->frames();
    if (i == head_) frames = frames.subspan(offset_);
    if (count > 0 && bytes + frames.size() > bytes_max) break;
    bytes += frames.size();
    pieces[count++] = frames;
  }
  return count;
}

void Outbox::consume(std::size_t bytes) {
  while (bytes > 0) {
    KN_ASSERT(!empty());
    const auto rest = front()->frames().size() - offset_;
    if (bytes < rest) {
      subtract(*front(), bytes);
      offset_ += static_cast<std::uint32_t>(bytes);
      return;
    }
    bytes -= rest;
    pop_front();
  }
}

std::size_t Outbox::drop(PacketClass packet_class) {
  const auto before = size();
  drop_if(
      [packet_class](const PacketBuffer& packet) { return packet.packet_class() == packet_class; });
  return before - size();
}

Outbox::Dropped Outbox::drop_all() {
  Dropped dropped;
  drop_if([&dropped](const PacketBuffer& packet) {
    switch (packet.packet_class()) {
      case PacketClass::control:
        return false;
      case PacketClass::durable:
        ++dropped.durable;
        break;
      case PacketClass::receipt:
        ++dropped.receipts;
        break;
      case PacketClass::ephemeral:
        ++dropped.ephemeral;
        break;
    }
    return true;
  });
  return dropped;
}

template <class Goes>
void Outbox::drop_if(const Goes& goes) {
  const auto begin = packets_.begin() + head_ + (offset_ > 0 ? 1 : 0);
  const auto end = std::remove_if(begin, packets_.end(), [&](const Packet& packet) {
    if (!goes(*packet)) return false;
    subtract(*packet, packet->frames().size());
    return true;
  });
  packets_.erase(end, packets_.end());
  tidy();
}

void Outbox::add(const PacketBuffer& packet) {
  const auto bytes = packet.frames().size();
  bytes_ += bytes;
  if (packet.packet_class() == PacketClass::receipt) {
    receipt_bytes_ += static_cast<std::uint32_t>(bytes);
  } else if (packet.packet_class() == PacketClass::ephemeral) {
    ephemeral_bytes_ += static_cast<std::uint32_t>(bytes);
  }
}

void Outbox::subtract(const PacketBuffer& packet, std::size_t bytes) {
  bytes_ -= bytes;
  if (packet.packet_class() == PacketClass::receipt) {
    receipt_bytes_ -= static_cast<std::uint32_t>(bytes);
  } else if (packet.packet_class() == PacketClass::ephemeral) {
    ephemeral_bytes_ -= static_cast<std::uint32_t>(bytes);
  }
}

void Outbox::tidy() {
  if (empty()) {
    head_ = 0;
    packets_.clear();
    if (packets_.capacity() > kIdleCapacityMax) packets_.shrink_to_fit();
  } else if (head_ >= kHeadMax && head_ >= packets_.size() / 2) {
    packets_.erase(packets_.begin(), packets_.begin() + head_);
    head_ = 0;
  }
}

}  // namespace knotos::server
