#include "server/counters.hpp"
#include "support/fake_client.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace knotos::server {
namespace {

using test::FakeWorld;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::StartsWith;

std::string poll_query(const std::string& sid) { return "EIO=4&transport=polling&sid=" + sid; }

/// A server with an echo, and one session on polling.
class PollingTest : public testing::Test {
 protected:
  explicit PollingTest(Options options = {}) : world(1, std::move(options)) {
    world.server.of("/").on("echo", [](Socket& socket, Event event) {
      std::vector<std::string_view> arguments;
      for (std::size_t i = 0; i < event.size(); ++i) arguments.push_back(event.argument(i));
      socket.send(make_event("/", "echoed", arguments, PacketClass::durable, event.attachments));
    });
  }

  std::string body(const std::shared_ptr<test::FakeExchange>& exchange) {
    world.shards.run();
    return exchange->response() ? exchange->response()->body : "(none)";
  }
  unsigned status(const std::shared_ptr<test::FakeExchange>& exchange) {
    world.shards.run();
    return exchange->response() ? exchange->response()->status : 0;
  }
  std::shared_ptr<test::FakeExchange> poll() { return world.get(poll_query(sid)); }
  std::shared_ptr<test::FakeExchange> post(std::string packets) {
    return world.post(poll_query(sid), std::move(packets));
  }
  void join() {
    EXPECT_EQ(body(post("40")), "ok");
    EXPECT_THAT(body(poll()), StartsWith(R"(40{"sid":")"));
  }
  bool is_gone() { return status(poll()) == 400; }

  FakeWorld world;
  std::string sid = world.open_polling();
};

TEST_F(PollingTest, HandshakeAnswersTheOpenPacketAndNothingElse) {
  const auto exchange = world.get("EIO=4&transport=polling&t=abc");
  EXPECT_EQ(body(exchange),
            R"(0{"sid":")" + FakeWorld::sid_in(exchange->response()->body) +
                R"(","upgrades":["websocket"],"pingInterval":25000,"pingTimeout":20000,)"
                R"("maxPayload":1000000})");
  EXPECT_EQ(world.shards.on(0, [&] { return world.server.links(); }), 2U);
}

TEST_F(PollingTest, APollWaitsUntilSomethingIsThere) {
  join();
  const auto waiting = poll();
  EXPECT_EQ(body(waiting), "(none)");
  EXPECT_EQ(body(post(R"(42["echo",1,"x"])")), "ok");
  EXPECT_EQ(body(waiting), R"(42["echoed",1,"x"])");
}

TEST_F(PollingTest, BinaryGoesBothWaysWithinOnePayload) {
  join();
  const auto waiting = poll();
  EXPECT_EQ(body(post("451-[\"echo\",{\"_placeholder\":true,\"num\":0}]\x1e"
                      "bAQID")),
            "ok");
  EXPECT_EQ(body(waiting),
            "451-[\"echoed\",{\"_placeholder\":true,\"num\":0}]\x1e"
            "bAQID");
}

TEST_F(PollingTest, ABodyRefusedBeforeItCameEndsItsSessionOnlyIfItWasTooLarge) {
  http::Request head;
  head.method = "POST";
  head.target = "/socket.io/?" + poll_query(sid);
  const auto refuse = [&](unsigned status) {
    return world.shards.on(0, [&] { return world.server.refuse_body(head, status); });
  };
  EXPECT_EQ(refuse(408).status, 408U);
  world.shards.run();
  const auto waiting = poll();
  EXPECT_EQ(body(waiting), "(none)");
  const auto response = refuse(413);
  EXPECT_EQ(response.status, 413U);
  EXPECT_EQ(response.body, "");
  EXPECT_EQ(body(waiting), "1");
  EXPECT_TRUE(is_gone());
}

TEST_F(PollingTest, ABodyRefusedForNobodyIsOnlyRefused) {
  http::Request head;
  head.method = "POST";
  for (const auto* const query : {"", "EIO=4&transport=polling", "EIO=4&transport=polling&sid=x",
                                  "EIO=4&transport=polling&sid=AAAAAAAAAAAAAAAAAAAA"}) {
    head.target = std::string("/socket.io/?") + query;
    EXPECT_EQ(world.shards.on(0, [&] { return world.server.refuse_body(head, 413).status; }), 413U);
  }
  EXPECT_EQ(body(poll()), "(none)");
}

TEST_F(PollingTest, OneResponseHoldsAtMostSixteenPackets) {
  join();
  std::string burst;
  for (int i = 0; i < 20; ++i) {
    if (i > 0) burst += '\x1e';
    burst += R"(42["echo",)" + std::to_string(i) + "]";
  }
  EXPECT_EQ(body(post(burst)), "ok");
  const auto split = counters::polls_split.value();
  const auto first = body(poll());
  EXPECT_EQ(std::ranges::count(first, '\x1e'), 15);
  EXPECT_EQ(counters::polls_split.value(), split + 1);
  const auto second = body(poll());
  EXPECT_EQ(std::ranges::count(second, '\x1e'), 3);
  EXPECT_THAT(second, StartsWith(R"(42["echoed",16])"));
}

