#pragma once

#include "base/shards.hpp"
#include "domain/visibility.hpp"
#include "gateway/attendance.hpp"
#include "gateway/connection.hpp"
#include "gateway/presence_subscribers.hpp"
#include "gateway/presence_watch.hpp"
#include "gateway/receipt_merger.hpp"
#include "gateway/room_orders.hpp"
#include "gateway/sweeper.hpp"
#include "gateway/typists.hpp"
#include "json/read.hpp"
#include "json/write_live.hpp"
#include "ports/bus.hpp"
#include "ports/chat_state_store.hpp"
#include "ports/world.hpp"
#include "server/server.hpp"
#include "services/account_service.hpp"
#include "services/chat_service.hpp"
#include "services/message_service.hpp"
#include "services/own_services.hpp"
#include "services/presence_service.hpp"
#include "services/rate_limiter.hpp"

#include <atomic>
#include <chrono>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace knotos::gateway {

/// Chat over the Socket.IO server: who may connect, what each event does, and what the bus brings
/// to which sockets.
///
/// One a process. It keeps nothing but its sockets: whatever it forgets, it reads again. Each shard
/// has a part of its own (its users' sockets; the order of the chats whose home it is), touched
/// there only. It outlives the shards' threads.
class Gateway final : public ports::BusListener {
 public:
  struct Ports {
    Shards& shards;
    std::vector<server::Timers*> timers;  ///< One a shard.
    server::Server& server;
    services::AccountService& accounts;
    services::ChatService& chats;
    services::MessageService& messages;
    services::PresenceService& presence;
    services::OwnServices& own;
    ports::ChatStore& chat_store;
    ports::ChatStateStore& state_store;
    ports::MessageStore& message_store;
    ports::SyncStore& sync_store;
    ports::PeopleStore& people;
    ports::PresenceBoard& presence_board;
    ports::Bus& bus;
    const ports::Clock& clock;
    ports::Random& random;
    ports::RateBoard* rate_board = nullptr;  ///< Null: this process counts alone.
  };

  struct Limits {
    domain::ContentLimits content;
    RoomOrders::Limits delivery;
    Typists::Limits typing;
    ReceiptMerger::Limits receipts;
    Attendance::Limits attendance;
    PresenceWatch::Limits presence_watch;
    PresenceSubscribers::Limits presence;
    Sweeper::Limits sweep;
    std::size_t presence_subjects_max = 1'000;  ///< Whom one socket may watch.
    /// The server recovers sessions, so what is told is told to every shard: a session may be taken
    /// up on any of them.
    bool recovers = false;
    /// Of a user, over all their sockets: events that have no rate of their own.
    Rate rate_events{100, std::chrono::seconds(1), 200};
  };

  /// Configures the server's namespace `/` and listens on the bus.
  Gateway(Ports ports, Limits limits);
  ~Gateway() override;

  void hear(ports::BusEvent event) override;
  void bus_degraded() override;
  void bus_restored() override;

  /// Tells every client that the server goes away, and when to come back: `retry_after` and up to
  /// half of it more, so that they do not all come at once. Any thread; the shards do it on their
  /// next turn.
  void announce_drain(std::chrono::milliseconds retry_after);

 private:
  struct ShardPart;
  struct Resumption;
  using Admitted = std::move_only_function<void(std::optional<server::Refusal>)>;

  /// An event on its way through a handler: whose it is, and the ack that it wants.
  struct Request {
    server::SocketHandle handle;
    ports::AccessClaims claims;
    server::Event event;
  };
  using Handler = Task<void> (Gateway::*)(Request);

  // arrivals.cpp: coming and going, on the socket's shard.
  [[nodiscard]] Task<void> admit(server::SocketHandle handle, std::string auth, Admitted done);
  [[nodiscard]] Task<Result<Arrival>> identify(std::string auth);
  void on_connection(server::Socket& socket);
  void on_end(server::Socket& socket);
  [[nodiscard]] Task<void> enter(server::SocketHandle handle, domain::UserId user);
  /// The chats of which the socket will hear: their homes know, ascending by id.
  using Memberships = std::vector<ports::ChatStanding>;
  [[nodiscard]] Task<Result<Memberships>> open_rooms(domain::UserId user);
  void welcome(server::Socket& socket, const Memberships& memberships,
               const std::optional<Resumption>& resumption);

