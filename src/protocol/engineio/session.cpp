#include "protocol/engineio/session.hpp"

#include <algorithm>

namespace knotos::engineio {

Session::Session(const SessionTimes& times, Transport transport, SteadyTime now)
    : times_(&times),
      heartbeat_at_(now + times.ping_interval),
      connect_deadline_(now + times.connect_timeout),
      state_(transport == Transport::polling ? SessionState::polling : SessionState::websocket),
      transport_(transport) {}

Actions Session::advance(SteadyTime now) {
  Actions actions;
  advance_into(actions, now);
  return actions;
}

SteadyTime Session::next_deadline() const {
  switch (state_) {
    case SessionState::closed:
      return SteadyTime::max();
    case SessionState::closing:
      return state_deadline_;
    case SessionState::polling:
      if (closes_after_upgrade_) return SteadyTime();  // At once.
      [[fallthrough]];
    case SessionState::websocket:
      return std::min(heartbeat_at_, connect_deadline_);
    case SessionState::upgrading:
      break;
  }
  const auto noop_at = is_probed_ && poll_is_parked_ ? noop_at_ : SteadyTime::max();
  return std::min({heartbeat_at_, connect_deadline_, state_deadline_, noop_at});
}

void Session::advance_into(Actions& actions, SteadyTime now) {
  if (is_over()) return;
  if (state_ == SessionState::closing) {
    if (now >= state_deadline_) end_into(actions, reason_, Action::answer_poll_close);
    return;
  }
  if (pong_is_due_ && now >= heartbeat_at_) {
    return end_into(actions, SessionEnd::ping_timeout, Action::answer_poll_close);
  }
  // The upgrade came to nothing: the client polls again, if it is still there.
  const bool is_close_due = closes_after_upgrade_ && state_ == SessionState::polling;
  if (is_close_due || now >= connect_deadline_) return close_into(actions, now);
  if (state_ == SessionState::upgrading && now >= state_deadline_) drop_candidate_into(actions);
  if (!pong_is_due_ && now >= heartbeat_at_) {
    pong_is_due_ = true;
    pong_is_extended_ = false;
    // From when the ping was due, so that a timer's lateness is not the client's gain; but a
    // process that stood still for longer than that must not blame its clients.
    const bool is_nearly_due = now - heartbeat_at_ < times_->ping_timeout;
    heartbeat_at_ = (is_nearly_due ? heartbeat_at_ : now) + times_->ping_timeout;
    actions.add(Action::queue_ping);
  }
  if (is_probed_ && poll_is_parked_ && now >= noop_at_) {
    poll_is_parked_ = false;
    actions.add(Action::answer_poll_noop);
  }
}

RequestOutcome Session::begin_poll(SteadyTime now) {
  RequestOutcome outcome;
  advance_into(outcome.actions, now);
  if (is_over()) {
    outcome.verdict = Verdict::unknown;
  } else if (transport_ == Transport::websocket) {
    outcome.verdict = Verdict::wrong_transport;
  } else if (poll_is_parked_) {
    outcome.verdict = Verdict::refused;
    end_into(outcome.actions, SessionEnd::transport_error, Action::answer_poll_close);
  } else {
    poll_is_parked_ = true;
    noop_at_ = now + times_->noop_interval;
    if (state_ == SessionState::closing) {
      outcome.actions.add(Action::answer_poll_remembered);
    }
  }
  return outcome;
}

Actions Session::poll_aborted() {
  Actions actions;
  if (!poll_is_parked_) return actions;
  poll_is_parked_ = false;
  end_into(actions, SessionEnd::transport_close, Action::answer_poll_close);
  return actions;
}

RequestOutcome Session::begin_post(SteadyTime now) {
  RequestOutcome outcome;
  advance_into(outcome.actions, now);
  if (is_over()) {
    outcome.verdict = Verdict::unknown;
  } else if (transport_ == Transport::websocket) {
    outcome.verdict = Verdict::wrong_transport;
  } else if (post_is_running_) {
    outcome.verdict = Verdict::refused;
    end_into(outcome.actions, SessionEnd::transport_error, Action::answer_poll_close);
  } else {
    post_is_running_ = true;
  }
  return outcome;
}

Actions Session::packet(PacketType type, SteadyTime now) {
  Actions actions;
  advance_into(actions, now);
  if (is_over()) return actions;
  // A client that closes hears `6` on its parked poll, one at fault hears `1` (WIRE 2.5).
  if (type == PacketType::close) {
    end_into(actions, SessionEnd::transport_close, Action::answer_poll_noop);
    return actions;
  }
  if (state_ == SessionState::closing) return actions;
  if (type == PacketType::ping) {
    end_into(actions, SessionEnd::transport_error, Action::answer_poll_close);
    return actions;
  }
  if (type == PacketType::pong) {
    // An unsolicited one must not put the next ping off.
    if (!pong_is_due_) return actions;
    pong_is_due_ = false;
    heartbeat_at_ = now + times_->ping_interval;
    return actions;
  }
  if (pong_is_due_ && !pong_is_extended_) {
    pong_is_extended_ = true;
    heartbeat_at_ = now + times_->ping_timeout;
  }
  if (type == PacketType::message && !closes_after_upgrade_) actions.add(Action::deliver);
  return actions;
}

RequestOutcome Session::begin_upgrade(SteadyTime now) {
  RequestOutcome outcome;
  advance_into(outcome.actions, now);
  if (is_over()) {
    outcome.verdict = Verdict::unknown;
  } else if (state_ != SessionState::polling) {
    outcome.verdict = Verdict::refused;
  } else {
    state_ = SessionState::upgrading;
    state_deadline_ = now + times_->upgrade_timeout;
  }
  return outcome;
}

Actions Session::candidate_packet(const PacketView& packet, SteadyTime now) {
  Actions actions;
  advance_into(actions, now);
  if (state_ != SessionState::upgrading) return actions;
  if (packet.type == PacketType::ping && packet.data == "probe") {
    is_probed_ = true;
    actions.add(Action::answer_probe);
    if (poll_is_parked_) actions.add(Action::answer_poll_noop);
    poll_is_parked_ = false;
  } else if (packet.type == PacketType::upgrade) {
    // A poll that is still parked ends with `6`: at `1` its client would close.
    if (poll_is_parked_) actions.add(Action::answer_poll_noop);
    poll_is_parked_ = false;
    candidate_lost();
    state_ = SessionState::websocket;
    transport_ = Transport::websocket;
    actions.add(Action::take_over);
    if (closes_after_upgrade_) close_into(actions, now);
  } else {
    drop_candidate_into(actions);
  }
  return actions;
}

void Session::candidate_lost() {
  if (state_ != SessionState::upgrading) return;
  state_ = SessionState::polling;
  state_deadline_ = SteadyTime::max();
  is_probed_ = false;
}

Actions Session::close(SteadyTime now) {
  Actions actions;
  advance_into(actions, now);
  if (!is_over() && !is_decided()) close_into(actions, now);
  return actions;
}

Actions Session::fail(SessionEnd reason) {
  Actions actions;
  if (!is_over()) end_into(actions, reason, Action::answer_poll_close);
  return actions;
}

void Session::close_into(Actions& actions, SteadyTime now) {
  reason_ = SessionEnd::forced_close;
  if (state_ == SessionState::upgrading && is_probed_) {
    // A client that has its answer polls no more: it is told where it arrives.
    closes_after_upgrade_ = true;
    connect_deadline_ = SteadyTime::max();
    return;
  }
  drop_candidate_into(actions);
  state_ = SessionState::closing;
  if (transport_ == Transport::websocket) {
    state_deadline_ = now + times_->flush_timeout;
    actions.add(Action::close_websocket);
    return;
  }
  state_deadline_ = now + times_->close_timeout;
  if (poll_is_parked_) actions.add(Action::answer_poll_last);
}

void Session::end_into(Actions& actions, SessionEnd reason, Action farewell) {
  drop_candidate_into(actions);
  if (poll_is_parked_) actions.add(farewell);
  poll_is_parked_ = false;
  // What was decided first is the reason, whatever cuts the farewell short.
  if (!is_decided()) reason_ = reason;
  state_ = SessionState::closed;
  actions.add(Action::end);
}

void Session::drop_candidate_into(Actions& actions) {
  if (state_ != SessionState::upgrading) return;
  actions.add(Action::close_candidate);
  candidate_lost();
}

}  // namespace knotos::engineio
