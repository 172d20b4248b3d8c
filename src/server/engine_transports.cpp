#include "server/engine_shard.hpp"

#include "base/digest.hpp"
#include "protocol/websocket/encoder.hpp"
#include "server/counters.hpp"

#include <array>
#include <utility>

namespace knotos::server {

using engineio::SessionEnd;
using Role = WebSocketTransport::Role;

void WebSocketTransport::on_bytes(std::span<const std::uint8_t> bytes) {
  if (role_ != Role::retired) shard_.on_bytes(*this, bytes);
}

void WebSocketTransport::on_writable() {
  is_blocked_ = false;
  if (role_ == Role::session) shard_.on_writable(*this);
}

void WebSocketTransport::on_end(LinkEnd end) {
  if (role_ != Role::retired) shard_.on_end(*this, end);
}

void EngineShard::on_bytes(WebSocketTransport& transport, std::span<const std::uint8_t> bytes) {
  counters::bytes_in.add(static_cast<std::int64_t>(bytes.size()));
  while (transport.role() != Role::retired) {
    const auto event = transport.decoder().next(bytes, scratch_);
    if (!event) return;
    on_event(transport, *event);
  }
}

void EngineShard::on_writable(WebSocketTransport& transport) {
  flush_websocket(transport.link());
  publish_many_bytes();
}

void EngineShard::on_end(WebSocketTransport& transport, LinkEnd end) {
  auto& link = transport.link();
  if (transport.role() == Role::candidate) {
    retire(std::move(link.candidate));
    link.session.candidate_lost();
    watch(link);
    return;
  }
  retire(std::move(link.websocket));
  fail(link,
       end == LinkEnd::closed_by_peer ? SessionEnd::transport_close : SessionEnd::transport_error);
}

void EngineShard::on_event(WebSocketTransport& transport, const websocket::Event& event) {
  if (const auto* message = std::get_if<websocket::Message>(&event)) {
    on_websocket_message(transport, *message);
  } else if (const auto* ping = std::get_if<websocket::Ping>(&event)) {
    on_ping(transport, ping->payload);
  } else if (const auto* close = std::get_if<websocket::Close>(&event)) {
    on_close(transport, close->code, SessionEnd::transport_close);
  } else if (const auto* failure = std::get_if<websocket::Failure>(&event)) {
    on_close(transport, static_cast<std::uint16_t>(failure->code), SessionEnd::parse_error);
  }
}

void EngineShard::on_websocket_message(WebSocketTransport& transport,
                                       const websocket::Message& message) {
  auto& link = transport.link();
  auto packet = message.is_text ? engineio::decode_packet(message.payload, storage_)
                                : engineio::PacketView{.type = engineio::PacketType::message,
                                                       .is_binary = true,
                                                       .data = message.payload};
  if (transport.role() == Role::candidate) {
    // What is no packet is no probe either.
    if (!packet) packet = engineio::PacketView{.type = engineio::PacketType::message, .data = {}};
    step(link, link.session.candidate_packet(*packet, now()));
    return;
  }
  if (!packet) return fail(link, SessionEnd::parse_error);
  step(link, link.session.packet(packet->type, now()), &*packet);
}

void EngineShard::on_ping(WebSocketTransport& transport, std::string_view payload) {
  std::string frame;
  websocket::append_frame(frame, websocket::Opcode::pong, payload);
  auto& link = transport.link();
  if (transport.role() == Role::candidate) return write_to_candidate(link, frame);
  // A peer that pings and does not read is stopped like any other: control packets have a cap.
  auto pong = PacketBuffer::make_raw(std::move(frame));
  if (link.outbox.bytes() + pong->frames().size() > 2 * shared_.options.outbox_bytes_max) {
    return doom(link);
  }
  push_next(link, std::move(pong));
}

void EngineShard::on_close(WebSocketTransport& transport, std::uint16_t code, SessionEnd reason) {
  auto& link = transport.link();
  if (transport.role() == Role::candidate) {
    drop_candidate(link, code);
    link.session.candidate_lost();
    watch(link);
    return;
  }
  link.close_code = code;
  fail(link, reason);
}

std::unique_ptr<WebSocketTransport> EngineShard::make_transport(EngineLink* link,
                                                                std::unique_ptr<Link> stream,
                                                                Role role) {
  const auto& options = shared_.options;
  auto transport = std::make_unique<WebSocketTransport>(
      *this, link, std::move(stream),
      websocket::DecoderLimits{.message_bytes_max = options.payload_bytes_max,
                               .fragments_max = options.fragments_max},
      role);
  transport->stream().start(*transport);
  return transport;
}

void EngineShard::write_to_candidate(EngineLink& link, std::string_view bytes) {
  const std::array<Link::Piece, 1> pieces{as_octets(bytes)};
  counters::bytes_out.add(static_cast<std::int64_t>(bytes.size()));
  if (link.candidate->stream().write(pieces) == bytes.size()) return;
  // It has no queue: one that takes less than the few bytes of a probe is given up.
  drop_candidate(link, 0);
  link.session.candidate_lost();
}

void EngineShard::drop_candidate(EngineLink& link, std::uint16_t code) {
  link.upgrade = {};
  if (!link.candidate) return;
  std::string frame;
  websocket::append_close_frame(frame, code);
  part_from(std::move(link.candidate), frame);
}

void EngineShard::part_from(std::unique_ptr<WebSocketTransport> transport,
                            std::string_view farewell) {
  if (!farewell.empty()) {
    const std::array<Link::Piece, 1> pieces{as_octets(farewell)};
    // A transport that is full closes without a farewell.
    static_cast<void>(transport->stream().write(pieces));
    transport->stream().close();
  }
  retire(std::move(transport));
}

void EngineShard::retire(std::unique_ptr<WebSocketTransport> transport) {
  transport->set_role(Role::retired);
  ended_transports_.push_back(std::move(transport));
  schedule_turn();
}

}  // namespace knotos::server
