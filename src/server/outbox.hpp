#pragma once

#include "server/link.hpp"
#include "server/packet.hpp"

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

namespace knotos::server {

/// What waits for one reader, in order, with how much of the first packet is written. Owned by its
/// link, on its shard. A packet is never cut short: what is partly written stays until it is out.
/// Empty, it holds next to no memory.
class Outbox {
 public:
  void push(Packet packet);
  /// Before what has not begun: for what answers the transport itself.
  void push_next(Packet packet);

  [[nodiscard]] bool empty() const { return head_ == packets_.size(); }
  [[nodiscard]] std::size_t size() const { return packets_.size() - head_; }
  /// Frame bytes not yet written.
  [[nodiscard]] std::size_t bytes() const { return bytes_; }
  /// Of these, what may go before anything durable does.
  [[nodiscard]] std::size_t bytes_of(PacketClass packet_class) const;

  [[nodiscard]] const Packet& front() const { return packets_[head_]; }
  void pop_front();

  /// Fills `pieces` from the front with at most `bytes_max` bytes (but one packet at least) and
  /// returns how many pieces.
  [[nodiscard]] std::size_t gather(std::span<Link::Piece> pieces, std::size_t bytes_max) const;
  /// So many bytes are written.
  void consume(std::size_t bytes);

  /// Drops all of one class, or all but control; not what is partly written. Returns how many
  /// packets.
  std::size_t drop(PacketClass packet_class);
  struct Dropped {
    std::size_t durable = 0;
    std::size_t receipts = 0;
    std::size_t ephemeral = 0;
  };
  Dropped drop_all();

 private:
  template <class Goes>
  void drop_if(const Goes& goes);
  void add(const PacketBuffer& packet);
  void subtract(const PacketBuffer& packet, std::size_t bytes);
  void tidy();

  std::vector<Packet> packets_;  ///< From `head_` on.
  std::uint32_t head_ = 0;
  std::uint32_t offset_ = 0;  ///< Bytes of the first packet that are written.
  std::size_t bytes_ = 0;
  std::uint32_t receipt_bytes_ = 0;
  std::uint32_t ephemeral_bytes_ = 0;
};

}  // namespace knotos::server
