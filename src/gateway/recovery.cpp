#include "base/metrics.hpp"
#include "gateway/gateway.hpp"
#include "gateway/shard_part.hpp"
#include "json/write_live.hpp"

#include <algorithm>
#include <utility>

// Sessions that are lost and found: docs/adr/0016-recovered-sessions.md.
namespace knotos::gateway {
namespace {

/// A recovery must be decided within this time, and what the lost session held is held for longer:
/// so there is no moment at which nobody hears for it.
constexpr std::chrono::milliseconds kTakeUpTime = std::chrono::seconds(5);
constexpr std::chrono::milliseconds kHoldTime = std::chrono::seconds(10);

metrics::Counter recoveries_refused(
    "gateway_recoveries_refused_total",
    "Lost sessions that began anew: another user, other memberships, or a store that is away.");

}  // namespace

void Gateway::listen_to_recovery() {
  auto& chat_namespace = ports_.server.of(kNamespace);
  chat_namespace.on_recovery([this](server::SocketHandle handle, server::KeptSession& kept,
                                    RecoveryAnswer answer) {
    spawn(
        executor(), "recovery",
        check_recovery(handle, std::static_pointer_cast<Connection>(kept.data), std::move(answer)));
  });
  chat_namespace.on_session_over([this](const server::KeptSession& kept, server::SessionOver why) {
    on_session_over(kept, why);
  });
}

/// The token was checked as at every CONNECT. Here: whether it is the same session's, and whether
/// its memberships are what they were; else what it missed may be more, or less, than it may see.
Task<void> Gateway::check_recovery(server::SocketHandle handle, std::shared_ptr<Connection> kept,
                                   RecoveryAnswer answer) {
  const auto* socket = ports_.server.find(handle);
  if (socket == nullptr) co_return answer(false);
  const auto fresh = std::static_pointer_cast<Connection>(socket->data());
  const auto user = fresh->claims.user_id;
  // Who may not see all of a chat was told less than its room.
  const bool is_same_session = kept->is_ready() && !kept->is_cut && kept->unjoined == 0 &&
                               kept->claims.user_id == user &&
                               kept->claims.device_id == fresh->claims.device_id;
  if (!is_same_session) {
    recoveries_refused.add();
    co_return answer(false);
  }
  const auto chats = kept->chats;
  const auto began_at = ports_.clock.steady_now();
  // From here on the socket hears of chats that its user is added to, and of the end of its
  // device's session, so memberships and token may be looked at.
  here().sockets_of[user].push_back(handle);
  const auto identified = co_await identify(socket->handshake().auth);
  const auto may = co_await may_take_up(user, chats, kept->member_revs);
  auto& sockets = here().sockets_of[user];
  std::erase(sockets, handle);
  if (sockets.empty()) here().sockets_of.erase(user);

  const bool is_in_time = ports_.clock.steady_now() - began_at < kTakeUpTime;
  kept->is_taken_up = false;
  if (identified && may && *may && is_in_time && fresh->arriving->added.empty() &&
      fresh->arriving->removed.empty()) {
    kept->claims = fresh->claims;
    kept->is_active = fresh->is_active;
    answer(true);
  } else {
    recoveries_refused.add();
    answer(false);
  }
  // The device was signed out while its socket was on its way.
  auto* const refused = identified ? nullptr : ports_.server.find(handle);
  if (refused != nullptr) revoke(*refused, describe(identified.error().code).code);
  // Now the session holds what was taken for it; or nobody needs it.
  if (!may || kept->is_taken_up) co_return;
  drop_interests(chats);
  leave_user(user);
}

/// Takes the interests of the session; with an error, none are taken. False: the memberships are
/// not those.
Task<Result<bool>> Gateway::may_take_up(domain::UserId user, std::vector<domain::ChatId> chats,
                                        std::vector<domain::Rev> member_revs) {
  auto joined = co_await join_user(user);
  if (!joined) co_return fail(std::move(joined.error()));
  auto added = co_await add_interests(chats);
  if (!added) {
    leave_user(user);
    co_return fail(std::move(added.error()));
  }
  auto now = co_await ports_.chat_store.chats_of(user);
  if (!now || now->size() != chats.size()) co_return false;
  for (std::size_t i = 0; i < chats.size(); ++i) {
    const auto& membership = (*now)[i];
    if (membership.chat_id != chats[i] || membership.member_rev != member_revs[i] ||
        membership.visibility.first_seq > 1 || !membership.visibility.hidden.empty()) {
      co_return false;
    }
  }
  co_return true;
}

/// Its rooms and what it has missed are there already.
void Gateway::welcome_back(server::Socket& socket) {
  auto& connection = connection_of(socket);
  connection.is_taken_up = true;
  ++connection.holds;
  say_ready(socket);
  tell_if_degraded(socket);
  if (!connection.subjects.empty()) {
    spawn(executor(), "restoring presence", restore_presence(socket.handle()));
  }
}

/// Presence is not kept for who is away: they are told how everybody stands now.
Task<void> Gateway::restore_presence(server::SocketHandle handle) {
  auto* socket = ports_.server.find(handle);
  if (socket == nullptr) co_return;
  auto& connection = connection_of(*socket);
  const auto viewer = connection.claims.user_id;
  const auto subjects = std::exchange(connection.subjects, {});
  const auto fresh = add_subjects(handle, subjects);
  if (!fresh) co_return;
  const auto states = co_await read_presence(handle, viewer, subjects);
  socket = ports_.server.find(handle);
  if (socket == nullptr) co_return;
  if (!states) {
    // It would wait for updates that nobody sends.
    drop_subjects(handle, *fresh);
    socket->close_link(server::CloseReason::forced_close);
    co_return;
  }
  for (const auto& state : *states) {
    socket->emit("presence_update", json::presence(state), server::PacketClass::ephemeral);
  }
}

void Gateway::on_session_over(const server::KeptSession& kept, server::SessionOver why) {
  const auto connection = std::static_pointer_cast<Connection>(kept.data);
  if (connection == nullptr || connection->holds == 0) return;
  if (why != server::SessionOver::recovered) return let_go(*connection);
  // Whoever takes it up takes interests of their own first, perhaps on another shard. Until then
  // these keep the rooms alive. From here on the connection is the other's: what is let go of later
  // is written down now.
  --connection->holds;
  auto& timers = *ports_.timers[ports_.shards.current()];
  (void)timers.at(timers.now() + kHoldTime,
                  [this, chats = connection->chats, user = connection->claims.user_id] {
                    drop_interests(chats);
                    leave_user(user);
                  });
}

}  // namespace knotos::gateway
