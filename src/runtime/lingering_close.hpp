#pragma once

#include "runtime/channel.hpp"
#include "runtime/connection_place.hpp"
#include "runtime/descriptor.hpp"

#include <chrono>
#include <cstddef>

namespace knotos::runtime {

class ShardPool;

struct LingerLimits {
  std::chrono::milliseconds time{1'000};
  std::size_t bytes = 64 * 1024;
};

/// Closes a connection so that the peer gets the last bytes: what the channel still holds, FIN,
/// then what the peer still sends is read and thrown away until its own FIN or a limit. To close
/// with bytes unread would send RST, which may overtake what was written. On the calling shard; it
/// looks after itself.
void close_lingering(ShardPool& shards, Descriptor descriptor, Channel channel,
                     ConnectionPlace place, LingerLimits limits);

}  // namespace knotos::runtime
