#pragma once

#include "base/task.hpp"
#include "server/event.hpp"
#include "server/packet.hpp"

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <initializer_list>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace knotos::server {

struct NamespaceState;
struct ServerShared;

/// A connected socket as any shard may know it.
struct SocketInfo {
  SocketHandle handle;
  std::string id;
  std::string remote_address;
  std::vector<std::string> rooms;  ///< Its own first, named by its id.
};

/// What came of a question to many.
struct BroadcastReplies {
  std::size_t asked = 0;
  std::vector<Reply> replies;  ///< In the order in which they came.

  [[nodiscard]] bool is_complete() const { return replies.size() == asked; }
};

using FetchHandler = std::move_only_function<void(std::vector<SocketInfo>)>;
using BroadcastReplyHandler = std::move_only_function<void(BroadcastReplies)>;

/// Whom an event, or a change, is for: the sockets of a namespace in any of some rooms and in none
/// of others, on every shard.
///
///     io.of("/").to("room").except("muted").emit("said", R"("hello")");
///
/// Without `to` it is everybody. Every socket is in a room of its own, named by its id. A plain
/// value; the server outlives it. Any thread may emit; what answers (`fetch_sockets`, `ask`) is
/// called on a shard and answers there. Sockets of the calling shard are served before the call
/// returns, others as soon as their shard gets to it; two emits from one shard arrive everywhere
/// in the order of the calls. An event is encoded once a shard, not once a socket.
class Broadcast {
 public:
  /// Of one namespace, named as in CONNECT.
  Broadcast(ServerShared& server, std::string_view name_space);
  /// Of all namespaces of that configuration.
  Broadcast(ServerShared& server, const NamespaceState& state);

  [[nodiscard]] Broadcast to(std::string_view room) &&;
  [[nodiscard]] Broadcast to(std::string_view room) const&;
  [[nodiscard]] Broadcast except(std::string_view room) &&;
  [[nodiscard]] Broadcast except(std::string_view room) const&;
  /// Dropped for each socket whose transport is not writable just then.
  [[nodiscard]] Broadcast as_volatile() &&;
  /// What may be dropped first for a slow reader. Default: durable.
  [[nodiscard]] Broadcast in_class(PacketClass packet_class) &&;
  /// This shard only.
  [[nodiscard]] Broadcast local() &&;
  /// These shards only, where the caller knows that nobody else is meant: neither a socket nor one
  /// that is kept for recovery.
  [[nodiscard]] Broadcast on_shards(std::vector<std::size_t> shards) &&;

  /// `arguments`: JSON texts. False: refused, because the name is reserved or there are more
  /// attachments than allowed; counted.
  bool emit(std::string_view event, std::span<const std::string_view> arguments,
            std::span<const std::string> attachments = {}) const;
  bool emit(std::string_view event, std::initializer_list<std::string_view> arguments = {}) const;
  bool emit(std::string_view event, std::string_view argument) const;

  /// Asks everybody for an ack. `answer` is called once, never inside this call: when all have
  /// answered or ended, or at the time-out.
  void ask(std::string_view event, std::span<const std::string_view> arguments,
           std::chrono::milliseconds timeout, BroadcastReplyHandler answer) const;
  [[nodiscard]] Task<BroadcastReplies> ask(std::string_view event,
                                           std::span<const std::string_view> arguments,
                                           std::chrono::milliseconds timeout) const;

  void sockets_join(std::string_view room) const;
  void sockets_leave(std::string_view room) const;
  /// Also ends what is kept for recovery. `closes_links`: the links end too.
  void disconnect_sockets(bool closes_links = false) const;

  /// Who is meant, now. `answer` is called once, never inside this call.
  void fetch_sockets(FetchHandler answer) const;
  [[nodiscard]] Task<std::vector<SocketInfo>> fetch_sockets() const;

 private:
  friend class ShardServer;

  /// Calls `work` for each shard that is meant: here now, elsewhere later.
  void run(const std::function<void(ShardServer&)>& work) const;
  [[nodiscard]] std::vector<std::size_t> shards() const;

  ServerShared* server_;
  const NamespaceState* state_ = nullptr;
  std::string name_space_;
  std::vector<std::string> rooms_;
  std::vector<std::string> excepts_;
  std::vector<std::size_t> shards_;  ///< Empty: all.
  PacketClass class_ = PacketClass::durable;
  bool is_volatile_ = false;
  bool is_local_ = false;
};

}  // namespace knotos::server
