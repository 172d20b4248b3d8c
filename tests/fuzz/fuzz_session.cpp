#include "base/assert.hpp"
#include "protocol/engineio/session.hpp"

#include "fuzz/input.hpp"

#include <algorithm>
#include <optional>

namespace knotos::fuzz {
namespace {

using engineio::Action;
using engineio::Actions;
using engineio::PacketType;
using engineio::Session;
using engineio::SessionState;
using engineio::Transport;
using engineio::Verdict;

constexpr engineio::SessionTimes kTimes{.ping_interval = Milliseconds(300),
                                        .ping_timeout = Milliseconds(200),
                                        .upgrade_timeout = Milliseconds(250),
                                        .connect_timeout = Milliseconds(1'500),
                                        .flush_timeout = Milliseconds(100),
                                        .close_timeout = Milliseconds(400)};
/// Deadlines that silence may still meet: a candidate's, a ping, its pong, and those of the close.
constexpr int kDeadlinesMax = 8;

/// An owner as the contract of `Session` has it, who does what the input says and keeps book of the
/// transports it holds.
class Owner {
 public:
  explicit Owner(Input input)
      : input_(input),
        is_on_websocket_(input_.below(2) == 1),
        session_(kTimes, is_on_websocket_ ? Transport::websocket : Transport::polling, now_) {}

  void run() {
    while (!input_.is_empty() && !is_over_) {
      now_ += Milliseconds(input_.byte());
      step(input_.below(13));
      compare_books();
    }
    for (int left = kDeadlinesMax; left > 0 && !is_over_; --left) {
      KN_ASSERT(session_.next_deadline() != SteadyTime::max());
      now_ = std::max(now_, session_.next_deadline());
      take(session_.advance(now_));
      compare_books();
    }
    KN_ASSERT(is_over_);
    expect_that_it_stays_over();
  }

 private:
  void step(unsigned choice) {
    switch (choice) {
      case 0:
        return take(session_.advance(now_));
      case 1:
        return poll();
      case 2:
        return post();
      case 3:
        return upgrade();
      case 4:
        return packet();
      case 5:
        return candidate_packet();
      case 6:
        if (has_candidate_) session_.candidate_lost();
        has_candidate_ = false;
        return;
      case 7:
        if (has_poll_) session_.poll_answered();
        has_poll_ = false;
        return;
      case 8:
        has_poll_ = false;
        return take(session_.poll_aborted());
      case 9:
        return take(session_.close(now_));
      case 10:
        return take(session_.fail(engineio::SessionEnd::parse_error));
      case 11:
        return session_.joined();
      default:
        if (has_post_) session_.end_post();
        has_post_ = false;
    }
  }

  void poll() {
    const bool had_poll = has_poll_;
    const auto outcome = session_.begin_poll(now_);
    // It is parked before anything is to be done with it.
    if (outcome.verdict == Verdict::accepted) has_poll_ = true;
    KN_ASSERT(outcome.verdict != Verdict::refused || had_poll);
    take(outcome.actions, outcome.verdict == Verdict::accepted && had_poll);
    check(outcome.verdict);
  }

  void post() {
    const bool had_post = has_post_;
    const auto outcome = session_.begin_post(now_);
    KN_ASSERT(outcome.verdict != Verdict::accepted || !had_post);
    KN_ASSERT(outcome.verdict != Verdict::refused || had_post);
    if (outcome.verdict == Verdict::accepted) has_post_ = true;
    take(outcome.actions);
    check(outcome.verdict);
  }

  void upgrade() {
    const auto outcome = session_.begin_upgrade(now_);
    take(outcome.actions);
    if (outcome.verdict == Verdict::accepted) {
      KN_ASSERT(!has_candidate_ && !is_on_websocket_);
      has_candidate_ = true;
    }
    KN_ASSERT(outcome.verdict != Verdict::wrong_transport);
    KN_ASSERT(outcome.verdict != Verdict::unknown || is_over_);
  }

  void packet() {
    const auto type = static_cast<PacketType>(input_.below(7));
    if (!is_on_websocket_ && !has_post_) return;
    take(session_.packet(type, now_));
    KN_ASSERT(is_over_ ||
              (type != PacketType::close &&
               !(type == PacketType::ping && session_.state() != SessionState::closing)));
  }

  void candidate_packet() {
    const auto type = static_cast<PacketType>(input_.below(7));
    const auto data = input_.below(2) == 1 ? std::string_view("probe") : std::string_view();
    if (has_candidate_) take(session_.candidate_packet({.type = type, .data = data}, now_));
  }

  void check(Verdict verdict) const {
    KN_ASSERT(verdict != Verdict::accepted || !is_on_websocket_);
    KN_ASSERT(verdict != Verdict::wrong_transport || is_on_websocket_);
    KN_ASSERT(verdict != Verdict::refused || is_over_);
    KN_ASSERT(verdict != Verdict::unknown || is_over_);
  }

  /// `ends_older_poll`: a poll was parked in the place of one that this call has answered.
  void take(const Actions& actions, bool ends_older_poll = false) {
    has_answered_last_ = false;
    for (const auto action : actions) {
      KN_ASSERT(!is_ended_);
      // Over by its own hand in the midst of a list, it has nothing left to do.
      if (is_over_) return;
      const bool is_of_older = ends_older_poll && action == Action::answer_poll_noop;
      take(action, is_of_older);
    }
  }

  void take(Action action, bool is_of_older_poll) {
    switch (action) {
      case Action::answer_poll_noop:
      case Action::answer_poll_close:
        // A close that was due may have answered it before the fault that ends the session.
        KN_ASSERT(has_poll_ || has_answered_last_);
        has_poll_ = is_of_older_poll;
        break;
      case Action::answer_poll_last:
      case Action::answer_poll_remembered:
        KN_ASSERT(has_poll_);
        has_poll_ = false;
        has_answered_last_ = true;
        session_.poll_answered();
        // Or there was too much for one answer, and the rest waits for the next poll.
        if (input_.below(2) == 1) end();
        break;
      case Action::close_candidate:
      case Action::take_over:
        KN_ASSERT(has_candidate_);
        has_candidate_ = false;
        is_on_websocket_ = action == Action::take_over;
        break;
      case Action::close_websocket:
        KN_ASSERT(is_on_websocket_);
        // Or the peer takes nothing any more.
        if (input_.below(2) == 1) end();
        break;
      case Action::queue_ping:
        KN_ASSERT(!last_ping_ || now_ - *last_ping_ >= kTimes.ping_interval);
        last_ping_ = now_;
        break;
      case Action::end:
        KN_ASSERT(!has_poll_);
        is_ended_ = true;
        is_over_ = true;
        break;
      case Action::answer_probe:
        KN_ASSERT(has_candidate_);
        break;
      case Action::deliver:
        break;
    }
  }

  void end() {
    session_.closed();
    is_over_ = true;
  }

  void compare_books() const {
    KN_ASSERT(is_over_ == (session_.state() == SessionState::closed));
    KN_ASSERT(session_.poll_is_parked() == has_poll_);
    KN_ASSERT(session_.has_candidate() == has_candidate_);
    KN_ASSERT((session_.transport() == Transport::websocket) == is_on_websocket_);
    KN_ASSERT(is_over_ == (session_.next_deadline() == SteadyTime::max()));
  }

  void expect_that_it_stays_over() {
    KN_ASSERT(!has_candidate_);
    now_ += std::chrono::hours(1);
    KN_ASSERT(session_.advance(now_).empty());
    KN_ASSERT(session_.close(now_).empty());
    KN_ASSERT(session_.packet(PacketType::message, now_).empty());
    KN_ASSERT(session_.begin_poll(now_).verdict == Verdict::unknown);
    KN_ASSERT(session_.begin_post(now_).verdict == Verdict::unknown);
    KN_ASSERT(session_.begin_upgrade(now_).verdict == Verdict::unknown);
  }

  Input input_;
  SteadyTime now_{std::chrono::hours(1)};
  std::optional<SteadyTime> last_ping_;
  bool is_on_websocket_;
  bool has_poll_ = false;
  bool has_post_ = false;
  bool has_candidate_ = false;
  bool has_answered_last_ = false;  ///< Of the list of actions in hand.
  bool is_ended_ = false;           ///< By the session.
  bool is_over_ = false;            ///< By the session, or by the owner, which told the peer.
  Session session_;
};

}  // namespace
}  // namespace knotos::fuzz

/// A script of what may happen to a session, two bytes a step and more where a step has a choice:
/// the books of owner and session agree at every step, and silence ends it.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  knotos::fuzz::Owner(knotos::fuzz::Input(data, size)).run();
  return 0;
}
