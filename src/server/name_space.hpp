#pragma once

#include "server/broadcast.hpp"
#include "server/close_reason.hpp"
#include "server/event.hpp"
#include "server/socket.hpp"

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <initializer_list>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace knotos::server {

struct NamespaceState;
struct ServerShared;

/// Admitted, or refused with CONNECT_ERROR `{message, data?}`.
struct Refusal {
  std::string message;
  std::string data;  ///< JSON text; empty: no data.
  /// Ends the link instead, without a word: the client takes CONNECT_ERROR for good, but comes back
  /// to a lost link.
  bool ends_link = false;
};

/// Admits or refuses a socket. Called on its shard. Call `done` once, there, now or later: nullopt
/// admits. The socket counts as pending meanwhile. What is dropped uncalled refuses.
using Admission = std::function<void(SocketHandle, const Handshake&,
                                     std::move_only_function<void(std::optional<Refusal>)> done)>;

/// What is kept of a socket whose link was lost, for it to come back to.
struct KeptSession {
  std::string id;
  std::vector<std::string> rooms;  ///< Ascending, without its own.
  std::shared_ptr<void> data;
};

/// Why a session is kept no more.
enum class SessionOver : std::uint8_t {
  recovered,  ///< The client came back to it, here or on another shard.
  expired,    ///< It did not, in time.
  dropped,    ///< A limit, or `disconnect_sockets`.
};

/// Asked once a socket that was admitted turns out to have a session to come back to. On the
/// socket's shard; `kept` moves with the answer and is good until it is given. False: it begins
/// anew, and the session is lost. Dropped uncalled, it refuses the recovery.
using RecoveryCheck =
    std::function<void(SocketHandle, KeptSession& kept, std::move_only_function<void(bool)> done)>;

/// One namespace: who may connect, what happens on events. Configure before the first link;
/// handlers are shared by all shards, and each call is on the socket's shard.
class Namespace {
 public:
  using ConnectionHandler = std::function<void(Socket&)>;
  using EventHandler = std::function<void(Socket&, Event)>;
  using EndHandler = std::function<void(Socket&, CloseReason)>;
  using DisconnectingHandler =
      std::function<void(Socket&, CloseReason, std::span<const std::string> rooms)>;
  using SessionHandler = std::function<void(const KeptSession&, SessionOver)>;

  /// `name` empty: of all that match.
  Namespace(ServerShared& server, std::string name);
  ~Namespace();

  /// Several are asked one after the other, in the order of these calls; the first refusal stands.
  void admit(Admission admission);
  void on_connection(ConnectionHandler handler);
  /// After the last event; the socket can still be read, not written.
  void on_end(EndHandler handler);
  /// Just before `on_end`, with the rooms that it was in, its own left out.
  void on_disconnecting(DisconnectingHandler handler);
  /// A number as an event's name is its digits. Events of a reserved name never come.
  void on(std::string event, EventHandler handler);
  /// Events that no handler is named for. Default: ignored.
  void on_any(EventHandler handler);
  /// A client that sends more than `inbox_events_max` at once gets this as its ack. Default: no
  /// answer.
  void set_overload_reply(std::string argument);
  /// A slow reader's queue was dropped: tell it. Default: the link is closed.
  void on_overflow(ConnectionHandler handler);

  /// With recovery on: may this socket take up that session? It has been admitted already. Default:
  /// yes. Two shards may be involved: `data` of the session must be bound to neither.
  void on_recovery(RecoveryCheck check);
  /// On the shard that kept it: it does so no more. What the application holds for a socket that
  /// may come back is let go of here, not in `on_end`.
  void on_session_over(SessionHandler handler);

  /// Everybody in it, on all shards; of a dynamic one, in all that match.
  [[nodiscard]] Broadcast sockets() const;
  [[nodiscard]] Broadcast to(std::string_view room) const;
  [[nodiscard]] Broadcast except(std::string_view room) const;
  bool emit(std::string_view event, std::span<const std::string_view> arguments,
            std::span<const std::string> attachments = {}) const;
  bool emit(std::string_view event, std::initializer_list<std::string_view> arguments = {}) const;
  bool emit(std::string_view event, std::string_view argument) const;

  /// What was set, for the shards.
  [[nodiscard]] const NamespaceState& state() const { return *state_; }

 private:
  ServerShared* server_;
  std::string name_;
  std::unique_ptr<NamespaceState> state_;
};

}  // namespace knotos::server
