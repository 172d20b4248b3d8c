#include "server/socket.hpp"

#include "server/counters.hpp"
#include "server/event_body.hpp"
#include "server/opener.hpp"
#include "server/shard_server.hpp"
#include "server/wait_for.hpp"

#include <algorithm>
#include <iterator>
#include <memory>
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

std::string_view Socket::remote_address() const {
  return link_ == nullptr ? std::string_view() : address_of_opener(link_->opener);
}

bool Socket::emit(std::string_view event, std::span<const std::string_view> arguments,
                  PacketClass packet_class, std::span<const std::string> attachments) {
  const auto body = make_body(event, arguments, packet_class, attachments);
  if (body) shard_->emit(*this, *body);
  return body.has_value();
}

bool Socket::emit(std::string_view event, std::initializer_list<std::string_view> arguments,
                  PacketClass packet_class) {
  return emit(event, std::span(arguments.begin(), arguments.size()), packet_class);
}

bool Socket::emit(std::string_view event, std::string_view argument, PacketClass packet_class) {
  return emit(event, std::span(&argument, 1), packet_class);
}

bool Socket::greet(std::string_view event, std::string_view argument) {
  auto body = make_body(event, std::span(&argument, 1), PacketClass::control, {});
  if (!body) return false;
  body->is_greeting = true;
  shard_->emit(*this, *body);
  return true;
}

bool Socket::emit_volatile(std::string_view event, std::span<const std::string_view> arguments,
                           std::span<const std::string> attachments) {
  const auto body = make_body(event, arguments, PacketClass::ephemeral, attachments);
  if (!body) return false;
  if (is_writable()) {
    shard_->emit(*this, *body);
  } else if (is_connected_ && link_ != nullptr) {
    counters::volatile_dropped.add();
  }
  return true;
}

bool Socket::emit_volatile(std::string_view event, std::string_view argument) {
  return emit_volatile(event, std::span(&argument, 1));
}

void Socket::send(const Packet& packet) { shard_->send(*this, packet); }

void Socket::ask(std::string_view event, std::span<const std::string_view> arguments,
                 std::chrono::milliseconds timeout, ReplyHandler answer) {
  shard_->ask(*this, event, arguments, timeout, std::move(answer));
}

bool Socket::is_writable() const {
  return link_ != nullptr && is_connected_ && shard_->engine().is_writable(*link_);
}

Task<std::optional<Reply>> Socket::ask(std::string_view event,
                                       std::span<const std::string_view> arguments,
                                       std::chrono::milliseconds timeout) {
  auto answer = std::make_shared<OneShot<std::optional<Reply>>>();
  ask(event, arguments, timeout,
      [answer](std::optional<Reply> reply) { answer->deliver(std::move(reply)); });
  return wait_for(std::move(answer));
}

void Socket::join(std::string_view room) { shard_->join(*this, room); }

void Socket::leave(std::string_view room) { shard_->leave(*this, room); }

std::vector<std::string> Socket::rooms() const {
  std::vector<std::string> names{std::string(id())};
  std::ranges::move(namespace_->rooms().names_of(*this), std::back_inserter(names));
  return names;
}

Broadcast Socket::broadcast() const {
  return Broadcast(shard_->shared(), name_space()).except(id());
}

Broadcast Socket::to(std::string_view room) const { return broadcast().to(room); }

void Socket::disconnect(bool closes_link) { shard_->disconnect(*this, closes_link); }

void Socket::close_link(CloseReason reason) {
  if (link_ != nullptr) shard_->engine().close(*link_, reason);
}

}  // namespace knotos::server
