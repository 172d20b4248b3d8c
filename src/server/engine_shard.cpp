#include "server/engine_shard.hpp"

#include "protocol/websocket/encoder.hpp"
#include "server/counters.hpp"
#include "server/opener.hpp"

#include <utility>

namespace knotos::server {

using engineio::Action;
using engineio::SessionEnd;
using engineio::Transport;

namespace {

CloseReason reason_of(SessionEnd end) {
  switch (end) {
    case SessionEnd::transport_close:
      return CloseReason::transport_close;
    case SessionEnd::transport_error:
      return CloseReason::transport_error;
    case SessionEnd::ping_timeout:
      return CloseReason::ping_timeout;
    case SessionEnd::parse_error:
      return CloseReason::parse_error;
    case SessionEnd::forced_close:
      break;
  }
  return CloseReason::forced_close;
}

}  // namespace

EngineShard::EngineShard(ServerShared& shared, std::uint32_t index, Timers& timers,
                         LinkHandler& above)
    : shared_(shared),
      index_(index),
      timers_(timers),
      above_(above),
      ping_(PacketBuffer::make(PacketClass::control, "2")) {}

EngineShard::~EngineShard() {
  for (std::uint32_t slot = 0; slot < links_.slots_end(); ++slot) {
    if (const auto* link = links_.at(slot)) timers_.cancel(link->timer);
  }
}

std::vector<LinkKey> EngineShard::keys() const {
  std::vector<LinkKey> keys;
  keys.reserve(links_.size());
  for (std::uint32_t slot = 0; slot < links_.slots_end(); ++slot) {
    if (const auto* link = links_.at(slot)) keys.push_back(link->key);
  }
  return keys;
}

void EngineShard::close(EngineLink& link, CloseReason reason) {
  if (link.is_over || link.is_told) return;
  tell_above(link, reason);
  step(link, link.session.close(now()));
}

void EngineShard::fail(EngineLink& link, SessionEnd reason) {
  if (!link.is_over) step(link, link.session.fail(reason));
}

EngineLink& EngineShard::add_link(Transport transport, const http::Request& request) {
  auto owned = std::make_unique<EngineLink>(shared_.times, transport, now());
  auto& link = *owned;
  link.key = links_.add(std::move(owned));
  link.sid = make_sid({.shard = index_, .slot = link.key.slot}, shared_.random);
  link.opener = pack_opener(request);
  counters::links_now.add(1);
  watch(link);
  return link;
}

std::string EngineShard::open_packet(const EngineLink& link) const {
  const auto& options = shared_.options;
  return engineio::encode_open({.sid = view(link.sid),
                                .offers_websocket = link.session.transport() == Transport::polling,
                                .ping_interval = options.ping_interval,
                                .ping_timeout = options.ping_timeout,
                                .payload_bytes_max = options.payload_bytes_max});
}

void EngineShard::step(EngineLink& link, const engineio::Actions& actions,
                       const engineio::PacketView* packet) {
  for (const auto action : actions) perform(link, action, packet);
  watch(link);
}

void EngineShard::perform(EngineLink& link, Action action, const engineio::PacketView* packet) {
  switch (action) {
    case Action::queue_ping:
      // Ahead of a backlog: its deadline runs from now, and a poll takes sixteen packets a time.
      push_next(link, ping_);
      break;
    case Action::answer_poll_noop:
      answer_poll(link, "6");
      break;
    case Action::answer_poll_close:
      answer_poll(link, "1");
      break;
    case Action::answer_poll_last:
      tell_above(link, reason_of(link.session.reason()));
      answer_poll_last(link, "1");
      break;
    case Action::answer_poll_remembered:
      answer_poll_last(link,
                       "6\x1e"
                       "1");
      break;
    case Action::answer_probe: {
      std::string frame;
      websocket::append_frame(frame, websocket::Opcode::text, "3probe");
      write_to_candidate(link, frame);
      break;
    }
    case Action::close_candidate:
      counters::upgrades_failed.add();
      drop_candidate(link, 0);
      break;
    case Action::take_over:
      take_over(link);
      break;
    case Action::close_websocket:
      tell_above(link, reason_of(link.session.reason()));
      begin_websocket_close(link);
      break;
    case Action::deliver:
      KN_ASSERT(packet != nullptr);
      counters::packets_in.add();
      above_.on_message(link, *packet);
      break;
    case Action::end:
      if (link.session.reason() == engineio::SessionEnd::forced_close && !link.outbox.empty())
        counters::farewells_cut.add();
      end_link(link);
      break;
  }
}

void EngineShard::take_over(EngineLink& link) {
  // A candidate whose stream is not here yet cannot have sent anything.
  KN_ASSERT(link.candidate != nullptr);
  link.websocket = std::move(link.candidate);
  link.websocket->set_role(WebSocketTransport::Role::session);
  link.upgrade = {};
  counters::upgrades.add();
  if (!link.outbox.empty()) mark_dirty(link);
}

void EngineShard::begin_websocket_close(EngineLink& link) {
  std::string frame;
  websocket::append_close_frame(frame, websocket::CloseCode::going_away);
  push(link, PacketBuffer::make_raw(std::move(frame)));
}

void EngineShard::tell_above(EngineLink& link, CloseReason reason) {
  if (std::exchange(link.is_told, true)) return;
  counters::closed(reason).add();
  above_.on_end(link, reason);
}

void EngineShard::end_link(EngineLink& link) {
  if (link.is_over) return;
  link.is_over = true;
  const auto reason = link.session.reason();
  tell_above(link, reason_of(reason));
  timers_.cancel(std::exchange(link.timer, 0));
  drop_candidate(link, 0);
  if (link.websocket) {
    // A peer that is known to take nothing is not waited for.
    const bool is_dead = reason == SessionEnd::ping_timeout || link.websocket->is_blocked();
    std::string farewell;
    if (!is_dead) {
      write_websocket(link);
      if (link.outbox.empty()) websocket::append_close_frame(farewell, link.close_code);
    }
    part_from(std::move(link.websocket), farewell);
  }
  leave_run(link);
  link.outbox = {};
  counters::links_now.add(-1);
  shared_.addresses.give_back(address_of_opener(link.opener));
  ended_links_.push_back(links_.take(link.key.slot));
  schedule_turn();
}

void EngineShard::watch(EngineLink& link) {
  if (link.is_over) return;
  const auto deadline = link.session.next_deadline();
  // A timer that is early looks again when it fires: a pong costs no timer.
  if (link.timer != 0 && link.timer_at <= deadline) return;
  timers_.cancel(std::exchange(link.timer, 0));
  if (deadline == SteadyTime::max()) return;
  link.timer_at = deadline;
  link.timer = timers_.at(deadline, [this, key = link.key] { on_timer(key); });
}

void EngineShard::on_timer(LinkKey key) {
  auto* const link = links_.find(key);
  if (link == nullptr) return;
  link->timer = 0;
  step(*link, link->session.advance(now()));
}

}  // namespace knotos::server
