#pragma once

#include "protocol/socketio/assembler.hpp"
#include "protocol/socketio/packet.hpp"
#include "protocol/socketio/recovery.hpp"
#include "server/engine_shard.hpp"
#include "server/namespace_shard.hpp"
#include "server/server.hpp"
#include "server/server_shared.hpp"
#include "server/session.hpp"
#include "server/slot_map.hpp"

#include <cstddef>
#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

namespace knotos::server {

/// A callback that is waited for from a client.
struct Socket::Ask {
  std::uint64_t id = 0;
  Timers::Handle timer = 0;  ///< 0: whoever asked many keeps the time.
  ReplyHandler answer;
};

/// A socket that wants an earlier session back. A value, so it may travel to where that is.
struct SessionRequest {
  socketio::RecoveryClaim claim;
  std::string name_space;
  SocketHandle socket;
};

/// A session on its way to the shard that takes it up.
struct Handover {
  struct Event {
    PacketClass packet_class = PacketClass::durable;
    std::string text;  ///< As `PacketBuffer::event_text`.
    std::vector<std::string> attachments;
  };

  IdText pid{};
  IdText id{};
  std::optional<std::string> offset;  ///< That the client came with.
  KeptSession session;
  std::optional<Session::Key> here;  ///< It is on the same shard already, in transit.
  std::vector<Event> missed;         ///< On the other shard.
  BroadcastClock seen;               ///< There.
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
  void send_to_room(std::string_view name_space, std::string_view room, const Packet& packet);
  [[nodiscard]] std::size_t room_size(std::string_view name_space, std::string_view room) const;
  void close_links(CloseReason reason);
  void for_each(std::string_view name_space, const std::function<void(Socket&)>& visit);
  void with(SocketHandle handle, std::move_only_function<void(Socket&)>& work);

  // shard_sending.cpp: what sockets, acks and events ask for.
  void send(Socket& socket, const Packet& packet);
  void emit(Socket& socket, const EventBody& event);
  void send_ack(SocketHandle handle, std::uint64_t id, std::span<const std::string_view> arguments,
                std::span<const std::string> attachments);
  void ask(Socket& socket, std::string_view event, std::span<const std::string_view> arguments,
           std::chrono::milliseconds timeout, ReplyHandler answer);
  void disconnect(Socket& socket, bool closes_link);
  void join(Socket& socket, std::string_view room);
  void leave(Socket& socket, std::string_view room);

  // shard_broadcasts.cpp: what `Broadcast` asks of each shard that is meant.
  /// The next broadcast that begins on this shard.
  [[nodiscard]] BroadcastId begin_broadcast();
  void broadcast(const Broadcast& whom, const EventBody& event, BroadcastId id);
  using Replies = std::move_only_function<void(BroadcastReplies)>;
  void ask_many(const Broadcast& whom, const EventBody& event, std::chrono::milliseconds timeout,
                Replies answer);
  void join_all(const Broadcast& whom, std::string_view room);
  void leave_all(const Broadcast& whom, std::string_view room);
  void disconnect_all(const Broadcast& whom, bool closes_links);
  [[nodiscard]] std::vector<SocketInfo> fetch(const Broadcast& whom);

  void finish_admission(SocketHandle handle, const std::optional<Refusal>& refusal);
  void finish_recovery(SocketHandle handle, Handover handover, bool is_allowed);
  void leave_inbox(LinkKey key);
  [[nodiscard]] Shards& shards() const { return shared_.shards; }
  [[nodiscard]] ServerShared& shared() const { return shared_; }

  // LinkHandler.
  void on_message(EngineLink& link, const engineio::PacketView& message) override;
  void on_end(EngineLink& link, CloseReason reason) override;
  bool on_overflow(EngineLink& link) override;
  void on_turn() override;

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
    std::uint32_t connects = 0;  ///< Since `connects_from`.
    SteadyTime connects_from;
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
    std::vector<std::string> rooms;  ///< If somebody wants to know.
  };
  /// One question to many sockets.
  struct Poll;
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
  void on_ask_timeout(SocketHandle handle, std::uint64_t id);
  [[nodiscard]] bool take_inbox_place(EngineLink& link, LinkSockets& above, Socket& socket,
                                      const Incoming& incoming);
  void fault(EngineLink& link, socketio::Fault what);