TEST_F(PollingTest, APingIsAPacketLikeOthersAndItsPongKeepsTheSession) {
  join();
  const auto waiting = poll();
  world.clock.advance(Milliseconds(25'000));
  EXPECT_EQ(body(waiting), "2");
  world.clock.advance(Milliseconds(19'999));
  EXPECT_EQ(body(post("3")), "ok");
  world.clock.advance(Milliseconds(24'999));
  EXPECT_FALSE(is_gone());
}

TEST_F(PollingTest, APingGoesAheadOfABacklog) {
  join();
  std::string burst = R"(42["echo",0])";
  for (int i = 1; i < 40; ++i) burst += "\x1e" + std::string(R"(42["echo",0])");
  EXPECT_EQ(body(post(burst)), "ok");
  world.clock.advance(Milliseconds(25'000));
  EXPECT_THAT(body(poll()), StartsWith("2\x1e"));
}

TEST_F(PollingTest, ASessionThatNeverPollsIsReaped) {
  world.clock.advance(Milliseconds(44'999));
  EXPECT_EQ(world.shards.on(0, [&] { return world.server.links(); }), 1U);
  world.clock.advance(Milliseconds(1));
  EXPECT_EQ(world.shards.on(0, [&] { return world.server.links(); }), 0U);
}

TEST_F(PollingTest, ALateTimerLetsNobodyLiveLonger) {
  world.clock.advance(Milliseconds(25'000));
  world.clock.advance_without_timers(Milliseconds(20'000));
  const auto exchange = poll();
  EXPECT_EQ(body(exchange), R"({"code":1,"message":"Session ID unknown"})");
  EXPECT_EQ(exchange->response()->status, 400U);
}

TEST_F(PollingTest, ASecondPollEndsTheSession) {
  const auto first = poll();
  const auto second = poll();
  EXPECT_EQ(body(first), "1");
  EXPECT_EQ(status(second), 400U);
  EXPECT_EQ(body(second), "");
  EXPECT_TRUE(is_gone());
}

TEST_F(PollingTest, AnAbortedPollEndsTheSession) {
  poll()->abort();
  EXPECT_TRUE(is_gone());
}

TEST_F(PollingTest, ACloseByPostAnswersThePollWithANoop) {
  const auto waiting = poll();
  EXPECT_EQ(body(post("1")), "ok");
  EXPECT_EQ(body(waiting), "6");
  EXPECT_TRUE(is_gone());
}

class PollingFaultTest : public PollingTest, public testing::WithParamInterface<std::string> {};

TEST_P(PollingFaultTest, EndsTheSessionAndTellsTheParkedPoll) {
  join();
  const auto waiting = poll();
  EXPECT_EQ(status(post(GetParam())), 400U);
  EXPECT_EQ(body(waiting), "1");
  EXPECT_TRUE(is_gone());
}

INSTANTIATE_TEST_SUITE_P(Payloads, PollingFaultTest,
                         testing::Values("", "\x1e", "4\x1e", "abc", "2", "2probe", "40",
                                         "42[\"connect\"]", "44{}", "42/other,[\"x\"]",
                                         "450-[\"m\"]", "bAQID", "42[{}]"));

TEST_F(PollingTest, OctetStreamsAreAnsweredAndRefused) {
  auto request = FakeWorld::request("POST", poll_query(sid));
  request.headers.push_back({"Content-Type", "Application/Octet-Stream"});
  request.body = "40";
  const auto exchange = world.ask(std::move(request));
  EXPECT_EQ(status(exchange), 400U);
  EXPECT_EQ(body(exchange), "");
  EXPECT_TRUE(is_gone());
}

TEST_F(PollingTest, ABodyOfExactlyTheLimitPassesAndOneMoreByteEndsTheSession) {
  join();
  const std::string frame = R"(42["echo",""])";
  std::string packet = R"(42["echo",")" + std::string(1'000'000 - frame.size(), 'x') + R"("])";
  EXPECT_EQ(status(post(packet)), 200U);
  packet.insert(packet.size() - 2, "x");
  EXPECT_EQ(status(post(packet)), 413U);
  EXPECT_TRUE(is_gone());
}

TEST_F(PollingTest, WithoutAParkedPollACloseWaitsForTheNext) {
  join();
  world.shards.on(0, [&] { world.server.close_links(CloseReason::server_shutting_down); });
  EXPECT_EQ(body(poll()),
            "6\x1e"
            "1");
  EXPECT_TRUE(is_gone());
}

TEST_F(PollingTest, AParkedPollHearsTheCloseAtOnce) {
  join();
  const auto waiting = poll();
  world.shards.on(0, [&] { world.server.close_links(CloseReason::server_shutting_down); });
  EXPECT_EQ(body(waiting), "1");
  EXPECT_TRUE(is_gone());
}

TEST_F(PollingTest, ACloseComesBehindWhatIsQueuedInAResponseOfItsOwn) {
  join();
  const auto waiting = poll();
  world.shards.on(0, [&] {
    world.server.for_each("/", [](Socket& socket) {
      socket.emit("last", "1");
      socket.disconnect(true);
    });
  });
  EXPECT_EQ(body(waiting),
            "42[\"last\",1]\x1e"
            "41");
  EXPECT_EQ(body(poll()),
            "6\x1e"
            "1");
  EXPECT_TRUE(is_gone());
}

TEST_F(PollingTest, ARememberedCloseIsGivenUp) {
  join();
  world.shards.on(0, [&] { world.server.close_links(CloseReason::server_shutting_down); });
  world.clock.advance(Milliseconds(30'000));
  EXPECT_EQ(world.shards.on(0, [&] { return world.server.links(); }), 0U);
}

TEST_F(PollingTest, WithoutANamespaceALinkIsClosed) {
  const auto waiting = poll();
  world.clock.advance(Milliseconds(25'000));
  EXPECT_EQ(body(waiting), "2");
  EXPECT_EQ(body(post("3")), "ok");
  const auto last = poll();
  world.clock.advance(Milliseconds(20'000));
  EXPECT_EQ(body(last), "1");
}

TEST_F(PollingTest, OtherMethodsLeaveTheSessionAlone) {
  EXPECT_EQ(status(world.ask(FakeWorld::request("PUT", poll_query(sid)))), 405U);
  join();
}

}  // namespace
}  // namespace knotos::server
