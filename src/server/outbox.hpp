#pragma once

#include "server/link.hpp"
#include "server/packet.hpp"
#include "server/packet_run.hpp"

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
  /// All of the run from `begin` on, which grows as the run does until `leave_run`. Pre: it follows
  /// no other run.
  void follow_run(const Run& run, std::size_t begin);
  /// The run that is followed, or null. While there is one, nothing is pushed, gathered or dropped.
  [[nodiscard]] PacketRun* run() const { return run_; }
  /// What the run holds now stays, and what comes later is not for this reader.
  void leave_run();

  [[nodiscard]] bool empty() const { return head_ == entries_.size(); }
  /// In packets. Pre: no run is followed.
  [[nodiscard]] std::size_t size() const;
  /// Frame bytes not yet written.
  [[nodiscard]] std::size_t bytes() const { return bytes_ + following_bytes(); }
  /// Of these, what may go before anything durable does.
  [[nodiscard]] std::size_t bytes_of(PacketClass packet_class) const;

  /// Of polling, which follows no run.
  [[nodiscard]] const PacketBuffer& front() const;
  void pop_front();

  /// Fills `pieces` from the front with at most `bytes_max` bytes (but one piece at least) and
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
  /// These bytes of a packet or a run are still to be written.
  struct Entry {
    AwaitedFrames frames;
    std::uint32_t begin = 0;
    std::uint32_t end = 0;  ///< Of a run that is followed, not known yet.

    [[nodiscard]] std::size_t bytes() const { return end - begin; }
  };

  [[nodiscard]] std::size_t following_bytes() const {
    return run_ == nullptr ? 0 : run_->size() - entries_.back().begin;
  }
  template <class Goes>
  void drop_if(const Goes& goes);
  [[nodiscard]] bool cut_front();
  void add(PacketClass packet_class, std::size_t bytes);
  void subtract(PacketClass packet_class, std::size_t bytes);
  void tidy();

  std::vector<Entry> entries_;  ///< From `head_` on.
  PacketRun* run_ = nullptr;    ///< That is followed: of the last entry.
  std::uint32_t head_ = 0;
  std::uint32_t receipt_bytes_ = 0;
  std::uint32_t ephemeral_bytes_ = 0;
  std::size_t bytes_ = 0;  ///< Without the run that is followed.
};

}  // namespace knotos::server
