#pragma once

#include "protocol/socketio/assembler.hpp"
#include "protocol/socketio/packet.hpp"
#include "server/engine_shard.hpp"
#include "server/namespace_state.hpp"
#include "server/rooms.hpp"
#include "server/server.hpp"
#include "server/server_shared.hpp"
#include "server/slot_map.hpp"

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

namespace knotos::server {

/// One namespace on one shard. A dynamic one is gone with its last user.
class NamespaceShard {
 public:
  NamespaceShard(const NamespaceState& state, std::string_view name, bool is_dynamic,
                 const SlotMap<Socket>& sockets)
      : state_(state), name_(name), is_dynamic_(is_dynamic), rooms_(sockets) {}

  [[nodiscard]] const NamespaceState& state() const { return state_; }
  [[nodiscard]] const std::string& name() const { return name_; }
  [[nodiscard]] RoomTable& rooms() { return rooms_; }
  [[nodiscard]] const RoomTable& rooms() const { return rooms_; }
  void add_user() { ++users_; }
  /// True: nobody needs it any more.
  [[nodiscard]] bool drop_user() { return --users_ == 0 && is_dynamic_; }

 private:
  const NamespaceState& state_;
  std::string name_;
  bool is_dynamic_;
  std::size_t users_ = 0;
  RoomTable rooms_;
};

/// A callback that is waited for from a client.
struct Socket::Ask {
  std::uint32_t id = 0;
  Timers::Handle timer = 0;
  ReplyHandler answer;
};

/// Socket.IO of one shard: namespaces, sockets, rooms, events, on top of its Engine.IO half.
///
/// On its shard only. Handlers may end any socket and link at any place: a socket that ends leaves
/// the tables at once, hears of it when no handler is running, and is freed later in the turn.
class ShardServer final : public LinkHandler {
 public:
  ShardServer(ServerShared& shared, std::uint32_t index, Timers& timers);
  ~ShardServer() override;

  [[nodiscard]] EngineShard& engine() { return engine_; }
  [[nodiscard]] const EngineShard& engine() const { return engine_; }
  [[nodiscard]] Socket* find(SocketHandle handle) const;
  /// `is_meant` empty: to everybody in it.
  void send_to_room(std::string_view name_space, std::string_view room, const Packet& packet,
                    const std::function<bool(const Socket&)>& is_meant);
  [[nodiscard]] std::size_t room_size(std::string_view name_space, std::string_view room) const;
  void close_links(CloseReason reason);
  void for_each(std::string_view name_space, const std::function<void(Socket&)>& visit);

  // What sockets, acks and events ask for.
  void send(Socket& socket, Packet packet);
  void send_ack(SocketHandle handle, std::uint64_t id, std::span<const std::string_view> arguments,
                std::span<const std::string> attachments);
  void ask(Socket& socket, std::string_view event, std::span<const std::string_view> arguments,
           std::chrono::milliseconds timeout, ReplyHandler answer);
  void disconnect(Socket& socket, bool closes_link);
  void finish_admission(SocketHandle handle, const std::optional<Refusal>& refusal);
  void leave_inbox(LinkKey key);
  [[nodiscard]] Shards& shards() const { return shared_.shards; }

  // LinkHandler.
  void on_message(EngineLink& link, const engineio::PacketView& message) override;
  void on_end(EngineLink& link, CloseReason reason) override;
  bool on_overflow(EngineLink& link) override;

