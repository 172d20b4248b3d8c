#include "server/server.hpp"

#include "protocol/socketio/encoder.hpp"
#include "server/namespace_state.hpp"
#include "server/server_shared.hpp"
#include "server/shard_server.hpp"

#include <utility>

namespace knotos::server {

Ack::Ack(std::unique_ptr<State> state) : state_(std::move(state)) {}
Ack::Ack(Ack&&) noexcept = default;
Ack& Ack::operator=(Ack&&) noexcept = default;
Ack::~Ack() = default;

bool Ack::is_wanted() const { return state_ != nullptr; }

void Ack::reply(std::span<const std::string_view> arguments,
                std::span<const std::string> attachments) {
  const auto state = std::exchange(state_, nullptr);
  if (!state) return;
  const auto shard = state->shard.lock();
  if (shard) shard->send_ack(state->socket, state->id, arguments, attachments);
}

void Ack::reply(std::string_view argument) { reply(std::span(&argument, 1)); }

void Event::LeaveInbox::operator()(InboxPlace* place) const {
  const std::unique_ptr<InboxPlace> owned(place);
  const auto shard = owned->shard.lock();
  if (shard) shard->leave_inbox(owned->link);
}

Socket::~Socket() = default;

SocketHandle Socket::handle() const { return handle_; }

std::string_view Socket::id() const { return view(id_); }

const Handshake& Socket::handshake() const {
  static const Handshake kEmpty;
  return handshake_ ? *handshake_ : kEmpty;
}

std::string_view Socket::name_space() const { return namespace_->name(); }

const std::shared_ptr<void>& Socket::data() const { return data_; }

void Socket::set_data(std::shared_ptr<void> data) { data_ = std::move(data); }

void Socket::emit(std::string_view event, std::span<const std::string_view> arguments,
                  PacketClass packet_class) {
  if (link_ == nullptr || !is_connected_) return;
  send(make_event(name_space(), event, arguments, packet_class));
}

void Socket::emit(std::string_view event, std::string_view argument, PacketClass packet_class) {
  emit(event, std::span(&argument, 1), packet_class);
}

void Socket::send(Packet packet) { shard_->send(*this, std::move(packet)); }

void Socket::ask(std::string_view event, std::span<const std::string_view> arguments,
                 std::chrono::milliseconds timeout, ReplyHandler answer) {
  shard_->ask(*this, event, arguments, timeout, std::move(answer));
}

bool Socket::is_writable() const {
  return link_ != nullptr && is_connected_ && shard_->engine().is_writable(*link_);
}

void Socket::join(std::string_view room) {
  if (link_ != nullptr) namespace_->rooms().join(*this, room);
}

void Socket::leave(std::string_view room) {
  if (link_ != nullptr) namespace_->rooms().leave(*this, room);
}

void Socket::disconnect(bool closes_link) { shard_->disconnect(*this, closes_link); }

void Socket::close_link(CloseReason reason) {
  if (link_ != nullptr) shard_->engine().close(*link_, reason);
}

Namespace::Namespace() : state_(std::make_unique<NamespaceState>()) {}
Namespace::~Namespace() = default;

void Namespace::admit(Admission admission) { state_->admission = std::move(admission); }

void Namespace::on_connection(ConnectionHandler handler) {
  state_->on_connection = std::move(handler);
}

void Namespace::on_end(EndHandler handler) { state_->on_end = std::move(handler); }

void Namespace::on(std::string event, EventHandler handler) {
  state_->handlers.insert_or_assign(std::move(event), std::move(handler));
}

void Namespace::on_any(EventHandler handler) { state_->on_any = std::move(handler); }

void Namespace::set_overload_reply(std::string argument) {
  state_->overload_reply = std::move(argument);
}

void Namespace::on_overflow(ConnectionHandler handler) { state_->on_overflow = std::move(handler); }

Server::Server(Shards& shards, std::vector<Timers*> timers, Options options,
               std::function<void(std::span<std::uint8_t>)> random)
    : shared_(new ServerShared{.shards = shards,
                               .options = std::move(options),
                               .random = std::move(random),
                               .times = {},
                               .engine_handler = {},
                               .namespaces = {},
                               .matching = {},
                               .engines = {}}) {
  KN_ASSERT(timers.size() == shards.count() && shards.count() < kLinkShardsMax);
  const auto& chosen = shared_->options;
  shared_->times.ping_interval = chosen.ping_interval;
  shared_->times.ping_timeout = chosen.ping_timeout;
  shared_->times.upgrade_timeout = chosen.upgrade_timeout;
  shared_->times.connect_timeout = chosen.connect_timeout;
  shared_->times.flush_timeout = chosen.flush_timeout;
  for (std::uint32_t index = 0; index < shards.count(); ++index) {
    shards_.push_back(std::make_unique<ShardServer>(*shared_, index, *timers[index]));
    shared_->engines.push_back(&shards_.back()->engine());
  }
}

Server::~Server() = default;

Namespace& Server::of(std::string_view name) {
  auto& found = shared_->namespaces[std::string(name)];
  if (!found) found = std::make_unique<Namespace>();
  return *found;
}

Namespace& Server::of_matching(std::function<bool(std::string_view)> matches) {
  shared_->matching.emplace_back(std::move(matches), std::make_unique<Namespace>());
  return *shared_->matching.back().second;
}

void Server::use_engine_only(EngineHandler handler) {
  shared_->engine_handler = std::move(handler);
  shared_->times.connect_timeout = std::chrono::hours(24 * 365);
}

void Server::serve(std::shared_ptr<HttpExchange> exchange) {
  here().engine().serve(std::move(exchange));
}

http::Response Server::refuse_body(const http::Request& head, unsigned status) {
  return here().engine().refuse_body(head, status);
}

Socket* Server::find(SocketHandle handle) {
  auto* const socket = here().find(handle);
  return socket;
}

void Server::send_to_room(std::string_view name_space, std::string_view room,
                          const Packet& packet) {
  here().send_to_room(name_space, room, packet);
}

std::size_t Server::room_size(std::string_view name_space, std::string_view room) const {
  return here().room_size(name_space, room);
}

void Server::stop_accepting() { shared_->is_accepting.store(false, std::memory_order_relaxed); }

void Server::close_links(CloseReason reason) { here().close_links(reason); }

std::size_t Server::links() const { return here().engine().links(); }

void Server::for_each(std::string_view name_space, const std::function<void(Socket&)>& visit) {
  here().for_each(name_space, visit);
}

ShardServer& Server::here() const {
  const auto current = shared_->shards.current();
  KN_ASSERT(current < shards_.size());
  return *shards_[current];
}

Packet make_event(std::string_view name_space, std::string_view event,
                  std::span<const std::string_view> arguments, PacketClass packet_class,
                  std::span<const std::string> attachments) {
  std::string text = "4";
  socketio::append_event(
      text, {.name_space = name_space, .ack_id = std::nullopt, .attachments = attachments.size()},
      event, arguments);
  return PacketBuffer::make(packet_class, text, attachments);
}

}  // namespace knotos::server
