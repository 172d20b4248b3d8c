#include "protocol/engineio/session.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <random>

namespace knotos::engineio {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

constexpr SessionTimes kTimes{.ping_interval = Milliseconds(300),
                              .ping_timeout = Milliseconds(200),
                              .upgrade_timeout = Milliseconds(1'000),
                              .connect_timeout = Milliseconds(10'000)};

class SessionTest : public testing::Test {
 protected:
  [[nodiscard]] SteadyTime at(int milliseconds) const { return start + Milliseconds(milliseconds); }

  SteadyTime start{std::chrono::hours(1)};
  Session polling{kTimes, Transport::polling, start};
  Session websocket{kTimes, Transport::websocket, start};
};

constexpr PacketView kProbe{.type = PacketType::ping, .data = "probe"};
constexpr PacketView kUpgrade{.type = PacketType::upgrade, .data = {}};

TEST_F(SessionTest, PingsAnIntervalAfterTheLastPong) {
  EXPECT_EQ(websocket.next_deadline(), at(300));
  EXPECT_THAT(websocket.advance(at(299)), IsEmpty());
  EXPECT_THAT(websocket.advance(at(300)), ElementsAre(Action::queue_ping));
  EXPECT_EQ(websocket.next_deadline(), at(500));
  EXPECT_THAT(websocket.packet(PacketType::pong, at(450)), IsEmpty());
  EXPECT_EQ(websocket.next_deadline(), at(750));
}

TEST_F(SessionTest, EndsWhenThePongDoesNotCome) {
  ASSERT_THAT(websocket.advance(at(300)), ElementsAre(Action::queue_ping));
  EXPECT_THAT(websocket.advance(at(499)), IsEmpty());
  EXPECT_THAT(websocket.advance(at(500)), ElementsAre(Action::end));
  EXPECT_EQ(websocket.reason(), SessionEnd::ping_timeout);
  EXPECT_EQ(websocket.next_deadline(), SteadyTime::max());
}

TEST_F(SessionTest, UnsolicitedPongsPutNoPingOff) {
  for (int time = 50; time < 300; time += 50) {
    EXPECT_THAT(websocket.packet(PacketType::pong, at(time)), IsEmpty());
  }
  EXPECT_THAT(websocket.packet(PacketType::pong, at(300)), ElementsAre(Action::queue_ping));
}

TEST_F(SessionTest, AnotherPacketMovesThePongDeadlineOncePerPing) {
  ASSERT_THAT(websocket.advance(at(300)), ElementsAre(Action::queue_ping));
  EXPECT_THAT(websocket.packet(PacketType::message, at(450)), ElementsAre(Action::deliver));
  EXPECT_THAT(websocket.packet(PacketType::message, at(600)), ElementsAre(Action::deliver));
  EXPECT_THAT(websocket.advance(at(649)), IsEmpty());
  EXPECT_THAT(websocket.packet(PacketType::message, at(650)), ElementsAre(Action::end));
}

TEST_F(SessionTest, ARequestAfterTheDeadlineMeetsNoSession) {
  ASSERT_THAT(polling.advance(at(300)), ElementsAre(Action::queue_ping));
  const auto outcome = polling.begin_poll(at(500));
  EXPECT_EQ(outcome.verdict, Verdict::unknown);
  EXPECT_THAT(outcome.actions, ElementsAre(Action::end));
}

TEST_F(SessionTest, ALateTimerIsNotTheClientsGain) {
  ASSERT_THAT(polling.advance(at(309)), ElementsAre(Action::queue_ping));
  EXPECT_EQ(polling.begin_poll(at(500)).verdict, Verdict::unknown);
}

TEST_F(SessionTest, AProcessThatStoodStillDoesNotBlameItsClients) {
  ASSERT_THAT(websocket.advance(at(5'000)), ElementsAre(Action::queue_ping));
  EXPECT_THAT(websocket.advance(at(5'100)), IsEmpty());
  EXPECT_THAT(websocket.advance(at(5'200)), ElementsAre(Action::end));
}

TEST_F(SessionTest, APongThatIsDueStaysDueThroughAnUpgrade) {
  ASSERT_THAT(polling.advance(at(300)), ElementsAre(Action::queue_ping));
  ASSERT_EQ(polling.begin_upgrade(at(310)).verdict, Verdict::accepted);
  EXPECT_THAT(polling.candidate_packet(kProbe, at(320)), ElementsAre(Action::answer_probe));
  EXPECT_THAT(polling.candidate_packet(kUpgrade, at(330)), ElementsAre(Action::take_over));
  EXPECT_EQ(polling.transport(), Transport::websocket);
  EXPECT_THAT(polling.advance(at(500)), ElementsAre(Action::end));
  EXPECT_EQ(polling.reason(), SessionEnd::ping_timeout);
}

TEST_F(SessionTest, TheHeartbeatRunsDuringAnUpgrade) {
  ASSERT_EQ(polling.begin_upgrade(at(10)).verdict, Verdict::accepted);
  ASSERT_THAT(polling.candidate_packet(kProbe, at(20)), ElementsAre(Action::answer_probe));
  EXPECT_THAT(polling.advance(at(300)), ElementsAre(Action::queue_ping));
  EXPECT_THAT(polling.advance(at(500)), ElementsAre(Action::close_candidate, Action::end));
}

TEST_F(SessionTest, AnUpgradeThatDoesNotFinishIsGivenUpAndPollingGoesOn) {
  ASSERT_EQ(polling.begin_upgrade(at(0)).verdict, Verdict::accepted);
  for (int time = 250; time < 1'000; time += 250) {
    static_cast<void>(polling.advance(at(time)));
    static_cast<void>(polling.packet(PacketType::pong, at(time)));
    static_cast<void>(polling.advance(at(time + 51)));
    static_cast<void>(polling.packet(PacketType::pong, at(time + 52)));
  }
  EXPECT_THAT(polling.advance(at(1'000)), ElementsAre(Action::close_candidate));
  EXPECT_EQ(polling.state(), SessionState::polling);
  EXPECT_EQ(polling.begin_upgrade(at(1'001)).verdict, Verdict::accepted);
}

TEST_F(SessionTest, EveryPollDuringAnUpgradeEndsSoon) {
  ASSERT_EQ(polling.begin_poll(at(0)).verdict, Verdict::accepted);
  ASSERT_EQ(polling.begin_upgrade(at(10)).verdict, Verdict::accepted);
  EXPECT_THAT(polling.candidate_packet(kProbe, at(20)),
              ElementsAre(Action::answer_probe, Action::answer_poll_noop));
  ASSERT_EQ(polling.begin_poll(at(30)).verdict, Verdict::accepted);
  EXPECT_EQ(polling.next_deadline(), at(130));
  EXPECT_THAT(polling.advance(at(130)), ElementsAre(Action::answer_poll_noop));
  ASSERT_EQ(polling.begin_poll(at(140)).verdict, Verdict::accepted);
  EXPECT_THAT(polling.candidate_packet(kUpgrade, at(150)),
              ElementsAre(Action::answer_poll_noop, Action::take_over));
  EXPECT_EQ(polling.begin_poll(at(160)).verdict, Verdict::wrong_transport);
  EXPECT_EQ(polling.begin_post(at(160)).verdict, Verdict::wrong_transport);
}

TEST_F(SessionTest, AClientThatIsComingOverIsClosedWhereItArrives) {
  ASSERT_EQ(polling.begin_upgrade(at(0)).verdict, Verdict::accepted);
  ASSERT_THAT(polling.candidate_packet(kProbe, at(10)), ElementsAre(Action::answer_probe));
  EXPECT_THAT(polling.close(at(20)), IsEmpty());
  EXPECT_THAT(polling.packet(PacketType::message, at(30)), IsEmpty());
  ASSERT_EQ(polling.begin_poll(at(40)).verdict, Verdict::accepted);
  EXPECT_THAT(polling.advance(at(140)), ElementsAre(Action::answer_poll_noop));
  EXPECT_THAT(polling.candidate_packet(kUpgrade, at(150)),
              ElementsAre(Action::take_over, Action::close_websocket));
  EXPECT_EQ(polling.state(), SessionState::closing);
  EXPECT_EQ(polling.reason(), SessionEnd::forced_close);
}

TEST_F(SessionTest, AClientThatDoesNotComeOverIsClosedOnItsPoll) {
  ASSERT_EQ(polling.begin_upgrade(at(0)).verdict, Verdict::accepted);
  ASSERT_THAT(polling.candidate_packet(kProbe, at(10)), ElementsAre(Action::answer_probe));
  EXPECT_THAT(polling.close(at(20)), IsEmpty());
  ASSERT_EQ(polling.begin_poll(at(30)).verdict, Verdict::accepted);
  polling.candidate_lost();
  EXPECT_LT(polling.next_deadline(), at(40));
  EXPECT_THAT(polling.advance(at(40)), ElementsAre(Action::answer_poll_last));
}

TEST_F(SessionTest, OnlyOneUpgradeAtATimeAndNoneOfAWebSocket) {
  ASSERT_EQ(polling.begin_upgrade(at(0)).verdict, Verdict::accepted);
  EXPECT_EQ(polling.begin_upgrade(at(1)).verdict, Verdict::refused);
  EXPECT_EQ(websocket.begin_upgrade(at(1)).verdict, Verdict::refused);
  polling.candidate_lost();
  EXPECT_EQ(polling.begin_upgrade(at(2)).verdict, Verdict::accepted);
}

TEST_F(SessionTest, ACandidateThatDoesNotProbeIsClosed) {
  ASSERT_EQ(polling.begin_upgrade(at(0)).verdict, Verdict::accepted);
  EXPECT_THAT(polling.candidate_packet({.type = PacketType::ping, .data = {}}, at(1)),
              ElementsAre(Action::close_candidate));
  EXPECT_EQ(polling.state(), SessionState::polling);
}

TEST_F(SessionTest, AnUpgradeWithoutAProbeIsAccepted) {
  ASSERT_EQ(polling.begin_upgrade(at(0)).verdict, Verdict::accepted);
  EXPECT_THAT(polling.candidate_packet(kUpgrade, at(1)), ElementsAre(Action::take_over));
}

TEST_F(SessionTest, ASecondPostEndsIt) {
  ASSERT_EQ(polling.begin_poll(at(0)).verdict, Verdict::accepted);
  ASSERT_EQ(polling.begin_post(at(0)).verdict, Verdict::accepted);
  const auto outcome = polling.begin_post(at(1));
  EXPECT_EQ(outcome.verdict, Verdict::refused);
  EXPECT_THAT(outcome.actions, ElementsAre(Action::answer_poll_close, Action::end));
}

TEST_F(SessionTest, ConnectTimeoutClosesUnlessANamespaceWasJoined) {
  SessionTimes times = kTimes;
  times.connect_timeout = Milliseconds(100);
  Session late(times, Transport::websocket, start);
  EXPECT_THAT(late.advance(at(100)), ElementsAre(Action::close_websocket));
  Session joined(times, Transport::websocket, start);
  joined.joined();
  EXPECT_THAT(joined.advance(at(100)), IsEmpty());
}

TEST_F(SessionTest, AWebSocketThatDoesNotTakeTheRestIsCut) {
  EXPECT_THAT(websocket.close(at(0)), ElementsAre(Action::close_websocket));
  EXPECT_EQ(websocket.next_deadline(), at(5'000));
  EXPECT_THAT(websocket.packet(PacketType::message, at(10)), IsEmpty());
  EXPECT_THAT(websocket.advance(at(5'000)), ElementsAre(Action::end));
  EXPECT_EQ(websocket.reason(), SessionEnd::forced_close);
}

/// Drives a session at random and keeps book of what its owner would hold.
class Driver {
 public:
  explicit Driver(std::uint64_t seed) : random_(seed) {}

  void run(int steps) {
    for (int i = 0; i < steps && session_.state() != SessionState::closed; ++i) step();
    if (session_.state() == SessionState::closed) {
      EXPECT_TRUE(is_ended_ || is_told_);
      EXPECT_EQ(session_.next_deadline(), SteadyTime::max());
      EXPECT_THAT(session_.advance(now_ + std::chrono::hours(1)), IsEmpty());
      EXPECT_THAT(session_.fail(SessionEnd::parse_error), IsEmpty());
      EXPECT_EQ(session_.begin_poll(now_).verdict, Verdict::unknown);
      EXPECT_FALSE(has_candidate_);
    } else {
      expect_that_silence_ends_it();
    }
  }

 private:
  void step() {
    now_ += Milliseconds(random_() % 60);
    switch (random_() % 12) {
      case 0:
      case 1:
        poll();
        break;
      case 2:
        post();
        break;
      case 3:
        upgrade();
        break;
      case 4:
        if (has_candidate_) take(session_.candidate_packet(kProbe, now_));
        break;
      case 5:
        if (has_candidate_ && random_() % 4 == 0) take(session_.candidate_packet(kUpgrade, now_));
        break;
      case 6:
        if (has_candidate_ && random_() % 4 == 0) {
          session_.candidate_lost();
          has_candidate_ = false;
        }
        break;
      case 7:
        if (random_() % 40 == 0) take(session_.close(now_));
        break;
      case 8:
        if (is_parked_ && random_() % 2 == 0) {
          session_.poll_answered();
          is_parked_ = false;
        }
        break;
      default:
        take(session_.packet(PacketType::pong, now_));
        take(session_.advance(now_));
    }
    EXPECT_EQ(session_.poll_is_parked(), is_parked_);
    EXPECT_EQ(session_.has_candidate(), has_candidate_);
    if (session_.state() != SessionState::closed) {
      EXPECT_LT(session_.next_deadline(), SteadyTime::max());
    }
  }

  void poll() {
    if (is_parked_ && random_() % 20 != 0) return;
    const bool was_parked = is_parked_;
    take(session_.advance(now_));
    const bool is_still_parked = is_parked_;
    const auto outcome = session_.begin_poll(now_);
    if (outcome.verdict == Verdict::accepted) {
      EXPECT_FALSE(is_still_parked);
      is_parked_ = true;
    } else if (outcome.verdict == Verdict::refused) {
      EXPECT_TRUE(was_parked);
    }
    take(outcome.actions);
  }

  void upgrade() {
    const auto outcome = session_.begin_upgrade(now_);
    take(outcome.actions);
    if (outcome.verdict != Verdict::accepted) return;
    EXPECT_FALSE(has_candidate_);
    has_candidate_ = true;
  }

  void post() {
    const auto outcome = session_.begin_post(now_);
    take(outcome.actions);
    if (outcome.verdict != Verdict::accepted) return;
    take(session_.packet(random_() % 3 == 0 ? PacketType::pong : PacketType::message, now_));
    session_.end_post();
  }

  void take(const Actions& actions) {
    for (const auto action : actions) {
      EXPECT_FALSE(is_ended_) << "Nothing follows the end.";
      take(action);
    }
  }

  void take(Action action) {
    switch (action) {
      case Action::answer_poll_noop:
      case Action::answer_poll_close:
        EXPECT_TRUE(is_parked_);
        is_parked_ = false;
        break;
      case Action::answer_poll_last:
      case Action::answer_poll_remembered:
        EXPECT_TRUE(is_parked_);
        is_parked_ = false;
        session_.poll_answered();
        session_.closed();
        is_told_ = true;
        break;
      case Action::close_candidate:
      case Action::take_over:
        EXPECT_TRUE(has_candidate_);
        has_candidate_ = false;
        break;
      case Action::end:
        EXPECT_FALSE(is_parked_);
        is_ended_ = true;
        break;
      case Action::queue_ping:
        EXPECT_GE(now_ - last_ping_, kTimes.ping_interval) << "Pings are an interval apart.";
        last_ping_ = now_;
        break;
      case Action::answer_probe:
      case Action::close_websocket:
      case Action::deliver:
        break;
    }
  }

  void expect_that_silence_ends_it() {
    for (int i = 0; i < 8 && session_.state() != SessionState::closed; ++i) {
      const auto next = session_.next_deadline();
      ASSERT_LT(next, SteadyTime::max());
      now_ = std::max(now_, next);
      take(session_.advance(now_));
    }
    EXPECT_EQ(session_.state(), SessionState::closed);
  }

  std::mt19937_64 random_;
  SteadyTime now_{std::chrono::hours(1)};
  SteadyTime last_ping_{now_ - std::chrono::hours(1)};
  Session session_{kTimes, Transport::polling, now_};
  bool is_parked_ = false;
  bool has_candidate_ = false;
  bool is_ended_ = false;
  bool is_told_ = false;
};

TEST(SessionPropertyTest, AnyInterleavingKeepsTheBooksAndSilenceEndsEverySession) {
  for (std::uint64_t seed = 1; seed <= 300; ++seed) {
    SCOPED_TRACE("seed " + std::to_string(seed));
    Driver(seed).run(200);
    if (testing::Test::HasFailure()) break;
  }
}

}  // namespace
}  // namespace knotos::engineio