  // resume.cpp: what a client with a cursor has missed.
  /// What changed since the cursor: a place of each such chat's log that the client has passed, and
  /// what is private.
  struct Resumption {
    std::string_view resync_reason;  ///< Not empty: it is too much to tell, or not known.
    std::map<domain::ChatId, domain::Rev> known;
    std::vector<OwnEvent> own;
    std::vector<ports::SyncedReceipt> receipts;
  };
  struct ResumedChat {
    domain::ChatId chat_id;
    domain::Rev known = 0;
    domain::Rev member_rev = 0;
    domain::Seq first_visible = 1;
  };
  [[nodiscard]] Task<Resumption> read_resumption(domain::UserId user, std::string cursor,
                                                 Time store_now);
  [[nodiscard]] Task<std::optional<domain::Rev>> known_rev(domain::ChatId chat, Time since);
  void resume(server::Socket& socket, const Resumption& resumption, const Memberships& memberships);
  void tell_moved(server::Socket& socket, const ports::SyncedReceipt& receipt);
  [[nodiscard]] Task<void> resume_chats(server::SocketHandle handle, std::vector<ResumedChat> chats,
                                        std::size_t origin);
  void show_missed(server::Socket& socket, const ResumedChat& chat,
                   const std::vector<OrderedChange>& missed);
  void tell_to_resync(server::Socket& socket, std::string_view reason);
  void say_ready(server::Socket& socket);
  void let_go(Connection& connection);
  void watch_expiry(server::Socket& socket);
  void revoke(server::Socket& socket, std::string_view reason);

  // recovery.cpp: sessions that are lost and found.
  using RecoveryAnswer = std::move_only_function<void(bool)>;
  void listen_to_recovery();
  [[nodiscard]] Task<void> check_recovery(server::SocketHandle handle,
                                          std::shared_ptr<Connection> kept, RecoveryAnswer answer);
  [[nodiscard]] Task<Result<bool>> may_take_up(domain::UserId user,
                                               std::vector<domain::ChatId> chats,
                                               std::vector<domain::Rev> member_revs);
  void welcome_back(server::Socket& socket);
  [[nodiscard]] Task<void> restore_presence(server::SocketHandle handle);
  void on_session_over(const server::KeptSession& kept, server::SessionOver why);

  // deliveries.cpp: what the bus brings.
  /// Raises this shard's interest in the chats by one each; answers when their homes know of it.
  [[nodiscard]] Task<Result<void>> add_interests(std::vector<domain::ChatId> chats);
  void drop_interests(const std::vector<domain::ChatId>& chats);
  void settle(const std::vector<ports::ChatStanding>& standings);
  void on_chat_added(const ports::ChatAdded& event);
  void on_session_revoked(const ports::SessionRevoked& event);
  void send_back(domain::UserId user);
  /// Everybody in the chat, by the one way that keeps the order. On its home shard.
  [[nodiscard]] server::Broadcast to_chat(domain::ChatId chat,
                                          const std::vector<std::size_t>& shards);
  void deliver(const std::vector<std::size_t>& shards, domain::ChatId chat,
               const OrderedChange& change);
  void deliver_cut(domain::ChatId chat, const OrderedChange& change);
  void tell_in_chat(domain::UserId user, domain::ChatId chat, const OwnEvent& event);
  void learn_sight(domain::UserId user, domain::ChatId chat, const domain::Visibility& visibility);
  void place_by_sight(domain::UserId user, domain::ChatId chat);

