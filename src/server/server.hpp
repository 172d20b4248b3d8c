#pragma once

#include "base/error.hpp"
#include "base/shards.hpp"
#include "base/time.hpp"
#include "server/http_exchange.hpp"
#include "server/packet.hpp"
#include "server/timers.hpp"

#include <array>
#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

/// A Socket.IO server (Engine.IO 4, Socket.IO 5) for unmodified official clients. It knows no
/// socket, no clock and no chat: bytes come through `HttpExchange` and `Link`, time through
/// `Timers`, threads through `Shards`.
namespace knotos::server {

struct EngineLink;
class Namespace;
class NamespaceShard;
class ShardServer;
class Socket;
struct NamespaceState;
struct ServerShared;

/// Every limit has a name. Defaults are those of WIRE section 1.
struct Options {
  std::string path = "/socket.io/";
  std::chrono::milliseconds ping_interval{25'000};
  std::chrono::milliseconds ping_timeout{20'000};
  std::chrono::milliseconds upgrade_timeout{10'000};
  std::chrono::milliseconds connect_timeout{45'000};
  std::chrono::milliseconds flush_timeout{5'000};  ///< For a link that we close to take the rest.
  std::size_t payload_bytes_max = 1'000'000;
  std::size_t poll_packets_max = 16;   ///< Packets in one polling response.
  std::size_t fragments_max = 16'384;  ///< Frames of one WebSocket message.
  std::size_t attachments_max = 10;    ///< Of one packet, both ways.
  std::size_t json_depth_max = 96;
  std::size_t namespaces_per_link_max = 16;
  std::size_t connects_refused_max = 32;       ///< CONNECT_ERRORs on one link; one more ends it.
  std::size_t inbox_events_max = 64;           ///< Events of one link begun and not finished.
  std::size_t outbox_bytes_max = 1024 * 1024;  ///< What waits for one slow reader.
  std::size_t outbox_bytes_total_max =
      1024UL * 1024 * 1024;               ///< What waits for all of them, per process.
  std::vector<std::string> cors_origins;  ///< Empty: no CORS headers. "*": anybody.
  bool cors_credentials = false;
  std::string cookie_name;  ///< Of a cookie with the sid in the polling handshake. Empty: none.
  /// Looks at the request that wants to open a link; a text refuses it. Any shard.
  std::function<std::optional<std::string>(const http::Request&)> allow_request;
};

/// Why a socket, or the link under it, ended (WIRE section 5).
enum class CloseReason : std::uint8_t {
  transport_close,
  transport_error,
  ping_timeout,
  parse_error,
  forced_close,
  server_shutting_down,
  forced_server_close,
  client_namespace_disconnect,
  server_namespace_disconnect,
};

inline constexpr std::size_t kCloseReasonCount =
    static_cast<std::size_t>(CloseReason::server_namespace_disconnect) + 1;

[[nodiscard]] std::string_view name_of(CloseReason reason);

/// Names a socket for ever; the socket itself may be gone. A plain value, so it may be kept across
/// a co_await and sent between shards, where a `Socket&` may not.
struct SocketHandle {
  std::uint32_t shard = 0;
  std::uint32_t slot = 0;
  std::uint64_t generation = 0;

  auto operator<=>(const SocketHandle&) const = default;
};

/// Answers an event, at most once: on the socket's shard, now or later. If the client asked for no
/// ack, or has gone, nothing happens.
class Ack {
 public:
  Ack() = default;
  Ack(Ack&&) noexcept;
  Ack& operator=(Ack&&) noexcept;
  ~Ack();

  /// The client asked for one.
  [[nodiscard]] bool is_wanted() const;
  /// `arguments`: JSON texts, one an argument.
  /// `attachments`: what placeholders in the arguments stand for.
  void reply(std::span<const std::string_view> arguments,
             std::span<const std::string> attachments = {});
  void reply(std::string_view argument);

 private:
  friend class ShardServer;
  struct State;
  explicit Ack(std::unique_ptr<State> state);
  std::unique_ptr<State> state_;
};

/// A client's answer to `Socket::ask`: its arguments, as in `Event`.
struct Reply {
  std::string text;
  std::vector<std::pair<std::uint32_t, std::uint32_t>> slices;
  std::vector<std::string> attachments;

  [[nodiscard]] std::size_t size() const { return slices.size(); }
  [[nodiscard]] std::string_view argument(std::size_t index) const {
    return std::string_view(text).substr(slices[index].first,
                                         slices[index].second - slices[index].first);
  }
};

/// nullopt: no answer came in time, or the socket ended before.
using ReplyHandler = std::move_only_function<void(std::optional<Reply>)>;

/// One event from a client. While it lives it counts against the link's inbox: keep it until the
/// work is done.
struct Event {
  std::string name;
  /// The arguments after the name as one text with the slices of it, each valid JSON within the
  /// depth limit.
  std::string text;
  std::vector<std::pair<std::uint32_t, std::uint32_t>> slices;  ///< Begin and end in `text`.
  std::vector<std::string> attachments;  ///< Binary; placeholders in the arguments are checked.
  Ack ack;

  [[nodiscard]] std::size_t size() const { return slices.size(); }
  [[nodiscard]] std::string_view argument(std::size_t index) const {
    return std::string_view(text).substr(slices[index].first,
                                         slices[index].second - slices[index].first);
  }

 private:
  friend class ShardServer;
  struct InboxPlace;
  struct LeaveInbox {
    void operator()(InboxPlace* place) const;
  };
  std::unique_ptr<InboxPlace, LeaveInbox> place_;
};

/// What the client sent with CONNECT, and how it came.
struct Handshake {
  std::string auth;  ///< JSON text of an object; "{}" if none.
  std::string remote_address;
  /// The one that opened the link, without its body and the headers that concern only the
  /// connection.
  http::Request request;
};

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

/// Connected to one namespace over one link. A reference is good until the callback that received
/// it returns; keep the handle and ask `Server::find` again. On its shard only.
class Socket {
 public:
  ~Socket();

  [[nodiscard]] SocketHandle handle() const;
  /// 20 characters, public.
  [[nodiscard]] std::string_view id() const;
  /// Until `on_connection` returns; empty from then on, so that an idle socket is small and keeps
  /// no credential.
  [[nodiscard]] const Handshake& handshake() const;
  /// Of the namespace.
  [[nodiscard]] std::string_view name_space() const;

  /// The application's own: set at admission or connection, freed with the socket.
  [[nodiscard]] const std::shared_ptr<void>& data() const;
  void set_data(std::shared_ptr<void> data);

  /// Nothing is sent before the socket is connected: while it is pending, calls are ignored.
  /// `arguments`: JSON texts.
  void emit(std::string_view event, std::span<const std::string_view> arguments,
            PacketClass packet_class);
  void emit(std::string_view event, std::string_view argument,
            PacketClass packet_class = PacketClass::durable);
  /// One packet, encoded before, shared with others.
  void send(Packet packet);
  /// An event that asks for an ack. `answer` is called once, on this shard, never inside this call.
  void ask(std::string_view event, std::span<const std::string_view> arguments,
           std::chrono::milliseconds timeout, ReplyHandler answer);
  /// What is sent now goes out now: what is worth nothing later need not be sent otherwise.
  [[nodiscard]] bool is_writable() const;

  void join(std::string_view room);
  void leave(std::string_view room);

  /// DISCONNECT: the client will not come back by itself. `closes_link`: the link ends too.
  void disconnect(bool closes_link);
  /// Ends the link without a DISCONNECT, after what waits has been written: the client comes back.
  void close_link(CloseReason reason);

 private:
  friend class ShardServer;
  friend class RoomTable;
  struct Ask;
  /// In which room, and where in it.
  struct RoomPlace {
    std::uint32_t room;
    std::uint32_t member;
  };

  Socket() = default;

  ShardServer* shard_ = nullptr;
  NamespaceShard* namespace_ = nullptr;
  EngineLink* link_ = nullptr;  ///< Null once it has ended.
  SocketHandle handle_;
  std::array<char, 20> id_{};
  bool is_connected_ = false;
  std::uint32_t last_ask_ = 0;
  std::shared_ptr<void> data_;
  std::vector<RoomPlace> rooms_;
  std::unique_ptr<Handshake> handshake_;
  std::vector<Ask> asks_;
};

/// One namespace: who may connect, what happens on events. Configure before the first link;
/// handlers are shared by all shards, and each call is on the socket's shard.
class Namespace {
 public:
  Namespace();
  ~Namespace();

  using ConnectionHandler = std::function<void(Socket&)>;
  using EventHandler = std::function<void(Socket&, Event)>;
  using EndHandler = std::function<void(Socket&, CloseReason)>;

  void admit(Admission admission);
  void on_connection(ConnectionHandler handler);
  /// After the last event; the socket can still be read, not written.
  void on_end(EndHandler handler);
  void on(std::string event, EventHandler handler);
  /// Events that no handler is named for. Default: ignored.
  void on_any(EventHandler handler);
  /// A client that sends more than `inbox_events_max` at once gets this as its ack. Default: no
  /// answer.
  void set_overload_reply(std::string argument);
  /// A slow reader's queue was dropped: tell it. Default: the link is closed.
  void on_overflow(ConnectionHandler handler);

  /// What was set, for the shards.
  [[nodiscard]] const NamespaceState& state() const { return *state_; }

 private:
  std::unique_ptr<NamespaceState> state_;
};

/// Instead of Socket.IO: one Engine.IO message, and how to answer with others.
using EngineReply = std::function<void(std::string_view data, bool is_binary)>;
using EngineHandler =
    std::function<void(std::string_view data, bool is_binary, const EngineReply& reply)>;

/// All shards' Socket.IO. Build, configure namespaces, then `serve`.
class Server {
 public:
  /// `timers`: one a shard.
  Server(Shards& shards, std::vector<Timers*> timers, Options options,
         std::function<void(std::span<std::uint8_t>)> random);
  /// After the shards have stopped. Events, acks and admissions that outlive it do nothing.
  ~Server();

  /// The namespace, made on the first call. Before the first link.
  [[nodiscard]] Namespace& of(std::string_view name);
  /// For every name that `matches` and that is not named by `of`: each is a namespace of its own,
  /// made when its first socket comes and gone with the last.
  [[nodiscard]] Namespace& of_matching(std::function<bool(std::string_view)> matches);

  /// Links carry bare Engine.IO messages to `handler` and no Socket.IO. Before the first link.
  /// `reply` is good until the handler returns.
  void use_engine_only(EngineHandler handler);

  /// A request whose path begins with `options.path`. On the exchange's shard.
  void serve(std::shared_ptr<HttpExchange> exchange);

  /// The answer to a request of ours whose body was refused before it reached `serve`: too large
  /// (413) or too slow (408). One that is too large ends its session at once. `head`: the request
  /// without its body. On the connection's shard.
  [[nodiscard]] http::Response refuse_body(const http::Request& head, unsigned status);

  /// Null if it is gone. On the socket's shard. Good until the next co_await.
  [[nodiscard]] Socket* find(SocketHandle handle);

  /// Appends the packet to every socket of the namespace in the room on this shard; one gathered
  /// write a socket at the end of the turn.
  void send_to_room(std::string_view name_space, std::string_view room, const Packet& packet);
  /// Sockets in the room on this shard.
  [[nodiscard]] std::size_t room_size(std::string_view name_space, std::string_view room) const;

  /// No new links from now on: handshakes are answered 503. Any shard.
  void stop_accepting();
  /// On one shard: ends its links without DISCONNECT, after what waits has been written.
  void close_links(CloseReason reason);
  /// Links of this shard.
  [[nodiscard]] std::size_t links() const;
  /// Calls `visit` for each connected socket of the namespace on this shard.
  void for_each(std::string_view name_space, const std::function<void(Socket&)>& visit);

 private:
  [[nodiscard]] ShardServer& here() const;

  std::unique_ptr<ServerShared> shared_;
  std::vector<std::unique_ptr<ShardServer>> shards_;
};

/// An event packet for `send` and `send_to_room`.
[[nodiscard]] Packet make_event(std::string_view name_space, std::string_view event,
                                std::span<const std::string_view> arguments,
                                PacketClass packet_class,
                                std::span<const std::string> attachments = {});

}  // namespace knotos::server
