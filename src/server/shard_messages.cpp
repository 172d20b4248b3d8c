#include "server/shard_server.hpp"

#include "base/log.hpp"
#include "protocol/socketio/encoder.hpp"
#include "server/counters.hpp"

#include <algorithm>
#include <utility>

namespace knotos::server {

using socketio::PacketType;

void ShardServer::on_message(EngineLink& link, const engineio::PacketView& message) {
  if (shared_.engine_handler) {
    return shared_.engine_handler(
        message.data, message.is_binary, [&](std::string_view data, bool is_binary) {
          if (!is_binary) {
            return engine_.send(
                link, PacketBuffer::make(PacketClass::durable, std::string("4").append(data)));
          }
          engine_.send(link, PacketBuffer::make_binary(PacketClass::durable, data));
        });
  }
  const Calling calling(*this);
  auto& above = above_of(link);
  if (message.is_binary) return on_binary(link, above, message.data);
  on_text(link, above, message.data);
}

void ShardServer::on_text(EngineLink& link, LinkSockets& above, std::string_view text) {
  const auto& options = shared_.options;
  const auto decoded = socketio::decode(
      text, {.attachments_max = options.attachments_max, .json_depth_max = options.json_depth_max},
      packet_);
  if (!decoded) return fault(link, decoded.error());
  const bool is_binary =
      packet_.type == PacketType::binary_event || packet_.type == PacketType::binary_ack;
  if (is_binary && !above.assembler) {
    above.assembler = std::make_unique<socketio::Assembler>(socketio::AssemblerLimits{
        .bytes_max = options.attachment_bytes_max, .json_depth_max = options.json_depth_max});
  }
  if (above.assembler) {
    const auto outcome = above.assembler->text(packet_);
    if (!outcome) return fault(link, outcome.error());
    if (*outcome != socketio::Assembler::Outcome::passes) return;
    above.assembler.reset();
  }
  on_packet(link, above, packet_);
}

void ShardServer::on_binary(EngineLink& link, LinkSockets& above, std::string_view bytes) {
  if (!above.assembler) return fault(link, socketio::Fault::unexpected_binary);
  const auto outcome = above.assembler->binary(bytes);
  if (!outcome) return fault(link, outcome.error());
  if (*outcome != socketio::Assembler::Outcome::complete) return;
  auto packet = above.assembler->take();
  above.assembler.reset();
  on_incoming(
      link, above,
      {.type = packet.type == PacketType::binary_event ? PacketType::event : PacketType::ack,
       .name_space = std::move(packet.name_space),
       .ack_id = packet.ack_id,
       .event = std::move(packet.event),
       .text = std::move(packet.payload),
       .slices = std::move(packet.arguments),
       .attachments = std::move(packet.attachments)});
}

void ShardServer::on_packet(EngineLink& link, LinkSockets& above, const socketio::Packet& packet) {
  if (packet.type == PacketType::connect) return on_connect(link, above, packet);
  if (packet.type == PacketType::disconnect) return on_disconnect(link, above, packet.name_space);
  on_incoming(link, above,
              {.type = packet.type,
               .name_space = std::string(packet.name_space),
               .ack_id = packet.ack_id,
               .event = packet.event,
               .text = std::string(packet.payload),
               .slices = packet.arguments,
               .attachments = {}});
}

void ShardServer::on_incoming(EngineLink& link, LinkSockets& above, Incoming incoming) {
  const auto* const entry = find_entry(above, incoming.name_space);
  // The first packet of a namespace is CONNECT, and its answer comes before the second.
  if (entry == nullptr || entry->membership == Membership::pending) {
    return engine_.fail(link, engineio::SessionEnd::parse_error);
  }
  if (entry->membership == Membership::closed) return;
  if (incoming.type == PacketType::ack) return on_ack(*entry->socket, std::move(incoming));
  on_event(link, above, *entry->socket, std::move(incoming));
}

void ShardServer::on_event(EngineLink& link, LinkSockets& above, Socket& socket,
                           Incoming incoming) {
  const auto& state = socket.namespace_->state();
  const auto named = state.handlers.find(incoming.event);
  const auto& handler = named == state.handlers.end() ? state.on_any : named->second;
  if (!handler || !take_inbox_place(link, above, socket, incoming)) return;
  Event event;
  event.name = std::move(incoming.event);
  event.text = std::move(incoming.text);
  event.slices = std::move(incoming.slices);
  event.attachments = std::move(incoming.attachments);
  event.place_.reset(new Event::InboxPlace{.shard = self_, .link = link.key});
  if (incoming.ack_id) {
    event.ack = Ack(std::make_unique<Ack::State>(
        Ack::State{.shard = self_, .socket = socket.handle_, .id = *incoming.ack_id}));
  }
  handler(socket, std::move(event));
}

bool ShardServer::take_inbox_place(EngineLink& link, LinkSockets& above, Socket& socket,
                                   const Incoming& incoming) {
  if (above.inbox < shared_.options.inbox_events_max) {
    ++above.inbox;
    return true;
  }
  counters::inbox_refused.add();
  const auto& reply = socket.namespace_->state().overload_reply;
  if (incoming.ack_id && !reply.empty() && !link.is_told) {
    const std::string_view argument = reply;
    send_ack(socket.handle_, *incoming.ack_id, std::span(&argument, 1), {});
  }
  return false;
}

void ShardServer::leave_inbox(LinkKey key) {
  auto* const link = engine_.find(key);
  if (link != nullptr && link->above) --above_of(*link).inbox;
}

void ShardServer::on_ack(Socket& socket, Incoming incoming) {
  const auto found = std::ranges::find_if(
      socket.asks_, [&](const Socket::Ask& ask) { return ask.id == incoming.ack_id; });
  // Late, repeated, or an event in an ack's clothes (WIRE 6.4): nobody waits for it.
  if (found == socket.asks_.end()) return;
  engine_.timers().cancel(found->timer);
  auto answer = std::move(found->answer);
  socket.asks_.erase(found);
  answer(Reply{{.text = std::move(incoming.text),
                .slices = std::move(incoming.slices),
                .attachments = std::move(incoming.attachments)}});
}

void ShardServer::on_ask_timeout(SocketHandle handle, std::uint64_t id) {
  auto* const socket = find(handle);
  if (socket == nullptr) return;
  const auto found = std::ranges::find(socket->asks_, id, &Socket::Ask::id);
  if (found == socket->asks_.end()) return;
  counters::asks_unanswered.add();
  auto answer = std::move(found->answer);
  socket->asks_.erase(found);
  const Calling calling(*this);
  answer(std::nullopt);
}

void ShardServer::fault(EngineLink& link, socketio::Fault what) {
  log::debug("link closed for a bad packet", {{"fault", socketio::name_of(what)}});
  engine_.fail(link, engineio::SessionEnd::parse_error);
}

}  // namespace knotos::server
