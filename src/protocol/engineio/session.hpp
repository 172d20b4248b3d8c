#pragma once

#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <string_view>

#include "base/time.hpp"
#include "protocol/engineio/packet.hpp"

namespace knotos::engineio {

enum class Transport : std::uint8_t { polling, websocket };

enum class SessionState : std::uint8_t {
  polling,
  upgrading,  ///< Polling, with a WebSocket that probes.
  websocket,
  closing,  ///< We want to end it, and the peer is still to be told.
  closed,
};

/// Why it ended (WIRE section 5).
enum class SessionEnd : std::uint8_t {
  transport_close,
  transport_error,
  ping_timeout,
  parse_error,
  forced_close,  ///< By `close`.
};

struct SessionTimes {
  std::chrono::milliseconds ping_interval{25'000};
  std::chrono::milliseconds ping_timeout{20'000};
  std::chrono::milliseconds upgrade_timeout{10'000};
  std::chrono::milliseconds connect_timeout{45'000};
  std::chrono::milliseconds flush_timeout{5'000};   ///< For a WebSocket to take what waits.
  std::chrono::milliseconds close_timeout{30'000};  ///< For a poll to fetch the close packet.
  std::chrono::milliseconds noop_interval{100};     ///< What a poll may be held in an upgrade.
};

/// What the owner does, in the order given. Of several, `end` is the last.
enum class Action : std::uint8_t {
  queue_ping,
  answer_poll_noop,   ///< The parked poll: `6`.
  answer_poll_close,  ///< The parked poll: `1` alone.
  /// The parked poll of a session that is closing: what is queued, and `poll_answered`. If nothing
  /// is: `1`, and `closed`. Never both in one
  /// response: the JavaScript client handles `1` before the messages in front of it.
  answer_poll_last,
  answer_poll_remembered,  ///< The same for a poll that came after the close: `6` before the `1`.
  answer_probe,            ///< `3probe` on the candidate.
  close_candidate,         ///< The candidate is to be closed and forgotten.
  take_over,               ///< The candidate is the transport now; what is queued goes there.
  close_websocket,         ///< Behind what is queued, a close frame; then `closed`.
  deliver,                 ///< The message that was passed in goes up.
  end,                     ///< Forget the session, and cut what transport is left. See `reason`.
};

/// A short list without a heap.
class Actions {
 public:
  using value_type = Action;
  using const_iterator = const Action*;

  void add(Action action) { items_.at(size_++) = action; }
  [[nodiscard]] const Action* begin() const { return items_.data(); }
  [[nodiscard]] const Action* end() const { return items_.data() + size_; }
  [[nodiscard]] std::size_t size() const { return size_; }
  [[nodiscard]] bool empty() const { return size_ == 0; }

 private:
  std::array<Action, 8> items_{};
  std::size_t size_ = 0;
};

/// How an HTTP request to the session is received.
enum class Verdict : std::uint8_t {
  accepted,
  refused,          ///< 400 with an empty body.
  wrong_transport,  ///< 400, bad request.
  unknown,          ///< 400, session unknown: it ended meanwhile.
};

struct RequestOutcome {
  Verdict verdict = Verdict::accepted;
  Actions actions;
};

/// One Engine.IO session (WIRE 2.4 to 2.6, 3.4, 4): which transport it is on, its heartbeat, its
/// upgrade and its end. A machine without I/O: time and what happened go in, actions come out.
/// Transports and the queue are the owner's; of transports it knows whether one is there.
///
/// One pong deadline a session, whatever the transport. Unsolicited pongs change nothing. Any other
/// packet while a pong is due moves that deadline, once a ping. Every call that takes the time
/// compares it with the deadlines first, so a late timer lets nobody live longer. After `closed`
/// nothing comes out.
class Session {
 public:
  Session(const SessionTimes& times, Transport transport, SteadyTime now);

  /// What is due. Call it at `next_deadline`.
  [[nodiscard]] Actions advance(SteadyTime now);
  /// SteadyTime::max(): never.
  [[nodiscard]] SteadyTime next_deadline() const;

  /// A GET. Accepted, it is parked; the owner answers it as soon as anything is queued, and says
  /// `poll_answered`.
  [[nodiscard]] RequestOutcome begin_poll(SteadyTime now);
  void poll_answered() { poll_is_parked_ = false; }
  [[nodiscard]] Actions poll_aborted();

  /// A POST; its packets go to `packet`, then `end_post`.
  [[nodiscard]] RequestOutcome begin_post(SteadyTime now);
  void end_post() { post_is_running_ = false; }

  /// A packet from the session's transport, or from a POST during an upgrade.
  [[nodiscard]] Actions packet(PacketType type, SteadyTime now);

  /// A WebSocket that names this session. Accepted, it is the candidate.
  [[nodiscard]] RequestOutcome begin_upgrade(SteadyTime now);
  [[nodiscard]] Actions candidate_packet(const PacketView& packet, SteadyTime now);
  void candidate_lost();

  /// A namespace was joined: the connect timeout is off, for good.
  void joined() { connect_deadline_ = SteadyTime::max(); }

  /// We end it in good order; in the midst of an upgrade, when that is over.
  [[nodiscard]] Actions close(SteadyTime now);
  /// The peer was told.
  void closed() { state_ = SessionState::closed; }
  /// It ends at once: bytes that make no sense, a lost transport, a limit.
  [[nodiscard]] Actions fail(SessionEnd reason);

  [[nodiscard]] SessionState state() const { return state_; }
  [[nodiscard]] Transport transport() const { return transport_; }
  [[nodiscard]] bool poll_is_parked() const { return poll_is_parked_; }
  [[nodiscard]] bool has_candidate() const { return state_ == SessionState::upgrading; }
  /// Of the end, once it is closing or closed.
  [[nodiscard]] SessionEnd reason() const { return reason_; }

 private:
  void advance_into(Actions& actions, SteadyTime now);
  void end_into(Actions& actions, SessionEnd reason, Action farewell);
  void close_into(Actions& actions, SteadyTime now);
  void drop_candidate_into(Actions& actions);
  [[nodiscard]] bool is_over() const { return state_ == SessionState::closed; }
  /// That it ends, and why.
  [[nodiscard]] bool is_decided() const {
    return state_ == SessionState::closing || closes_after_upgrade_;
  }

  const SessionTimes* times_;
  SteadyTime heartbeat_at_;  ///< Of the next ping, or of the pong that is due.
  SteadyTime connect_deadline_;
  /// Of the upgrade, or of the close.
  SteadyTime state_deadline_ = SteadyTime::max();
  SteadyTime noop_at_ = SteadyTime::max();
  SessionState state_;
  Transport transport_;
  SessionEnd reason_ = SessionEnd::forced_close;
  bool pong_is_due_ = false;
  bool pong_is_extended_ = false;
  bool is_probed_ = false;
  bool closes_after_upgrade_ = false;
  bool poll_is_parked_ = false;
  bool post_is_running_ = false;
};

}  // namespace knotos::engineio
