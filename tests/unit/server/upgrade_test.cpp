#include "server/counters.hpp"
#include "support/fake_client.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace knotos::server {
namespace {

using test::FakeWebSocket;
using test::FakeWorld;
using testing::ElementsAre;
using testing::IsEmpty;
using testing::StartsWith;

constexpr std::size_t kShards = 3;

/// A session on shard 0, whose requests arrive on the shard of the parameter.
class UpgradeTest : public testing::TestWithParam<std::size_t> {
 protected:
  UpgradeTest() {
    world.server.of("/").on(
        "echo", [](Socket& socket, Event event) { socket.emit("echoed", event.argument(0)); });
  }

  [[nodiscard]] std::size_t arrival() const { return GetParam(); }
  std::shared_ptr<test::FakeExchange> poll() { return world.get(query("polling"), arrival()); }
  std::string post(std::string packets) {
    const auto exchange = world.post(query("polling"), std::move(packets), arrival());
    world.shards.run();
    return exchange->response() ? exchange->response()->body : "(none)";
  }
  std::string body(const std::shared_ptr<test::FakeExchange>& exchange) {
    world.shards.run();
    return exchange->response() ? exchange->response()->body : "(none)";
  }
  FakeWebSocket candidate() {
    const auto exchange = world.upgrade(query("websocket"), arrival());
    world.shards.run();
    EXPECT_TRUE(exchange->link_is_taken());
    return FakeWebSocket(exchange->peer());
  }
  std::size_t links() {
    return world.shards.on(0, [&] { return world.server.links(); });
  }
  [[nodiscard]] std::string query(const std::string& transport) const {
    return "EIO=4&transport=" + transport + "&sid=" + sid;
  }
  void join() {
    EXPECT_EQ(post("40"), "ok");
    EXPECT_THAT(body(poll()), StartsWith("40{"));
  }
  void emit(std::string_view event) {
    world.shards.on(
        0, [&] { world.server.for_each("/", [&](Socket& socket) { socket.emit(event, "1"); }); });
    world.shards.run();
  }
  /// From our side, in good order.
  void close() {
    world.shards.on(0, [&] {
      world.server.for_each("/",
                            [](Socket& socket) { socket.close_link(CloseReason::forced_close); });
    });
  }

