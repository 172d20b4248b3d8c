#pragma once

#include "base/shards.hpp"
#include "gateway/connection.hpp"
#include "gateway/room_orders.hpp"
#include "json/read.hpp"
#include "ports/bus.hpp"
#include "ports/world.hpp"
#include "server/server.hpp"
#include "services/account_service.hpp"
#include "services/chat_service.hpp"
#include "services/message_service.hpp"

#include <chrono>
#include <functional>
#include <memory>
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
    ports::ChatStore& chat_store;
    ports::MessageStore& message_store;
    ports::Bus& bus;
    const ports::Clock& clock;
    ports::Random& random;
  };

  struct Limits {
    domain::ContentLimits content;
    RoomOrders::Limits delivery;
  };

  /// Configures the server's namespace `/` and listens on the bus.
  Gateway(Ports ports, Limits limits);
  ~Gateway() override;

  void hear(ports::BusEvent event) override;

  /// Tells every client that the server goes away, and when to come back: `retry_after` and up to
  /// half of it more, so that they do not all come at once. Any thread; the shards do it on their
  /// next turn.
  void announce_drain(std::chrono::milliseconds retry_after);

 private:
  struct ShardPart;
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
  [[nodiscard]] Task<Result<ports::AccessClaims>> identify(std::string auth);
  void on_connection(server::Socket& socket);
  void on_end(server::Socket& socket);
  [[nodiscard]] Task<void> enter(server::SocketHandle handle, domain::UserId user);
  /// The chats of which the socket will hear: their homes know, ascending by id.
  using Memberships = std::vector<ports::ChatStanding>;
  [[nodiscard]] Task<Result<Memberships>> open_rooms(domain::UserId user);
  void welcome(server::Socket& socket, const Memberships& memberships);
  void watch_expiry(server::Socket& socket);
  void revoke(server::Socket& socket, std::string_view reason);

  // deliveries.cpp: what the bus brings.
  /// Raises this shard's interest in the chats by one each; answers when their homes know of it.
  [[nodiscard]] Task<Result<void>> add_interests(std::vector<domain::ChatId> chats);
  void drop_interests(const std::vector<domain::ChatId>& chats);
  void settle(const std::vector<ports::ChatStanding>& standings);
  void on_chat_added(const ports::ChatAdded& event);
  void on_session_revoked(const ports::SessionRevoked& event);
  void send_back(domain::UserId user);
  void deliver(const std::vector<std::size_t>& shards, domain::ChatId chat,
               const OrderedChange& change);
  void deliver_here(domain::ChatId chat, const OrderedChange& change, const std::string& text);

  // memberships.cpp: members who come and go while they are connected.
  /// A user on the way into a chat.
  struct Newcomer {
    ports::ChatAdded event;
    std::string added;  ///< The text of `chat_added`.
    domain::Rev member_rev = 0;
    domain::Seq first_visible = 1;
  };
  [[nodiscard]] Task<void> bring_in(ports::ChatAdded event);
  [[nodiscard]] Task<void> catch_up(Newcomer newcomer, std::size_t origin);
  void show_added(const Newcomer& newcomer, const std::vector<OrderedChange>& missed);
  [[nodiscard]] bool enter_chat(server::Socket& socket, domain::ChatId chat,
                                domain::Rev member_rev);
  void end_memberships(domain::ChatId chat, const OrderedChange& change);
  void send_out(domain::UserId user, domain::ChatId chat, domain::Rev rev,
                domain::UserRev user_rev);

  // log_events.cpp: reactions and pins.
  void listen_to_log_events();
  [[nodiscard]] Task<void> react(Request request);
  [[nodiscard]] Task<void> pin_message(Request request);
  [[nodiscard]] Task<void> unpin_message(Request request);
  [[nodiscard]] Task<void> set_pin(Request request, bool is_pinned);

  // events.cpp: one an event of the client; each answers the ack.
  void listen_to_events();
  void handle(std::string_view name, Handler handler);
  /// The one argument of an event of ours. Errors: validation_failed.
  [[nodiscard]] static Result<json::Object> fields_of(const server::Event& event);
  [[nodiscard]] Task<void> send_message(Request request);
  [[nodiscard]] Task<void> edit_message(Request request);
  [[nodiscard]] Task<void> delete_message(Request request);
  [[nodiscard]] Task<void> fetch_changes(Request request);
  [[nodiscard]] Task<void> auth_refresh(Request request);
  void refuse(server::Event& event, const Error& error);

  [[nodiscard]] std::string new_request_id();
  [[nodiscard]] ShardPart& here();
  [[nodiscard]] boost::asio::any_io_executor executor() {
    return ports_.shards.executor(ports_.shards.current());
  }
  [[nodiscard]] static Connection& connection_of(const server::Socket& socket);

  Ports ports_;
  Limits limits_;
  std::vector<std::unique_ptr<ShardPart>> parts_;
};

}  // namespace knotos::gateway
