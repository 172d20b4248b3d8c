#pragma once

#include "server/name_space.hpp"

#include <functional>
#include <map>
#include <string>
#include <vector>

namespace knotos::server {

/// What was configured for a namespace. Constant after the first link; shared by all shards.
struct NamespaceState {
  std::vector<Admission> admissions;
  Namespace::ConnectionHandler on_connection;
  Namespace::EndHandler on_end;
  Namespace::DisconnectingHandler on_disconnecting;
  Namespace::EventHandler on_any;
  Namespace::ConnectionHandler on_overflow;
  RecoveryCheck on_recovery;
  Namespace::SessionHandler on_session_over;
  std::map<std::string, Namespace::EventHandler, std::less<>> handlers;
  std::string overload_reply;
};

}  // namespace knotos::server
