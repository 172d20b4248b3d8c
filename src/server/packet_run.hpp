#pragma once

#include "server/packet.hpp"
#include "server/slot_map.hpp"

#include <boost/smart_ptr/intrusive_ptr.hpp>

#include <cstddef>
#include <cstdint>
#include <vector>

namespace knotos::server {

struct EngineLink;

/// What one room is told in one turn, frame behind frame in one buffer: each reader holds one
/// reference to all of it, takes one step for it, and writes it as one piece. Packets of one class.
///
/// It grows while it is open. Who reads it to its end need not be told of growth; who is sent
/// something else in between steps out and stands in `apart` until the next packet. On its shard.
class PacketRun final : public SharedFrames {
 public:
  explicit PacketRun(PacketClass packet_class) : SharedFrames(packet_class) {}

  /// Pre: of the run's class, and the run is open.
  void append(const PacketBuffer& packet);
  [[nodiscard]] std::size_t packet_end(std::size_t at) const override;
  [[nodiscard]] std::size_t packets_in(std::size_t begin, std::size_t end) const override;

  /// It grows no more.
  void close() {
    is_open_ = false;
    apart.clear();
  }
  [[nodiscard]] bool is_open() const { return is_open_; }

  std::size_t readers = 0;                      ///< Who read it to its end.
  std::vector<SlotMap<EngineLink>::Key> apart;  ///< Who stepped out, or cannot take part.
  std::uint64_t last_event = 0;                 ///< Of the log: the last one in it; 0: none.

 private:
  bool is_open_ = true;
  std::vector<std::uint32_t> ends_;  ///< Of its packets, ascending.
};

using Run = boost::intrusive_ptr<PacketRun>;

}  // namespace knotos::server
