#pragma once

#include "base/shards.hpp"
#include "protocol/engineio/session.hpp"
#include "server/addresses.hpp"
#include "server/link_id.hpp"
#include "server/namespace_state.hpp"
#include "server/server.hpp"

#include <atomic>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

namespace knotos::server {

class EngineShard;
class ShardServer;

/// What the shards of one server have in common: constants after the first link, and two atomics.
struct ServerShared {
  Shards& shards;
  Options options;
  Random random;
  engineio::SessionTimes times;
  EngineHandler engine_handler;
  std::map<std::string, std::unique_ptr<Namespace>, std::less<>> namespaces;
  std::vector<std::pair<std::function<bool(std::string_view)>, std::unique_ptr<Namespace>>>
      matching;
  std::vector<EngineShard*> engines;  ///< One a shard; each is touched on its own only.
  std::vector<ShardServer*> servers;  ///< The same.

  Addresses addresses{
      {.links_max = options.links_per_address_max, .opening = options.links_per_address_rate}};

  std::atomic<std::int64_t> outbox_bytes = 0;
  std::atomic<bool> is_accepting = true;
};

}  // namespace knotos::server