 private:
  enum class Membership : std::uint8_t {
    pending,  ///< Admission has not answered.
    joined,
    closed,  ///< By us: what the client sent before it heard of that is ignored.
  };
  struct Entry {
    NamespaceShard* name_space = nullptr;
    Socket* socket = nullptr;  ///< Null when closed.
    Membership membership = Membership::pending;
  };
  /// What a link has of Socket.IO.
  struct LinkSockets final : LinkAbove {
    std::vector<Entry> entries;                      ///< One a namespace.
    std::unique_ptr<socketio::Assembler> assembler;  ///< While attachments are due.
    std::uint32_t inbox = 0;                         ///< Events that live.
    std::uint32_t connects_refused = 0;
  };
  /// An event or ack, with all that belongs to it.
  struct Incoming {
    socketio::PacketType type = socketio::PacketType::event;
    std::string name_space;
    std::optional<std::uint64_t> ack_id;
    std::string event;
    std::string text;
    std::vector<socketio::Slice> slices;
    std::vector<std::string> attachments;
  };
  struct Ended {
    std::unique_ptr<Socket> socket;
    CloseReason reason;
  };
  /// While one lives, a handler may be running, and nobody is told of an end.
  class Calling {
   public:
    explicit Calling(ShardServer& shard) : shard_(shard) { ++shard_.calls_running_; }
    Calling(const Calling&) = delete;
    Calling& operator=(const Calling&) = delete;
    ~Calling() {
      if (--shard_.calls_running_ == 0) shard_.run_ends();
    }

   private:
    ShardServer& shard_;
  };

  // shard_messages.cpp: from packets to handlers.
  void on_text(EngineLink& link, LinkSockets& above, std::string_view text);
  void on_binary(EngineLink& link, LinkSockets& above, std::string_view bytes);
  void on_packet(EngineLink& link, LinkSockets& above, const socketio::Packet& packet);
  void on_incoming(EngineLink& link, LinkSockets& above, Incoming incoming);
  void on_event(EngineLink& link, LinkSockets& above, Socket& socket, Incoming incoming);
  void on_ack(Socket& socket, Incoming incoming);
  void on_ask_timeout(SocketHandle handle, std::uint32_t id);
  [[nodiscard]] bool take_inbox_place(EngineLink& link, LinkSockets& above, Socket& socket,
                                      const Incoming& incoming);
  void fault(EngineLink& link, socketio::Fault what);

  // shard_server.cpp: sockets that come and go.
  void on_connect(EngineLink& link, LinkSockets& above, const socketio::Packet& packet);
  void on_disconnect(EngineLink& link, LinkSockets& above, std::string_view name_space);
  void admit(EngineLink& link, NamespaceShard& name_space, std::string_view auth);
  void begin_socket(Socket& socket, Entry& entry);
  void refuse_connect(EngineLink& link, LinkSockets& above, std::string_view name_space,
                      const Refusal& refusal);
  void end_socket(Socket& socket, CloseReason reason);
  void run_ends();
  void tell_end(Ended& ended);
  void schedule_free();
  void send_control(EngineLink& link, std::string_view text);
  [[nodiscard]] LinkSockets& above_of(EngineLink& link) const;
  [[nodiscard]] Entry* find_entry(LinkSockets& above, std::string_view name_space) const;
  void erase_entry(LinkSockets& above, Entry& entry);
  [[nodiscard]] NamespaceShard* find_namespace(std::string_view name) const;
  [[nodiscard]] NamespaceShard* make_namespace(std::string_view name);
  void drop_user(NamespaceShard& name_space);

  ServerShared& shared_;
  SlotMap<Socket> sockets_;
  std::unordered_map<std::string_view, std::unique_ptr<NamespaceShard>> namespaces_;
  socketio::Packet packet_;  ///< Used again and again.
  std::size_t calls_running_ = 0;
  std::vector<Ended> ended_;  ///< Not told yet.
  std::vector<Ended> to_free_;
  bool free_is_posted_ = false;
  EngineShard engine_;
  std::shared_ptr<ShardServer> self_;  ///< Without ownership: what outlives us asks its weak end.
};

/// How acks and events reach their shard, if it still is there.
struct Ack::State {
  std::weak_ptr<ShardServer> shard;
  SocketHandle socket;
  std::uint64_t id = 0;
};

struct Event::InboxPlace {
  std::weak_ptr<ShardServer> shard;
  LinkKey link;
};

}  // namespace knotos::server
