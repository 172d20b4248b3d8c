#pragma once

#include "server/server.hpp"

#include <functional>
#include <map>
#include <string>

namespace knotos::server {

/// What was configured for a namespace. Constant after the first link; shared by all shards.
struct NamespaceState {
  Admission admission;
  Namespace::ConnectionHandler on_connection;
  Namespace::EndHandler on_end;
  Namespace::EventHandler on_any;
  Namespace::ConnectionHandler on_overflow;
  std::map<std::string, Namespace::EventHandler, std::less<>> handlers;
  std::string overload_reply;
};

}  // namespace knotos::server
