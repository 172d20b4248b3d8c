#include "base/metrics.hpp"
#include "gateway/gateway.hpp"
#include "gateway/shard_part.hpp"
#include "json/private_cursors.hpp"
#include "json/read.hpp"
#include "json/requests.hpp"
#include "json/text.hpp"
#include "json/write.hpp"
#include "json/write_live.hpp"

#include <algorithm>
#include <iterator>
#include <utility>

namespace knotos::gateway {
namespace {

metrics::Counter admissions_refused("gateway_admissions_refused_total",
                                    "CONNECTs that were refused.");
metrics::Counter arrivals_failed("gateway_arrivals_failed_total",
                                 "Sockets sent back because their chats could not be read.");
metrics::Counter sessions_ended("gateway_sessions_ended_total",
                                "Sockets ended by expiry or revocation.");

std::vector<domain::ChatId> ids_of(const std::vector<ports::ChatStanding>& standings) {
  std::vector<domain::ChatId> ids;
  ids.reserve(standings.size());
  for (const auto& standing : standings) ids.push_back(standing.chat_id);
  return ids;
}

}  // namespace

Task<void> Gateway::admit(server::SocketHandle handle, std::string auth, Admitted done) {
  auto arrival = co_await identify(std::move(auth));
  if (arrival) {
    if (auto* socket = ports_.server.find(handle)) {
      auto connection = std::make_shared<Connection>();
      connection->claims = arrival->claims;
      connection->is_active = arrival->is_active;
      connection->arriving->resumes_from = std::move(arrival->cursor);
      socket->set_data(std::move(connection));
    }
    done(std::nullopt);
    co_return;
  }
  admissions_refused.add();
  const auto& error = arrival.error();
  const auto& description = describe(error.code);
  // A client takes CONNECT_ERROR for good; what may pass is told by ending the link, after which it
  // comes back.
  done(server::Refusal{.message = std::string(description.title),
                       .data = json::problem(error, new_request_id()),
                       .ends_link = description.is_retryable});
}

Task<Result<Arrival>> Gateway::identify(std::string auth) {
  const auto fields = json::parse_object(auth);
  if (!fields) co_return fail(fields.error());
  auto request = json::connect_request(*fields);
  if (!request) co_return fail(request.error());
  const auto device_id = request->device_id;
  auto claims = co_await ports_.accounts.authenticate_device(std::move(request->token));
  if (!claims) co_return fail(std::move(claims.error()));
  if (device_id && *device_id != claims->device_id.to_string()) {
    co_return fail(Errc::forbidden, "The token is another device's.");
  }
  co_return Arrival{
      .claims = *claims, .cursor = std::move(request->cursor), .is_active = request->is_active};
}

void Gateway::on_connection(server::Socket& socket) {
  const auto user = connection_of(socket).claims.user_id;
  // From here on the socket hears of chats that its user is added to, so the memberships may be
  // read.
  here().sockets_of[user].push_back(socket.handle());
  watch_expiry(socket);
  come(socket.handle(), connection_of(socket));
  if (socket.recovered()) return welcome_back(socket);
  spawn(executor(), "arrival of a socket", enter(socket.handle(), user));
}

void Gateway::on_end(server::Socket& socket) {
  auto& part = here();
  auto& connection = connection_of(socket);
  // A recovered session may go on at another shard, where the number is another timer's.
  ports_.timers[ports_.shards.current()]->cancel(std::exchange(connection.expiry_timer, 0));
  const auto at = part.sockets_of.find(connection.claims.user_id);
  if (at != part.sockets_of.end()) {
    std::erase(at->second, socket.handle());
    if (at->second.empty()) {
      part.sockets_of.erase(at);
      for (const auto& chat : connection.chats) {
        part.visibility.forget(chat, connection.claims.user_id);
      }
    }
  }
  go(socket.handle(), connection);
  // Before it was ready, `enter` gives back what it took; a session that may come back holds on.
  if (!socket.is_kept()) let_go(connection);
}

void Gateway::let_go(Connection& connection) {
  if (connection.holds == 0) return;
  --connection.holds;
  drop_interests(connection.chats);
  leave_user(connection.claims.user_id);
}

/// The order of SEMANTICS section 4: the user's channel, the memberships, the chats' channels,
/// where the chats stand, then `session_ready`. So whatever changed before it is in what the client
/// reads after it, and the rest is delivered. The memberships are read again with where the chats
/// stand: one that ends later is heard of by the chat's channel, which is open by then.
Task<void> Gateway::enter(server::SocketHandle handle, domain::UserId user) {
  auto joined = co_await join_user(user);
  // Before anything is read, so that it covers no more than that.
  auto present = joined ? co_await ports_.own.syncs.present()
                        : Result<services::SyncCursor>(fail(joined.error()));
  auto chats = present ? co_await open_rooms(user) : Result<Memberships>(fail(present.error()));
  std::optional<Resumption> resumption;
  auto* socket = ports_.server.find(handle);
  if (socket != nullptr && chats && !connection_of(*socket).arriving->resumes_from.empty()) {
    resumption = co_await read_resumption(
        user, std::move(connection_of(*socket).arriving->resumes_from), present->since);
    socket = ports_.server.find(handle);
  }
  if (socket != nullptr && chats) {
    connection_of(*socket).cursor = json::encode_cursor(*present);
    welcome(*socket, *chats, resumption);
    co_return;
  }
  if (chats) drop_interests(ids_of(*chats));
  if (joined) leave_user(user);
  if (socket == nullptr) co_return;
  arrivals_failed.add();
  log::warning("a socket was sent back",
               {{"code", describe(chats.error().code).code}, {"cause", chats.error().cause}});
  socket->close_link(server::CloseReason::forced_close);
}

Task<Result<Gateway::Memberships>> Gateway::open_rooms(domain::UserId user) {
  auto memberships = co_await ports_.chat_store.chats_of(user);
  if (!memberships) co_return fail(std::move(memberships.error()));
  const auto chats = ids_of(*memberships);

  auto added = co_await add_interests(chats);
  if (!added) co_return fail(std::move(added.error()));
  memberships = co_await ports_.chat_store.chats_of(user);
  if (!memberships) {
    drop_interests(chats);
    co_return fail(std::move(memberships.error()));
  }
  // What came in between is told as added.
  std::erase_if(*memberships, [&chats](const auto& membership) {
    return !std::ranges::binary_search(chats, membership.chat_id);
  });
  std::vector<domain::ChatId> gone;
  std::ranges::set_difference(chats, ids_of(*memberships), std::back_inserter(gone));
  drop_interests(gone);
  settle(*memberships);
  co_return std::move(*memberships);
}

void Gateway::welcome(server::Socket& socket, const Memberships& memberships,
                      const std::optional<Resumption>& resumption) {
  auto& connection = connection_of(socket);
  const auto arriving = std::exchange(connection.arriving, {});
  const auto has_ended = [&arriving](const ports::ChatStanding& membership) {
    return std::ranges::any_of(arriving->removed, [&membership](const auto& removed) {
      return removed.first == membership.chat_id && removed.second > membership.member_rev;
    });
  };
  const bool resumes = resumption && resumption->resync_reason.empty();
  socket.join(user_room(connection.claims.user_id));
  for (const auto& membership : memberships) {
    if (has_ended(membership)) {
      drop_interests({membership.chat_id});
      continue;
    }
    // Who is told what they missed joins with the last of it.
    if (!resumes) socket.join(room_of(membership.chat_id));
    connection.chats.push_back(membership.chat_id);
    connection.member_revs.push_back(membership.member_rev);
  }
  connection.holds = 1;
  for (const auto& membership : memberships) {
    learn_sight(connection.claims.user_id, membership.chat_id, membership.visibility);
  }
  say_ready(socket);
  tell_if_degraded(socket);
  for (const auto& early : arriving->own) tell_own(socket, early);
  if (arriving->has_missed_own) {
    socket.emit("resync_required", json::reason("slowConsumer"), server::PacketClass::control);
  }
  if (resumes) {
    resume(socket, *resumption, memberships);
  } else if (resumption) {
    tell_to_resync(socket, resumption->resync_reason);
  }
  for (const auto& early : arriving->added) spawn(executor(), "chat added", bring_in(early));
}

void Gateway::say_ready(server::Socket& socket) {
  const auto& connection = connection_of(socket);
  const auto now = ports_.clock.now();
  std::string out;
  json::ObjectWriter ready(out);
  ready.id("userId", connection.claims.user_id);
  ready.id("deviceId", connection.claims.device_id);
  ready.time("serverTime", now);
  ready.text("cursor", connection.cursor);
  json::ObjectWriter limit(ready.value("limits"));
  limit.number("contentCodePointsMax", limits_.content.code_points_max);
  limit.number("contentBytesMax", limits_.content.bytes_max);
  limit.close();
  ready.close();
  socket.greet("session_ready", out);
}

void Gateway::watch_expiry(server::Socket& socket) {
  auto& timers = *ports_.timers[ports_.shards.current()];
  auto& connection = connection_of(socket);
  timers.cancel(connection.expiry_timer);
  const auto left = connection.claims.expires_at - ports_.clock.now();
  connection.expiry_timer = timers.at(timers.now() + left, [this, handle = socket.handle()] {
    if (auto* expired = ports_.server.find(handle)) revoke(*expired, "token-expired");
  });
}

void Gateway::revoke(server::Socket& socket, std::string_view reason) {
  sessions_ended.add();
  if (connection_of(socket).is_ready()) {
    socket.emit("session_revoked", json::reason(reason), server::PacketClass::control);
  }
  socket.disconnect(true);
}

}  // namespace knotos::gateway
