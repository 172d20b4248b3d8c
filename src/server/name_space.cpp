#include "server/name_space.hpp"

#include "server/namespace_state.hpp"
#include "server/server_shared.hpp"

#include <utility>

namespace knotos::server {

Namespace::Namespace(ServerShared& server, std::string name)
    : server_(&server), name_(std::move(name)), state_(std::make_unique<NamespaceState>()) {}
Namespace::~Namespace() = default;

void Namespace::admit(Admission admission) { state_->admissions.push_back(std::move(admission)); }

void Namespace::on_connection(ConnectionHandler handler) {
  state_->on_connection = std::move(handler);
}

void Namespace::on_end(EndHandler handler) { state_->on_end = std::move(handler); }

void Namespace::on_disconnecting(DisconnectingHandler handler) {
  state_->on_disconnecting = std::move(handler);
}

void Namespace::on(std::string event, EventHandler handler) {
  state_->handlers.insert_or_assign(std::move(event), std::move(handler));
}

void Namespace::on_any(EventHandler handler) { state_->on_any = std::move(handler); }

void Namespace::set_overload_reply(std::string argument) {
  state_->overload_reply = std::move(argument);
}

void Namespace::on_overflow(ConnectionHandler handler) { state_->on_overflow = std::move(handler); }

void Namespace::on_recovery(RecoveryCheck check) { state_->on_recovery = std::move(check); }

void Namespace::on_session_over(SessionHandler handler) {
  state_->on_session_over = std::move(handler);
}

Broadcast Namespace::sockets() const {
  return name_.empty() ? Broadcast(*server_, *state_) : Broadcast(*server_, name_);
}

Broadcast Namespace::to(std::string_view room) const { return sockets().to(room); }

Broadcast Namespace::except(std::string_view room) const { return sockets().except(room); }

bool Namespace::emit(std::string_view event, std::span<const std::string_view> arguments,
                     std::span<const std::string> attachments) const {
  return sockets().emit(event, arguments, attachments);
}

bool Namespace::emit(std::string_view event,
                     std::initializer_list<std::string_view> arguments) const {
  return sockets().emit(event, arguments);
}

bool Namespace::emit(std::string_view event, std::string_view argument) const {
  return sockets().emit(event, argument);
}

}  // namespace knotos::server