  // memberships.cpp: members who come and go while they are connected.
  /// A user on the way into a chat.
  struct Newcomer {
    ports::ChatAdded event;
    std::string added;  ///< The text of `chat_added`.
    domain::Rev member_rev = 0;
    domain::Visibility visibility;
  };
  [[nodiscard]] Task<void> bring_in(ports::ChatAdded event);
  [[nodiscard]] Task<void> catch_up(Newcomer newcomer, std::size_t origin);
  void show_added(const Newcomer& newcomer, const std::vector<OrderedChange>& missed);
  [[nodiscard]] bool enter_chat(server::Socket& socket, domain::ChatId chat,
                                domain::Rev member_rev);
  /// What the user sees of a chat has changed, by one of their devices.
  void hear_view(const ports::BusEvent& event);
  void end_memberships(domain::ChatId chat, const OrderedChange& change);
  void send_out(domain::UserId user, domain::ChatId chat, domain::Rev rev,
                domain::UserRev user_rev);
  [[nodiscard]] Task<void> tell_removed(server::SocketHandle handle, domain::UserId user,
                                        domain::ChatId chat);

  // log_events.cpp: reactions and pins.
  void listen_to_log_events();
  [[nodiscard]] Task<void> react(Request request);
  [[nodiscard]] Task<void> pin_message(Request request);
  [[nodiscard]] Task<void> unpin_message(Request request);
  [[nodiscard]] Task<void> set_pin(Request request, bool is_pinned);

  // live_deliveries.cpp: what the bus brings and no store holds.
  void make_live_parts(ShardPart& part, std::size_t shard);
  void hear_typing(const ports::TypingChanged& event);
  void hear_receipt(const ports::ReceiptMoved& event);
  void tell_chat(domain::ChatId chat, domain::UserId except, std::string_view name,
                 std::string_view text, server::PacketClass packet_class);
  void come(server::SocketHandle handle, const Connection& connection);
  void go(server::SocketHandle handle, const Connection& connection);
  void begin_typing(domain::ChatId chat, domain::UserId user, std::uint64_t ticket);
  void end_typing(domain::ChatId chat, domain::UserId user);
  [[nodiscard]] Task<Typists::Ticket> admit_typing(domain::ChatId chat, domain::UserId user);
  [[nodiscard]] Task<bool> note_typing(ports::AccessClaims claims, domain::ChatId chat);
  using PresenceAnswer = OneShot<Result<std::vector<Presence>>>;
  [[nodiscard]] Task<Result<std::vector<Presence>>> watch_presence(
      std::vector<domain::UserId> subjects);
  [[nodiscard]] Task<void> answer_watch(std::vector<domain::UserId> subjects,
                                        std::vector<domain::UserId> fresh, std::size_t origin,
                                        std::shared_ptr<PresenceAnswer> answer);
  void unwatch_presence(server::SocketHandle handle, const std::vector<domain::UserId>& subjects);
  void tell_presence(server::SocketHandle handle, domain::UserId subject, const Presence& presence);

  // bus_news.cpp: how the bus stands, and what strangers say on it.
  void tell_bus_state(std::string_view reason);
  void tell_if_degraded(server::Socket& socket) const;
  void relay(const ports::ForeignEvent& event);

  // sweeps.cpp: what the store says has changed, and the bus has not brought.
  /// At once, and not only when the next sweep is due: after the bus was away. Any thread.
  void compare();
  void hear_sweep(Time since, const ports::SyncStore::Sweep& sweep);
  void doubt(Time since, const std::vector<domain::UserId>& users);
  [[nodiscard]] Task<void> compare_users();
  [[nodiscard]] bool has_heard(domain::UserId user, domain::UserRev rev);
  [[nodiscard]] Task<bool> make_good(domain::UserId user, Time since);
  void tell_again(domain::UserId user, domain::UserRev user_rev,
                  const services::PrivateChange& change);
  void note_sessions_moved(domain::UserId user);
  void end_signed_out(domain::UserId user);
  [[nodiscard]] Task<void> check_device(server::SocketHandle handle);
  [[nodiscard]] Task<Result<void>> join_user(domain::UserId user);
  void leave_user(domain::UserId user);
  void note_heard(domain::UserId user, domain::UserRev rev);
  void note_gone(std::vector<ports::MemberMoved> moved);
  [[nodiscard]] Task<void> pause(std::chrono::milliseconds time);

