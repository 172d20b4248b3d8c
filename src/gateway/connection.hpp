#pragma once

#include "ports/bus.hpp"
#include "ports/secrets.hpp"
#include "server/timers.hpp"

#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace knotos::gateway {

/// An event for all sockets of one user, encoded once.
struct OwnEvent {
  std::string_view name;  ///< A constant.
  std::shared_ptr<const std::string> text;
  domain::UserRev user_rev = 0;  ///< 0: it is no private change.
};

inline constexpr std::size_t kOwnEventsEarlyMax = 256;

/// What a socket that asks to be admitted has said, once it was believed.
struct Arrival {
  ports::AccessClaims claims;
  std::string cursor;  ///< Of the last session, if there was one.
  bool is_active = true;
};

/// What comes for a socket before `session_ready`: looked at with it.
struct Arriving {
  std::string resumes_from;  ///< CONNECT's `cursor`.
  std::vector<ports::ChatAdded> added;
  /// Memberships that ended, and by which place of the log.
  std::vector<std::pair<domain::ChatId, domain::Rev>> removed;
  /// In order. With more than `kOwnEventsEarlyMax` the socket is told to resync instead.
  std::vector<OwnEvent> own;
  bool has_missed_own = false;
};

/// What the gateway knows of one socket: for whom it speaks and what it hears. Lives as the
/// socket's data, on its shard; with a session that may be recovered it moves to another.
struct Connection {
  ports::AccessClaims claims;
  server::Timers::Handle expiry_timer = 0;
  /// Until `session_ready` has been sent; before it, nothing else may be.
  std::unique_ptr<Arriving> arriving = std::make_unique<Arriving>();
  /// The rooms it is in, ascending.
  std::vector<domain::ChatId> chats;
  /// Beside each, where in its log the user's membership changed last: a removal from before is
  /// none of it.
  std::vector<domain::Rev> member_revs;
  /// Somebody looks at the client.
  bool is_active = true;
  std::string cursor;  ///< What `session_ready` says: from where a later `sync` goes on.
  /// How often the interests in its chats, and in its user's channel, are held: twice while a
  /// session is taken up by its successor, not at all before it is ready.
  int holds = 0;
  bool is_taken_up = false;  ///< A recovered socket has it.
  std::size_t unjoined = 0;  ///< Chats whose rooms it joins once it was told what it missed.
  bool is_cut = false;       ///< Its user may not see all of some chat, or could not.
  /// Whose presence it asked for, ascending.
  std::vector<domain::UserId> subjects;

  [[nodiscard]] bool is_ready() const { return arriving == nullptr; }
};

}  // namespace knotos::gateway