  // shard_admission.cpp: CONNECT, to the answer.
  void on_connect(EngineLink& link, LinkSockets& above, const socketio::Packet& packet);
  [[nodiscard]] bool take_connect(EngineLink& link, LinkSockets& above);
  void admit(EngineLink& link, NamespaceShard& name_space, std::string_view auth);
  void ask_admission(Socket& socket);
  void begin_socket(Socket& socket, const std::vector<Packet>& missed = {});
  void refuse_connect(EngineLink& link, LinkSockets& above, std::string_view name_space,
                      const Refusal& refusal);
  void forget_closed(LinkSockets& above);

  // shard_server.cpp: sockets that come and go.
  void on_disconnect(EngineLink& link, LinkSockets& above, std::string_view name_space);
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

  // shard_sending.cpp
  [[nodiscard]] static std::string offset_for(const RecoveryLog& log, bool is_recorded);
  void record(Socket& socket, const Packet& packet);
  [[nodiscard]] bool may_ask(const Socket& socket) const;

  // shard_broadcasts.cpp
  [[nodiscard]] Socket* find_by_id(const NamespaceShard& name_space, std::string_view id) const;
  template <class Visit>
  void select(const NamespaceShard& name_space, const Broadcast& whom, const Visit& visit);
  [[nodiscard]] std::vector<SocketHandle> selected(const Broadcast& whom);
  [[nodiscard]] std::vector<NamespaceShard*> meant(const Broadcast& whom) const;
  void broadcast_in(NamespaceShard& name_space, const Broadcast& whom, const EventBody& event,
                    BroadcastId id);
  void tell_room(NamespaceShard& name_space, std::string_view room, const Packet& packet,
                 std::uint64_t sequence);
  void begin_run(NamespaceShard& name_space, RoomTable::Room& room, const Packet& packet);
  void end_poll(const std::shared_ptr<Poll>& poll);

  // shard_recovery.cpp: sessions that are lost and found.
  void begin_session(Socket& socket);
  void keep_session(Socket& socket, std::vector<std::string> rooms);
  void end_session(Session& session, SessionOver why);
  void forget_session(Session& session);
  void tell_session_over(const NamespaceShard& name_space, const KeptSession& kept,
                         SessionOver why);
  void request_session(Socket& socket, socketio::RecoveryClaim claim);
  void find_session(SessionRequest request);
  void give_session(Session::Key key, SessionRequest request);
  void hand_over(Session& session, SessionRequest request);
  [[nodiscard]] std::optional<Handover> pack(Session& session, const SessionRequest& request);
  void answer_request(SocketHandle socket, std::optional<Handover> handover);
  void check_recovery(SocketHandle handle, std::optional<Handover> handover);
  [[nodiscard]] bool resume_here(Socket& socket, Handover& handover);
  [[nodiscard]] bool resume_from_elsewhere(Socket& socket, Handover& handover);
  void take_up(Socket& socket, Session& session, KeptSession kept);
  [[nodiscard]] bool fits_outbox(const std::vector<Packet>& packets) const;
  void say_where(const IdText& pid, std::optional<Session::Key> key);
  void learn_where(std::uint32_t slot, const IdText& pid, std::uint32_t shard,
                   std::optional<Session::Key> key);
  void drop_kept(const Broadcast& whom);
  void watch_kept();
  void expire_kept();

  ServerShared& shared_;
  SlotMap<Socket> sockets_;
  std::unordered_map<std::string_view, std::unique_ptr<NamespaceShard>> namespaces_;
  socketio::Packet packet_;  ///< Used again and again.
  std::size_t calls_running_ = 0;
  std::vector<Ended> ended_;  ///< Not told yet.
  std::vector<Ended> to_free_;
  bool free_is_posted_ = false;
  std::uint64_t last_ask_ = 0;
  std::uint32_t last_selection_ = 0;
  std::uint64_t last_broadcast_ = 0;  ///< That began here.
  /// Of a room's run. While it is open, the room is there, and so is its namespace.
  struct RunPlace {
    NamespaceShard* name_space;
    std::uint32_t room;
    Run run;
  };
  std::vector<RunPlace> runs_;  ///< Of this turn.
  BroadcastClock seen_;
  SlotMap<Session> sessions_;
  struct KeptPlace {
    Session::Key key;
    SteadyTime at;
  };
  std::deque<KeptPlace> kept_;  ///< The oldest first; some are kept no more.
  std::size_t kept_count_ = 0;
  Timers::Handle kept_timer_ = 0;
  std::map<IdText, std::uint32_t> moved_ids_;  ///< Of recovered sockets: slots.
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
