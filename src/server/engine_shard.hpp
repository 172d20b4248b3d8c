#pragma once

#include "protocol/engineio/packet.hpp"
#include "protocol/engineio/session.hpp"
#include "server/engine_link.hpp"
#include "server/http_exchange.hpp"
#include "server/http_front.hpp"
#include "server/server_shared.hpp"
#include "server/slot_map.hpp"

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

namespace knotos::server {

/// What the layer above hears of links. `on_message` may end the link; the others must not.
class LinkHandler {
 public:
  virtual ~LinkHandler() = default;

  virtual void on_message(EngineLink& link, const engineio::PacketView& message) = 0;
  /// Once a link: nothing more comes of it, and nothing may be sent.
  virtual void on_end(EngineLink& link, CloseReason reason) = 0;
  /// The queue of a slow reader was dropped. False: nobody tells the client, so the link is cut.
  virtual bool on_overflow(EngineLink& link) = 0;
  /// The turn is over and what was sent will be written: runs end here. May end no link.
  virtual void on_turn() = 0;
};

/// The Engine.IO half of one shard: requests, sessions, transports, queues.
///
/// On its shard only. Requests and upgrades for a session of another shard go there as values and
/// come back as values; an upgrade moves its stream. What is sent during a turn is written at the
/// end of it, one gathered write a link. Links that end are freed at the end of a turn, so a
/// reference to one is good for the rest of the turn; ask `is_over`.
class EngineShard {
 public:
  EngineShard(ServerShared& shared, std::uint32_t index, Timers& timers, LinkHandler& above);
  ~EngineShard();
  EngineShard(const EngineShard&) = delete;
  EngineShard& operator=(const EngineShard&) = delete;

  void serve(std::shared_ptr<HttpExchange> exchange);
  /// See Server.
  void arrive(std::shared_ptr<HttpArrival> arrival);
  [[nodiscard]] http::Response refuse_body(const http::Request& head, unsigned status);

  [[nodiscard]] EngineLink* find(LinkKey key) const { return links_.find(key); }
  [[nodiscard]] std::size_t links() const { return links_.size(); }
  [[nodiscard]] std::vector<LinkKey> keys() const;

  /// Queues the packet. It ends no link and calls nobody: what a full queue leads to happens at
  /// the end of the turn.
  void send(EngineLink& link, Packet packet);
  [[nodiscard]] bool is_writable(const EngineLink& link) const;

  /// The same for packets that many links get in one turn: a run with this one in it, which
  /// `follow` sends to each of them, and a packet more for all of them. Who must be looked at for
  /// each packet (a slow reader, polling, whoever is sent something else in between) is. False: the
  /// packet does not go into this run, so begin another.
  [[nodiscard]] Run begin_run(const Packet& packet);
  void follow(EngineLink& link, const Run& run, const Packet& packet);
  [[nodiscard]] bool extend(PacketRun& run, const Packet& packet);
  /// After the last `follow`.
  void check_total();
  /// Counts the turns, from 1.
  [[nodiscard]] std::uint64_t turn_number() const { return turn_number_; }

  void joined(EngineLink& link) { link.session.joined(); }
  /// Ends it after what waits is written.
  void close(EngineLink& link, CloseReason reason);
  /// Ends it at once: what is queued is written as far as the transport takes it now.
  void fail(EngineLink& link, engineio::SessionEnd reason);

  [[nodiscard]] Timers& timers() const { return timers_; }
  [[nodiscard]] std::uint32_t index() const { return index_; }

 private:
  friend class WebSocketTransport;

  /// A request for a session, on its way to the session's shard.
  struct SessionRequest {
    Ticket ticket;
    FrontRequest front;
    std::string method;
    std::string body;
    std::string opening;  ///< Of an upgrade: the response that accepts it.
    bool is_octets = false;
  };

  // engine_requests.cpp: requests and answers.
  void open_polling(HttpExchange& exchange);
  void open_websocket(HttpExchange& exchange, const FrontRequest& front);
  void forward(std::shared_ptr<HttpExchange> exchange, FrontRequest front);
  void receive(SessionRequest request);
  void receive_poll(EngineLink& link, const SessionRequest& request);
  void receive_post(EngineLink& link, const SessionRequest& request);
  void receive_payload(EngineLink& link, const SessionRequest& request);
  void receive_upgrade(EngineLink& link, SessionRequest request);

