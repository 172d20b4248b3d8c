#include "server/packet_run.hpp"

#include "base/assert.hpp"

#include <algorithm>

namespace knotos::server {

void PacketRun::append(const PacketBuffer& packet) {
  KN_ASSERT(is_open_ && packet.packet_class() == packet_class());
  const auto frames = packet.frames();
  grow({reinterpret_cast<const char*>(frames.data()), frames.size()});
  ends_.push_back(static_cast<std::uint32_t>(bytes_.size()));
}

std::size_t PacketRun::packet_end(std::size_t at) const {
  if (at == 0) return 0;
  const auto end = std::ranges::lower_bound(ends_, at);
  KN_ASSERT(end != ends_.end());
  return *end;
}

std::size_t PacketRun::packets_in(std::size_t begin, std::size_t end) const {
  const auto first = std::ranges::upper_bound(ends_, begin);
  const auto last = std::ranges::upper_bound(ends_, end);
  return static_cast<std::size_t>(last - first);
}

}  // namespace knotos::server
