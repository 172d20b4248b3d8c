#pragma once

#include "base/shards.hpp"
#include "server/broadcast.hpp"
#include "server/close_reason.hpp"
#include "server/event.hpp"
#include "server/http_exchange.hpp"
#include "server/name_space.hpp"
#include "server/options.hpp"
#include "server/packet.hpp"
#include "server/socket.hpp"
#include "server/timers.hpp"

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

/// A Socket.IO server (Engine.IO 4, Socket.IO 5) for unmodified official clients. It knows no
/// socket, no clock and no chat: bytes come through `HttpExchange` and `Link`, time through
/// `Timers`, threads through `Shards`.
namespace knotos::server {

class ShardServer;
struct ServerShared;

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

  /// A request of ours whose body is on its way: a session takes one POST at a time. `serve` gets
  /// it when it is whole. On the connection's shard.
  void arrive(std::shared_ptr<HttpArrival> arrival);

  /// The answer to a request of ours whose body was refused before it reached `serve`: too large
  /// (413) or too slow (408). One that is too large ends its session at once. `head`: the request
  /// without its body. On the connection's shard.
  [[nodiscard]] http::Response refuse_body(const http::Request& head, unsigned status);

  /// Everybody in the namespace, on all shards. Any thread.
  [[nodiscard]] Broadcast in(std::string_view name_space);

  /// Null if it is gone. On the socket's shard. Good until the next co_await.
  [[nodiscard]] Socket* find(SocketHandle handle);
  /// Calls `work` on the socket's shard, later, if the socket is there then. Any thread.
  void with(SocketHandle handle, std::move_only_function<void(Socket&)> work);

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

/// An event packet for `Socket::send` and `send_to_room`. Null, which they ignore: refused as by
/// `Socket::emit`.
[[nodiscard]] Packet make_event(std::string_view name_space, std::string_view event,
                                std::span<const std::string_view> arguments,
                                PacketClass packet_class,
                                std::span<const std::string> attachments = {});

/// The JSON text of a string: an argument. `text` is UTF-8.
[[nodiscard]] std::string json_string(std::string_view text);

}  // namespace knotos::server
