#pragma once

#include "base/shards.hpp"
#include "protocol/websocket/decoder.hpp"
#include "server/http_exchange.hpp"

#include <memory>
#include <unordered_map>
#include <vector>

namespace knotos::conformance {

/// Bare RFC 6455: every message comes back as it came. For suites that test the codec alone. Each
/// connection lives on its shard; destroyed after the shards have stopped.
class WebSocketEcho {
 public:
  WebSocketEcho(Shards& shards, websocket::DecoderLimits limits);
  ~WebSocketEcho();

  void serve(const std::shared_ptr<server::HttpExchange>& exchange);

 private:
  class Connection;
  struct Shard {
    websocket::Scratch scratch;
    std::unordered_map<Connection*, std::unique_ptr<Connection>> connections;
  };

  Shards& shards_;
  websocket::DecoderLimits limits_;
  std::vector<Shard> per_shard_;
};

}  // namespace knotos::conformance