  // engine_arrivals.cpp: bodies on their way.
  [[nodiscard]] std::optional<FrontRequest> session_of(const http::Request& head) const;
  void receive_too_much(std::string_view sid);
  void begin_arrival(std::string_view sid, Ticket ticket);
  void end_arrival(std::string_view sid, Ticket ticket);
  void refuse_arrival(Ticket ticket);
  void hand_stream_over(Ticket ticket, LinkKey key, std::uint32_t owner, std::string opening);
  void turn_stream_away(Ticket ticket, std::string opening);
  void take_stream(LinkKey key, Ticket ticket, std::unique_ptr<Link> stream,
                   const std::string& opening);
  void peer_gone(std::uint32_t slot, Ticket ticket);
  void answer(Ticket ticket, http::Response response);
  void answer_here(std::uint64_t number, http::Response response);
  void refuse(Ticket ticket, engineio::RequestFault fault);
  void refuse(HttpExchange& exchange, const FrontRefusal& refusal, bool is_upgrade);
  [[nodiscard]] EngineLink* find_sid(std::string_view sid) const;

  // engine_shard.cpp: sessions.
  EngineLink& add_link(engineio::Transport transport, const http::Request& request);
  [[nodiscard]] bool takes_address(HttpExchange& exchange);
  [[nodiscard]] std::string open_packet(const EngineLink& link) const;
  void step(EngineLink& link, const engineio::Actions& actions,
            const engineio::PacketView* packet = nullptr);
  void perform(EngineLink& link, engineio::Action action, const engineio::PacketView* packet);
  void take_over(EngineLink& link);
  void begin_websocket_close(EngineLink& link);
  void tell_above(EngineLink& link, CloseReason reason);
  void end_link(EngineLink& link);
  void watch(EngineLink& link);
  void on_timer(LinkKey key);
  [[nodiscard]] SteadyTime now() const { return timers_.now(); }

  // engine_transports.cpp: WebSockets.
  void on_bytes(WebSocketTransport& transport, std::span<const std::uint8_t> bytes);
  void on_writable(WebSocketTransport& transport);
  void on_end(WebSocketTransport& transport, LinkEnd end);
  void on_event(WebSocketTransport& transport, const websocket::Event& event);
  void on_websocket_message(WebSocketTransport& transport, const websocket::Message& message);
  void on_ping(WebSocketTransport& transport, std::string_view payload);
  void on_close(WebSocketTransport& transport, std::uint16_t code, engineio::SessionEnd reason);
  [[nodiscard]] std::unique_ptr<WebSocketTransport> make_transport(EngineLink* link,
                                                                   std::unique_ptr<Link> stream,
                                                                   WebSocketTransport::Role role);
  void write_to_candidate(EngineLink& link, std::string_view bytes);
  void drop_candidate(EngineLink& link, std::uint16_t code);
  void part_from(std::unique_ptr<WebSocketTransport> transport, std::string_view farewell);
  void retire(std::unique_ptr<WebSocketTransport> transport);

  // engine_outbox.cpp: queues, budgets, the end of a turn.
  [[nodiscard]] bool make_room(EngineLink& link, const PacketBuffer& packet);
  [[nodiscard]] bool fits(const EngineLink& link, const PacketBuffer& packet) const;
  [[nodiscard]] bool may_follow(const EngineLink& link) const;
  [[nodiscard]] std::size_t run_bytes_max() const;
  static void leave_run(EngineLink& link);
  void push(EngineLink& link, Packet packet);
  void push_next(EngineLink& link, Packet packet);
  void overflow(EngineLink& link);
  void doom(EngineLink& link);
  void relieve_process();
  void mark_dirty(EngineLink& link);
  void schedule_turn();
  void turn();
  void tell_overflowed();
  void flush(EngineLink& link);
  void write_websocket(EngineLink& link);
  void flush_websocket(EngineLink& link);
  void flush_poll(EngineLink& link);
  void answer_poll(EngineLink& link, std::string payload);
  void answer_poll_last(EngineLink& link, std::string_view farewell);
  [[nodiscard]] std::string take_payload(EngineLink& link);
  void publish_bytes();
  void publish_many_bytes();

  struct Waiting {
    std::shared_ptr<HttpExchange> exchange;
  };

  ServerShared& shared_;
  std::uint32_t index_;
  Timers& timers_;
  LinkHandler& above_;
  /// What waits for readers here, as far as it is not in the total of the process yet.
  std::int64_t unpublished_bytes_ = 0;
  SlotMap<EngineLink> links_;
  std::unordered_map<std::uint64_t, Waiting> waiting_;  ///< Requests by the number of the ticket.
  std::unordered_map<std::uint64_t, std::shared_ptr<HttpArrival>> arriving_;  ///< The same.
  std::uint64_t last_ticket_ = 0;
  websocket::Scratch scratch_;
  std::string storage_;  ///< Of a packet that came as base64.
  Packet ping_;

  std::vector<EngineLink*> dirty_;
  std::vector<EngineLink*> dirty_before_;  ///< Keeps its room from turn to turn.
  std::vector<EngineLink*> overflowed_;
  std::vector<std::unique_ptr<EngineLink>> ended_links_;
  std::vector<std::unique_ptr<WebSocketTransport>> ended_transports_;
  bool turn_is_posted_ = false;
  std::uint64_t turn_number_ = 1;
};

}  // namespace knotos::server
