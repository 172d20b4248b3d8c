#pragma once

#include "base/task.hpp"
#include "protocol/http/message.hpp"
#include "server/broadcast.hpp"
#include "server/close_reason.hpp"
#include "server/event.hpp"
#include "server/packet.hpp"

#include <array>
#include <chrono>
#include <cstdint>
#include <initializer_list>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace knotos::server {

struct EngineLink;
class NamespaceShard;
class RoomTable;
struct Session;

/// What the client sent with CONNECT, and how it came.
struct Handshake {
  std::string auth;  ///< JSON text of an object; "{}" if none.
  std::string remote_address;
  /// The one that opened the link, without its body and the headers that concern only the
  /// connection.
  http::Request request;
};

/// Connected to one namespace over one link. A reference is good until the callback that received
/// it returns; keep the handle and ask `Server::find` again. On its shard only.
///
/// Nothing is sent before the socket is connected or after it has ended: such calls are ignored.
/// What is sent is queued and written at the end of the turn; a reader so slow that its queue is
/// full loses what may be dropped, then the queue (see `PacketClass`). Arguments are JSON texts and
/// are not checked: what is none makes the client close.
class Socket {
 public:
  ~Socket();

  [[nodiscard]] SocketHandle handle() const;
  /// 20 characters, public. It names the place of the socket in this process, so a peer may see how
  /// busy that is. A recovered socket has the id that it had, from `on_connection` on.
  [[nodiscard]] std::string_view id() const;
  /// Until `on_connection` returns; empty from then on, so that an idle socket is small and keeps
  /// no credential.
  [[nodiscard]] const Handshake& handshake() const;
  /// Of the namespace.
  [[nodiscard]] std::string_view name_space() const;
  /// Of the peer of the link; empty once it has ended.
  [[nodiscard]] std::string_view remote_address() const;

  /// The application's own: set at admission or connection, freed with the socket or with what is
  /// kept of it for recovery.
  [[nodiscard]] const std::shared_ptr<void>& data() const;
  void set_data(std::shared_ptr<void> data);

  /// False: refused, because the name is reserved or there are more attachments than
  /// `attachments_max`; counted.
  bool emit(std::string_view event, std::span<const std::string_view> arguments,
            PacketClass packet_class, std::span<const std::string> attachments = {});
  bool emit(std::string_view event, std::initializer_list<std::string_view> arguments = {},
            PacketClass packet_class = PacketClass::durable);
  bool emit(std::string_view event, std::string_view argument,
            PacketClass packet_class = PacketClass::durable);
  /// Never dropped, but of this session alone: who recovers it is greeted anew, so nothing is kept
  /// for them.
  bool greet(std::string_view event, std::string_view argument);
  /// Dropped unless the transport is writable now.
  bool emit_volatile(std::string_view event, std::span<const std::string_view> arguments,
                     std::span<const std::string> attachments = {});
  bool emit_volatile(std::string_view event, std::string_view argument);
  /// One packet, encoded before, shared with others.
  void send(const Packet& packet);
  /// What is sent now goes out now: what is worth nothing later need not be sent otherwise.
  [[nodiscard]] bool is_writable() const;

  /// An event that asks for an ack. `answer` is called once, on this shard, never inside this call;
  /// with nullopt also where `asks_max` acks are owed already and nothing was sent.
  void ask(std::string_view event, std::span<const std::string_view> arguments,
           std::chrono::milliseconds timeout, ReplyHandler answer);
  /// The same to be awaited; the event is sent by the call itself.
  [[nodiscard]] Task<std::optional<Reply>> ask(std::string_view event,
                                               std::span<const std::string_view> arguments,
                                               std::chrono::milliseconds timeout);

  /// Rooms are there while they have members. The one named by its id is left only by ending.
  void join(std::string_view room);
  void leave(std::string_view room);
  /// Its own first. Allocates: not for the road.
  [[nodiscard]] std::vector<std::string> rooms() const;

  /// Everybody else of the namespace; `to` of it: everybody else in the room.
  [[nodiscard]] Broadcast broadcast() const;
  [[nodiscard]] Broadcast to(std::string_view room) const;

  /// DISCONNECT: the client will not come back by itself, nor be recovered. `closes_link`: the link
  /// ends too.
  void disconnect(bool closes_link = false);
  /// Ends the link without a DISCONNECT, after what waits has been written: the client comes back.
  void close_link(CloseReason reason);

  /// It was lost and came back: id, rooms and data are those it had, and what it missed has been
  /// sent.
  [[nodiscard]] bool recovered() const { return is_recovered_; }
  /// It has ended, and may come back for a while: `Namespace::on_session_over` says when not.
  [[nodiscard]] bool is_kept() const { return is_kept_; }

 private:
  friend class NamespaceShard;
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
  std::uint32_t place_ = 0;      ///< In the namespace's list.
  std::uint32_t selection_ = 0;  ///< The last broadcast that has looked at it.
  bool is_connected_ = false;
  bool is_recovered_ = false;
  bool is_kept_ = false;
  std::uint8_t admissions_ = 0;   ///< Hooks that have admitted it.
  std::uint64_t last_event_ = 0;  ///< Of its log: the last one that went to it.
  Session* session_ = nullptr;    ///< With recovery.
  std::shared_ptr<void> data_;
  std::vector<RoomPlace> rooms_;
  std::unique_ptr<Handshake> handshake_;
  std::vector<Ask> asks_;
};

}  // namespace knotos::server
