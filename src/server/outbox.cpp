#include "server/outbox.hpp"

#include "base/assert.hpp"

#include <algorithm>
#include <utility>

namespace knotos::server {

namespace {

/// Room for so many entries is kept while nothing waits: what an ordinary turn needs.
constexpr std::size_t kIdleCapacityMax = 2;
/// Written entries at the front of the vector are only moved over once they are so many.
constexpr std::uint32_t kHeadMax = 64;

}  // namespace

void Outbox::push(Packet packet) {
  KN_ASSERT(run_ == nullptr);
  const auto bytes = packet->size();
  add(packet->packet_class(), bytes);
  entries_.push_back(
      {.frames = std::move(packet), .begin = 0, .end = static_cast<std::uint32_t>(bytes)});
}

void Outbox::push_next(Packet packet) {
  const auto bytes = packet->size();
  add(packet->packet_class(), bytes);
  const auto place = head_ + (cut_front() ? 1U : 0U);
  entries_.insert(
      entries_.begin() + place,
      {.frames = std::move(packet), .begin = 0, .end = static_cast<std::uint32_t>(bytes)});
}

void Outbox::follow_run(const Run& run, std::size_t begin) {
  KN_ASSERT(run_ == nullptr);
  const auto at = static_cast<std::uint32_t>(begin);
  entries_.push_back({.frames = run, .begin = at, .end = at});
  run_ = run.get();
}

void Outbox::leave_run() {
  if (run_ == nullptr) return;
  auto& entry = entries_.back();
  entry.end = static_cast<std::uint32_t>(run_->size());
  add(run_->packet_class(), entry.bytes());
  run_ = nullptr;
}

std::size_t Outbox::size() const {
  KN_ASSERT(run_ == nullptr);
  std::size_t packets = 0;
  for (std::size_t i = head_; i < entries_.size(); ++i) {
    packets += entries_[i].frames->packets_in(entries_[i].begin, entries_[i].end);
  }
  return packets;
}

std::size_t Outbox::bytes_of(PacketClass packet_class) const {
  const bool follows_it = run_ != nullptr && run_->packet_class() == packet_class;
  const auto following = follows_it ? following_bytes() : 0;
  if (packet_class == PacketClass::receipt) return receipt_bytes_ + following;
  if (packet_class == PacketClass::ephemeral) return ephemeral_bytes_ + following;
  return bytes_ - receipt_bytes_ - ephemeral_bytes_ + following;
}

const PacketBuffer& Outbox::front() const {
  return static_cast<const PacketBuffer&>(*entries_[head_].frames);
}

void Outbox::pop_front() {
  auto& entry = entries_[head_];
  subtract(entry.frames->packet_class(), entry.bytes());
  entry.frames.reset();
  ++head_;
  tidy();
}

std::size_t Outbox::gather(std::span<Link::Piece> pieces, std::size_t bytes_max) const {
  KN_ASSERT(run_ == nullptr);
  std::size_t count = 0;
  std::size_t bytes = 0;
  for (std::size_t i = head_; i < entries_.size() && count < pieces.size(); ++i) {
    const auto& entry = entries_[i];
    if (count > 0 && bytes + entry.bytes() > bytes_max) break;
    bytes += entry.bytes();
    pieces[count++] = entry.frames->frames().subspan(entry.begin, entry.bytes());
  }
  return count;
}

void Outbox::consume(std::size_t bytes) {
  while (bytes > 0) {
    KN_ASSERT(!empty());
    auto& entry = entries_[head_];
    if (bytes < entry.bytes()) {
      subtract(entry.frames->packet_class(), bytes);
      entry.begin += static_cast<std::uint32_t>(bytes);
      return;
    }
    bytes -= entry.bytes();
    pop_front();
  }
}

std::size_t Outbox::drop(PacketClass packet_class) {
  std::size_t packets = 0;
  drop_if([&](const Entry& entry) {
    if (entry.frames->packet_class() != packet_class) return false;
    packets += entry.frames->packets_in(entry.begin, entry.end);
    return true;
  });
  return packets;
}

Outbox::Dropped Outbox::drop_all() {
  Dropped dropped;
  drop_if([&dropped](const Entry& entry) {
    const auto packets = entry.frames->packets_in(entry.begin, entry.end);
    switch (entry.frames->packet_class()) {
      case PacketClass::control:
        return false;
      case PacketClass::durable:
        dropped.durable += packets;
        break;
      case PacketClass::receipt:
        dropped.receipts += packets;
        break;
      case PacketClass::ephemeral:
        dropped.ephemeral += packets;
        break;
    }
    return true;
  });
  return dropped;
}

template <class Goes>
void Outbox::drop_if(const Goes& goes) {
  KN_ASSERT(run_ == nullptr);
  const auto first = head_ + (cut_front() ? 1 : 0);
  const auto begin = entries_.begin() + first;
  const auto end = std::remove_if(begin, entries_.end(), [&](const Entry& entry) {
    if (!goes(entry)) return false;
    subtract(entry.frames->packet_class(), entry.bytes());
    return true;
  });
  entries_.erase(end, entries_.end());
  tidy();
}

/// True: a packet is partly written, and the first entry is the rest of it and nothing else.
bool Outbox::cut_front() {
  if (empty()) return false;
  const auto& front = entries_[head_];
  const auto end = static_cast<std::uint32_t>(front.frames->packet_end(front.begin));
  if (end == front.begin) return false;
  if (end < front.end) {
    auto rest = front;
    rest.begin = end;
    entries_[head_].end = end;
    entries_.insert(entries_.begin() + head_ + 1, std::move(rest));
  }
  return true;
}

void Outbox::add(PacketClass packet_class, std::size_t bytes) {
  bytes_ += bytes;
  if (packet_class == PacketClass::receipt) {
    receipt_bytes_ += static_cast<std::uint32_t>(bytes);
  } else if (packet_class == PacketClass::ephemeral) {
    ephemeral_bytes_ += static_cast<std::uint32_t>(bytes);
  }
}

void Outbox::subtract(PacketClass packet_class, std::size_t bytes) {
  bytes_ -= bytes;
  if (packet_class == PacketClass::receipt) {
    receipt_bytes_ -= static_cast<std::uint32_t>(bytes);
  } else if (packet_class == PacketClass::ephemeral) {
    ephemeral_bytes_ -= static_cast<std::uint32_t>(bytes);
  }
}

void Outbox::tidy() {
  if (empty()) {
    head_ = 0;
    entries_.clear();
    if (entries_.capacity() > kIdleCapacityMax) entries_.shrink_to_fit();
  } else if (head_ >= kHeadMax && head_ >= entries_.size() / 2) {
    entries_.erase(entries_.begin(), entries_.begin() + head_);
    head_ = 0;
  }
}

}  // namespace knotos::server