  FakeWorld world{kShards};
  std::string sid = world.open_polling(0);
};

INSTANTIATE_TEST_SUITE_P(ArrivingAtShard, UpgradeTest, testing::Values(0U, 1U, 2U));

TEST_P(UpgradeTest, APollingRoundTripComesHome) {
  join();
  const auto waiting = poll();
  EXPECT_EQ(post(R"(42["echo","x"])"), "ok");
  EXPECT_EQ(body(waiting), R"(42["echoed","x"])");
}

TEST_P(UpgradeTest, AnAbortIsHeardByTheOwner) {
  join();
  const auto waiting = poll();
  world.shards.run();
  waiting->abort();
  world.shards.run();
  EXPECT_EQ(links(), 0U);
}

TEST_P(UpgradeTest, AnAnswerThatMeetsAnAbortEndsTheSessionInsteadOfLosingPackets) {
  join();
  const auto waiting = poll();
  world.shards.run();
  world.shards.on(
      0, [&] { world.server.for_each("/", [](Socket& socket) { socket.emit("late", "1"); }); });
  ASSERT_TRUE(world.shards.run_one(0));  // The turn: its answer is on the way now.
  if (waiting->response()) return;       // On one shard nothing is ever on the way.
  waiting->abort();
  world.shards.run();
  EXPECT_EQ(links(), 0U);
}

TEST_P(UpgradeTest, TheQueueMovesToTheWebSocketAndPollingIsForgotten) {
  join();
  auto client = candidate();
  client.send("2probe");
  world.shards.run();
  EXPECT_THAT(client.take_texts(), ElementsAre("3probe"));
  emit("queued");
  EXPECT_THAT(client.take_texts(), IsEmpty());
  client.send("5");
  client.send(R"(42["echo",2])");
  world.shards.run();
  EXPECT_THAT(client.take_texts(), ElementsAre(R"(42["queued",1])", R"(42["echoed",2])"));
  EXPECT_EQ(body(poll()), R"({"code":3,"message":"Bad request"})");
  EXPECT_EQ(post("3"), R"({"code":3,"message":"Bad request"})");
  EXPECT_EQ(links(), 1U);
  EXPECT_EQ(client.peer().shard(), 0U);
}

TEST_P(UpgradeTest, ParkedPollsEndDuringTheUpgradeAndPostsAreAccepted) {
  join();
  const auto first = poll();
  auto client = candidate();
  client.send("2probe");
  EXPECT_EQ(body(first), "6");
  const auto second = poll();
  EXPECT_EQ(post(R"(42["echo",1])"), "ok");
  EXPECT_EQ(body(second), R"(42["echoed",1])");
  const auto third = poll();
  EXPECT_EQ(body(third), "(none)");
  world.clock.advance(Milliseconds(100));
  EXPECT_EQ(body(third), "6");
}

TEST_P(UpgradeTest, AWrongFirstPacketClosesTheCandidateOnly) {
  join();
  for (const auto* const packet : {"4hello", "2", "nonsense", "1"}) {
    auto client = candidate();
    client.send(packet);
    world.shards.run();
    EXPECT_TRUE(client.peer().is_closed()) << packet;
  }
  const auto waiting = poll();
  EXPECT_EQ(post(R"(42["echo",1])"), "ok");
  EXPECT_EQ(body(waiting), R"(42["echoed",1])");
}

TEST_P(UpgradeTest, ALostCandidateLeavesPollingAndAllowsAnother) {
  join();
  auto lost = candidate();
  lost.send("2probe");
  lost.peer().end(LinkEnd::failed);
  world.shards.run();
  auto next = candidate();
  next.send("2probe");
  next.send("5");
  world.shards.run();
  EXPECT_THAT(next.take_texts(), ElementsAre("3probe"));
  EXPECT_EQ(links(), 1U);
}

TEST_P(UpgradeTest, ASecondWebSocketIsOpenedAndClosedAndChangesNothing) {
  join();
  auto client = candidate();
  client.send("2probe");
  world.shards.run();
  auto second = candidate();
  EXPECT_TRUE(second.peer().is_closed());
  EXPECT_THAT(second.take(), ElementsAre(test::Frame{8, ""}));
  client.send("5");
  world.shards.run();
  auto third = candidate();
  EXPECT_TRUE(third.peer().is_closed());
  static_cast<void>(client.take());
  client.send(R"(42["echo",1])");
  world.shards.run();
  EXPECT_THAT(client.take_texts(), ElementsAre(R"(42["echoed",1])"));
}

TEST_P(UpgradeTest, AnUnfinishedUpgradeIsGivenUpAfterTenSeconds) {
  join();
  auto client = candidate();
  client.send("2probe");
  const auto failed = counters::upgrades_failed.value();
  world.clock.advance(Milliseconds(9'999));
  EXPECT_FALSE(client.peer().is_closed());
  world.clock.advance(Milliseconds(1));
  EXPECT_TRUE(client.peer().is_closed());
  EXPECT_EQ(counters::upgrades_failed.value(), failed + 1);
  EXPECT_EQ(links(), 1U);
  world.clock.advance(Milliseconds(15'000));
  EXPECT_EQ(body(poll()), "2");
}

TEST_P(UpgradeTest, APingThatIsDueAtTheUpgradeStillReaps) {
  join();
  world.clock.advance(Milliseconds(25'000));
  auto client = candidate();
  client.send("2probe");
  client.send("5");
  world.shards.run();
  EXPECT_THAT(client.take_texts(), ElementsAre("3probe", "2"));
  world.clock.advance(Milliseconds(20'000));
  EXPECT_EQ(links(), 0U);
  EXPECT_TRUE(client.peer().is_closed());
}

TEST_P(UpgradeTest, ACloseMeanwhileIsToldOverTheWebSocketBehindWhatIsQueued) {
  join();
  auto client = candidate();
  client.send("2probe");
  world.shards.run();
  EXPECT_THAT(client.take_texts(), ElementsAre("3probe"));
  emit("draining");
  close();
  world.shards.run();
  EXPECT_FALSE(client.peer().is_closed());
  client.send("5");
  world.shards.run();
  EXPECT_THAT(client.take_texts(), ElementsAre(R"(42["draining",1])"));
  EXPECT_TRUE(client.peer().is_closed());
  EXPECT_EQ(links(), 0U);
}

TEST_P(UpgradeTest, ACloseWhoseClientDoesNotComeOverIsToldOnItsPoll) {
  join();
  auto client = candidate();
  client.send("2probe");
  world.shards.run();
  emit("draining");
  close();
  world.shards.run();
  client.peer().end();
  world.shards.run();
  world.clock.advance(Milliseconds(1));
  EXPECT_EQ(body(poll()), R"(42["draining",1])");
  EXPECT_THAT(body(poll()), testing::EndsWith("1"));
  EXPECT_EQ(links(), 0U);
}

TEST_P(UpgradeTest, ASessionThatEndsMeanwhileTurnsTheStreamAway) {
  join();
  const auto exchange = world.upgrade(query("websocket"), arrival());
  close();
  static_cast<void>(poll());
  world.shards.run();
  if (exchange->link_is_taken()) {
    EXPECT_TRUE(exchange->peer()->is_closed());
  } else {
    ASSERT_TRUE(exchange->response());
    EXPECT_EQ(exchange->response()->status, 400U);
  }
  world.clock.advance(Milliseconds(30'000));
  EXPECT_EQ(links(), 0U);
}

TEST_P(UpgradeTest, APeerThatAbortsItsUpgradeLeavesPolling) {
  join();
  const auto exchange = world.upgrade(query("websocket"), arrival());
  if (exchange->link_is_taken()) {
    exchange->peer()->end();
  } else {
    exchange->abort();
  }
  world.shards.run();
  auto client = candidate();
  client.send("2probe");
  world.shards.run();
  EXPECT_THAT(client.take_texts(), testing::Contains("3probe"));
}

TEST_P(UpgradeTest, UnknownSessionsAreRefusedEverywhere) {
  auto forged = sid;
  forged.back() = forged.back() == 'A' ? 'B' : 'A';
  for (const auto& unknown : {forged, std::string("__proto__"), std::string("constructor"),
                              std::string(20, '_'), std::string(20, '!')}) {
    const auto asked = "EIO=4&transport=polling&sid=" + unknown;
    EXPECT_EQ(body(world.get(asked, arrival())), R"({"code":1,"message":"Session ID unknown"})");
    EXPECT_EQ(body(world.post(asked, "40", arrival())),
              R"({"code":1,"message":"Session ID unknown"})");
    EXPECT_EQ(body(world.upgrade("EIO=4&transport=websocket&sid=" + unknown, arrival())),
              "Session ID unknown");
  }
}

TEST_P(UpgradeTest, AnotherProtocolVersionOnASessionIsABadRequest) {
  EXPECT_EQ(body(world.get("EIO=3&transport=polling&sid=" + sid, arrival())),
            R"({"code":3,"message":"Bad request"})");
  EXPECT_EQ(body(world.get("transport=polling&sid=" + sid, arrival())),
            R"({"code":3,"message":"Bad request"})");
  EXPECT_EQ(body(world.upgrade("EIO=3&transport=websocket&sid=" + sid, arrival())), "Bad request");
  EXPECT_EQ(body(world.get("EIO=4&transport=websocket&sid=" + sid, arrival())),
            R"({"code":3,"message":"Bad request"})");
  join();
}

}  // namespace
}  // namespace knotos::server