  // own_events.cpp: what concerns one user alone, for all their devices.
  /// False: it is no such event.
  bool hear_own(const ports::BusEvent& event);
  void tell_user(domain::UserId user, OwnEvent event);
  void keep_for_unready(domain::UserId user, OwnEvent event);
  static void keep_for_later(Arriving& arriving, OwnEvent event);
  void tell_own(server::Socket& socket, const OwnEvent& event);
  void look_again_at(domain::UserId user);
  void on_settings_changed(const ports::SettingsChanged& event);

  // live_events.cpp: events that carry nothing durable.
  void listen_to_live_events();
  [[nodiscard]] Task<void> typing_start(Request request);
  [[nodiscard]] Task<void> typing_stop(Request request);
  [[nodiscard]] Task<Result<void>> check_typist(server::SocketHandle handle, domain::UserId user,
                                                domain::ChatId chat);
  [[nodiscard]] Task<void> presence_subscribe(Request request);
  [[nodiscard]] Result<std::vector<domain::UserId>> add_subjects(
      server::SocketHandle handle, const std::vector<domain::UserId>& users);
  [[nodiscard]] Task<Result<std::vector<json::PresenceOf>>> read_presence(
      server::SocketHandle handle, domain::UserId viewer, std::vector<domain::UserId> users);
  void drop_subjects(server::SocketHandle handle, const std::vector<domain::UserId>& users);
  [[nodiscard]] Task<void> presence_unsubscribe(Request request);
  [[nodiscard]] Task<void> client_state(Request request);

  // events.cpp: one an event of the client; each answers the ack.
  void listen_to_events();
  /// Against which rates of its user an event counts, besides those that its service counts.
  struct CountsAs {
    bool event = false;
    std::optional<services::RateKind> kind = std::nullopt;  ///< Shared with REST.
  };
  void handle(std::string_view name, Handler handler, CountsAs counted);
  /// Errors: rate_limited.
  [[nodiscard]] Result<void> take_rates(domain::UserId user, CountsAs counted);
  /// The one argument of an event of ours. Errors: validation_failed.
  [[nodiscard]] static Result<json::Object> fields_of(const server::Event& event);
  [[nodiscard]] Task<void> send_message(Request request);
  [[nodiscard]] Task<void> edit_message(Request request);
  [[nodiscard]] Task<void> delete_message(Request request);
  [[nodiscard]] Task<void> fetch_changes(Request request);
  [[nodiscard]] Task<void> auth_refresh(Request request);
  void refuse(server::Event& event, const Error& error);

  // state_events.cpp: what users do for themselves alone.
  void listen_to_state_events();
  [[nodiscard]] Task<void> mark_delivered(Request request);
  [[nodiscard]] Task<void> mark_read(Request request);
  using Marking = Task<Result<services::ReadingService::ReadState>> (services::ReadingService::*)(
      domain::UserId user, domain::ChatId chat, domain::Seq seq);
  [[nodiscard]] Task<void> mark(Request request, Marking marking);
  [[nodiscard]] Task<void> update_chat_state(Request request);
  [[nodiscard]] Task<void> sync(Request request);

  [[nodiscard]] std::string new_request_id();
  [[nodiscard]] ShardPart& here();
  [[nodiscard]] boost::asio::any_io_executor executor() {
    return ports_.shards.executor(ports_.shards.current());
  }
  [[nodiscard]] static Connection& connection_of(const server::Socket& socket);

  Ports ports_;
  Limits limits_;
  services::RateLimiter rates_;
  std::atomic<bool> is_bus_degraded_ = false;
  std::vector<std::unique_ptr<ShardPart>> parts_;
  std::unique_ptr<Sweeper> sweeper_;  ///< On shard 0.
};

}  // namespace knotos::gateway
