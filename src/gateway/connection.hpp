#pragma once

#include "ports/bus.hpp"
#include "ports/secrets.hpp"
#include "server/timers.hpp"

#include <utility>
#include <vector>

namespace knotos::gateway {

/// What the gateway knows of one socket: for whom it speaks and what it hears. Lives as the
/// socket's data, on its shard.
struct Connection {
  ports::AccessClaims claims;
  server::Timers::Handle expiry_timer = 0;
  /// `session_ready` has been sent; before it, nothing else may be.
  bool is_ready = false;
  /// The rooms it is in, ascending.
  std::vector<domain::ChatId> chats;
  /// Beside each, where in its log the user's membership changed last: a removal from before is none
  /// of it.
  std::vector<domain::Rev> member_revs;
  /// Came while it was not ready: looked at when it is.
  std::vector<ports::ChatAdded> added_early;
  /// Memberships that ended meanwhile, and by which place of the log.
  std::vector<std::pair<domain::ChatId, domain::Rev>> removed_early;
};

}  // namespace knotos::gateway
