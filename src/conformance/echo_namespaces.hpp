#pragma once

#include "server/server.hpp"
#include "server/timers.hpp"

#include <mutex>
#include <string>
#include <vector>

namespace knotos::conformance {

/// The namespaces and events that the protocol suites drive (WIRE section 13). Outlives the server;
/// its handlers run on every shard.
class EchoNamespaces {
 public:
  EchoNamespaces(server::Server& server, std::vector<server::Timers*> timers)
      : server_(server), timers_(std::move(timers)) {}

  /// Before the first link.
  void configure();

 private:
  void add_events(server::Namespace& name_space);
  void add_echoes(server::Namespace& name_space);
  void add_rooms(server::Namespace& name_space);
  void add_bursts(server::Namespace& name_space);
  void ask(server::Socket& socket);
  [[nodiscard]] std::string reasons() const;

  server::Server& server_;
  std::vector<server::Timers*> timers_;
  mutable std::mutex mutex_;
  std::vector<server::CloseReason> reasons_;  ///< Under `mutex_`.
};

}  // namespace knotos::conformance
