#pragma once

#include "runtime/channel.hpp"
#include "runtime/connection_place.hpp"
#include "runtime/descriptor.hpp"
#include "server/link.hpp"

#include <memory>
#include <string>

namespace knotos::runtime {

class ShardPool;

/// A Link over a TCP socket, or over TLS on one.
///
/// Until `start` it is a bare descriptor that no loop knows, so it may be handed to another shard
/// and be started there. Idle, it is one wait for readability: bytes are read into the shard's
/// scratch buffer and shown to the owner there. After `close` it lingers by itself (see
/// close_lingering); to destroy it then cuts nothing off.
class SocketLink final : public server::Link {
 public:
  struct Parts {
    Descriptor descriptor;
    Channel channel;
    std::string remote_address;
    std::string early_bytes;  ///< Read before the link was made.
    ConnectionPlace place;
  };

  SocketLink(ShardPool& shards, Parts parts);
  SocketLink(const SocketLink&) = delete;
  SocketLink& operator=(const SocketLink&) = delete;
  ~SocketLink() override;

  void start(server::LinkEvents& events) override;
  [[nodiscard]] std::size_t write(std::span<const Piece> pieces) override;
  void set_reading(bool is_on) override;
  void close() override;
  [[nodiscard]] std::string_view remote_address() const override;

 private:
  class State;
  // The loop's handlers share it: a wait that ends after the link has gone must find something.
  std::shared_ptr<State> state_;
};

}  // namespace knotos::runtime
