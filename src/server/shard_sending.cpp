#include "protocol/socketio/encoder.hpp"
#include "server/counters.hpp"
#include "server/shard_server.hpp"

#include <utility>

namespace knotos::server {

void ShardServer::send(Socket& socket, const Packet& packet) {
  if (!packet || socket.link_ == nullptr || !socket.is_connected_) return;
  const auto* const log = socket.namespace_->log();
  if (log == nullptr || !packet->is_event()) return engine_.send(*socket.link_, packet);
  const bool is_recorded = is_kept(packet->packet_class());
  const auto stamped = PacketBuffer::make_stamped(*packet, offset_for(*log, is_recorded));
  if (is_recorded) record(socket, stamped);
  engine_.send(*socket.link_, stamped);
}

void ShardServer::emit(Socket& socket, const EventBody& event) {
  if (socket.link_ == nullptr || !socket.is_connected_) return;
  const auto& name_space = *socket.namespace_;
  const auto* const log = name_space.log();
  const bool is_recorded = log != nullptr && is_kept(event);
  const auto packet = PacketBuffer::make_event(
      event, name_space.name(), log == nullptr ? std::string() : offset_for(*log, is_recorded));
  if (is_recorded) record(socket, packet);
  engine_.send(*socket.link_, packet);
}

/// What the next event carries. `is_recorded`: it is to be appended to the log.
std::string ShardServer::offset_for(const RecoveryLog& log, bool is_recorded) {
  return is_recorded ? log.next_offset() : log.last_offset();
}

void ShardServer::record(Socket& socket, const Packet& packet) {
  auto& log = *socket.namespace_->log();
  socket.last_event_ = log.next();
  log.append({.packet = packet,
              .at = engine_.timers().now(),
              .broadcast = {},
              .socket = socket.id_,
              .audience = {}});
}

void ShardServer::send_control(EngineLink& link, std::string_view text) {
  engine_.send(link, PacketBuffer::make(PacketClass::control, text));
}

void ShardServer::send_ack(SocketHandle handle, std::uint64_t id,
                           std::span<const std::string_view> arguments,
                           std::span<const std::string> attachments) {
  auto* const socket = find(handle);
  if (socket == nullptr) return;
  if (attachments.size() > shared_.options.attachments_max) return counters::emits_refused.add();
  std::string text = "4";
  socketio::append_ack(
      text,
      {.name_space = socket->namespace_->name(), .ack_id = id, .attachments = attachments.size()},
      arguments);
  send(*socket, PacketBuffer::make(PacketClass::control, text, attachments));
}

bool ShardServer::may_ask(const Socket& socket) const {
  if (socket.link_ == nullptr || !socket.is_connected_) return false;
  if (socket.asks_.size() < shared_.options.asks_max) return true;
  counters::asks_refused.add();
  return false;
}

void ShardServer::ask(Socket& socket, std::string_view event,
                      std::span<const std::string_view> arguments,
                      std::chrono::milliseconds timeout, ReplyHandler answer) {
  if (!may_ask(socket) || socketio::is_reserved_event(event)) {
    return shared_.shards.post(engine_.index(),
                               [answer = std::move(answer)]() mutable { answer(std::nullopt); });
  }
  const auto id = ++last_ask_;
  std::string text = "4";
  socketio::append_event(text,
                         {.name_space = socket.namespace_->name(), .ack_id = id, .attachments = 0},
                         event, arguments);
  send(socket, PacketBuffer::make(PacketClass::durable, text));
  const auto timer =
      engine_.timers().at(engine_.timers().now() + timeout,
                          [this, handle = socket.handle_, id] { on_ask_timeout(handle, id); });
  socket.asks_.push_back({.id = id, .timer = timer, .answer = std::move(answer)});
}

void ShardServer::disconnect(Socket& socket, bool closes_link) {
  auto* const link = socket.link_;
  if (link == nullptr) return;
  const Calling calling(*this);
  auto& above = above_of(*link);
  for (auto& entry : above.entries) {
    if (entry.socket == nullptr || (entry.socket != &socket && !closes_link)) continue;
    std::string text = "4";
    socketio::append_disconnect(text, entry.name_space->name());
    send_control(*link, text);
    entry.membership = Membership::closed;
    end_socket(*std::exchange(entry.socket, nullptr), CloseReason::server_namespace_disconnect);
  }
  if (closes_link) engine_.close(*link, CloseReason::forced_server_close);
}

void ShardServer::join(Socket& socket, std::string_view room) {
  if (socket.link_ == nullptr || room == view(socket.id_)) return;
  auto& name_space = *socket.namespace_;
  if (name_space.rooms().join(socket, room) && socket.session_ != nullptr) {
    note_room_change(*socket.session_, name_space.log()->next(), room, true);
  }
}

void ShardServer::leave(Socket& socket, std::string_view room) {
  if (socket.link_ == nullptr) return;
  auto& name_space = *socket.namespace_;
  if (name_space.rooms().leave(socket, room) && socket.session_ != nullptr) {
    note_room_change(*socket.session_, name_space.log()->next(), room, false);
  }
}

}  // namespace knotos::server
