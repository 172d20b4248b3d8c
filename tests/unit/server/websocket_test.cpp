#include "support/fake_client.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace knotos::server {
namespace {

using test::FakeWorld;
using test::Frame;
using testing::ElementsAre;
using testing::IsEmpty;
using testing::StartsWith;

std::size_t links_of(FakeWorld& world, std::size_t shard = 0) {
  return world.shards.on(shard, [&] { return world.server.links(); });
}

class WebSocketTest : public testing::Test {
 protected:
  WebSocketTest() {
    world.server.of("/").on("echo", [](Socket& socket, Event event) {
      socket.emit("echoed", event.size() > 0 ? event.argument(0) : "null");
    });
  }
  FakeWorld world;
};

TEST_F(WebSocketTest, OpensWithOneGatheredWriteOf101AndTheOpenPacket) {
  test::FakeWebSocket client(world.upgrade("EIO=4&transport=websocket")->peer());
  world.shards.run();
  EXPECT_EQ(client.peer().writes().size(), 1U);
  const auto texts = client.take_texts();
  EXPECT_THAT(client.response(), StartsWith("HTTP/1.1 101 "));
  EXPECT_THAT(texts, ElementsAre(testing::HasSubstr(R"("upgrades":[])")));
}

TEST_F(WebSocketTest, WhatATurnQueuesIsOneWrite) {
  auto client = world.connect();
  static_cast<void>(client.take());
  const auto writes = client.peer().writes().size();
  client.peer().send(test::client_frame(1, R"(42["echo",1])") +
                     test::client_frame(1, R"(42["echo",2])") +
                     test::client_frame(1, R"(42["echo",3])"));
  world.shards.run();
  EXPECT_EQ(client.peer().writes().size(), writes + 1);
  EXPECT_THAT(client.take_texts(),
              ElementsAre(R"(42["echoed",1])", R"(42["echoed",2])", R"(42["echoed",3])"));
}

TEST_F(WebSocketTest, APingFrameIsAnsweredWithItsPayload) {
  auto client = world.connect();
  static_cast<void>(client.take());
  client.send_ping("are you there");
  world.shards.run();
  EXPECT_THAT(client.take(), ElementsAre(Frame{10, "are you there"}));
}

TEST_F(WebSocketTest, APongFrameGoesBetweenPacketsNeverInsideOne) {
  auto client = world.connect();
  static_cast<void>(client.take());
  client.peer().take_only(5);
  client.send(R"(42["echo","first"])");
  client.send(R"(42["echo","second"])");
  world.shards.run();
  client.send_ping("p");
  world.shards.run();
  client.peer().take_more();
  world.shards.run();
  EXPECT_THAT(client.take(), ElementsAre(Frame{1, R"(42["echoed","first"])"}, Frame{10, "p"},
                                         Frame{1, R"(42["echoed","second"])"}));
}

TEST_F(WebSocketTest, AnyPartialWriteYieldsTheSameBytes) {
  for (std::size_t step = 1; step < 40; ++step) {
    auto client = world.connect();
    static_cast<void>(client.take());
    client.peer().take_only(step);
    for (int i = 0; i < 3; ++i) client.send(R"(42["echo","abcdefghij"])");
    world.shards.run();
    for (int i = 0; i < 120; ++i) client.peer().take_more(step);
    EXPECT_THAT(client.take_texts(),
                ElementsAre(R"(42["echoed","abcdefghij"])", R"(42["echoed","abcdefghij"])",
                            R"(42["echoed","abcdefghij"])"));
  }
}

TEST_F(WebSocketTest, ACloseFrameIsAnsweredAndEndsTheLink) {
  auto client = world.connect();
  static_cast<void>(client.take());
  client.send_close();
  world.shards.run();
  EXPECT_THAT(client.take(), ElementsAre(Frame{8, ""}));
  EXPECT_TRUE(client.peer().is_closed());
  EXPECT_FALSE(client.peer().is_cut());
  EXPECT_EQ(links_of(world), 0U);
}

class WebSocketFaultTest : public WebSocketTest, public testing::WithParamInterface<std::string> {};

TEST_P(WebSocketFaultTest, ClosesTheLink) {
  auto client = world.connect();
  client.peer().send(GetParam());
  world.shards.run();
  EXPECT_TRUE(client.peer().is_closed());
  EXPECT_EQ(links_of(world), 0U);
}

INSTANTIATE_TEST_SUITE_P(Frames, WebSocketFaultTest,
                         testing::Values(test::client_frame(1, ""), test::client_frame(1, "1"),
                                         test::client_frame(1, "2"),
                                         test::client_frame(1, "2probe"),
                                         test::client_frame(1, "x"), test::client_frame(1, "4\xff"),
                                         test::client_frame(2, "bytes that nobody announced"),
                                         std::string("\x81\x01x"), test::client_frame(1, "40"),
                                         test::client_frame(1, "43[]"),
                                         test::client_frame(1, R"(42["disconnecting"])"),
                                         test::client_frame(1, std::string(1'000'001, '4'))));

TEST_F(WebSocketTest, WhatTheProtocolIgnoresIsIgnored) {
  auto client = world.connect();
  static_cast<void>(client.take());
  for (const auto* const packet : {"3", "6", "5", "0"}) client.send(packet);
  client.send(R"(42["nobody listens"])");
  client.send(R"(4399[1])");
  world.shards.run();
  EXPECT_THAT(client.take(), IsEmpty());
  EXPECT_EQ(links_of(world), 1U);
}

TEST_F(WebSocketTest, ASilentClientIsReapedAndCut) {
  auto client = world.connect();
  static_cast<void>(client.take());
  world.clock.advance(Milliseconds(25'000));
  EXPECT_THAT(client.take_texts(), ElementsAre("2"));
  world.clock.advance(Milliseconds(20'000));
  EXPECT_EQ(links_of(world), 0U);
  EXPECT_TRUE(client.peer().is_cut());
  EXPECT_EQ(world.clock.waiting(), 0U);
}

TEST_F(WebSocketTest, BadOpeningsAreRefusedBefore101InPlainText) {
  for (const auto* const query :
       {"EIO=3&transport=websocket", "transport=websocket", "EIO=4&transport=polling",
        "EIO=4&transport=constructor", "EIO=4&transport=websocket&sid=__proto__"}) {
    const auto exchange = world.upgrade(query);
    world.shards.run();
    ASSERT_TRUE(exchange->response()) << query;
    EXPECT_EQ(exchange->response()->status, 400U) << query;
    EXPECT_THAT(exchange->response()->body, testing::Not(StartsWith("{"))) << query;
  }
}

TEST_F(WebSocketTest, ClosingWritesWhatWaitsThenGoingAwayThenEnds) {
  auto client = world.connect();
  static_cast<void>(client.take());
  client.peer().take_only(0);
  client.send(R"(42["echo",1])");
  world.shards.run();
  world.shards.on(0, [&] { world.server.close_links(CloseReason::server_shutting_down); });
  world.shards.run();
  EXPECT_FALSE(client.peer().is_closed());
  client.peer().take_more();
  world.shards.run();
  EXPECT_THAT(client.take(), ElementsAre(Frame{1, R"(42["echoed",1])"}, Frame{8, "\x03\xe9"}));
  EXPECT_TRUE(client.peer().is_closed());
  EXPECT_FALSE(client.peer().is_cut());
}

TEST_F(WebSocketTest, AReaderThatTakesNothingIsCutAfterTheFlushTimeout) {
  auto client = world.connect();
  client.peer().take_only(0);
  client.send(R"(42["echo",1])");
  world.shards.run();
  world.shards.on(0, [&] { world.server.close_links(CloseReason::server_shutting_down); });
  world.clock.advance(Milliseconds(4'999));
  EXPECT_EQ(links_of(world), 1U);
  world.clock.advance(Milliseconds(1));
  EXPECT_EQ(links_of(world), 0U);
  EXPECT_TRUE(client.peer().is_cut());
}

TEST_F(WebSocketTest, WhileDrainingHandshakesAreAnswered503) {
  auto client = world.connect();
  world.server.stop_accepting();
  const auto exchange = world.get("EIO=4&transport=polling");
  EXPECT_EQ(exchange->response()->status, 503U);
  EXPECT_EQ(world.upgrade("EIO=4&transport=websocket")->response()->status, 503U);
  static_cast<void>(client.take());
  client.send(R"(42["echo",1])");
  world.shards.run();
  EXPECT_THAT(client.take_texts(), ElementsAre(R"(42["echoed",1])"));
}

TEST_F(WebSocketTest, Base64ClientsGetBinaryAsText) {
  world.server.of("/").on("bin", [](Socket& socket, Event) {
    const std::vector<std::string> attachments{"\x01\x02\x03"};
    const std::string_view argument = R"({"_placeholder":true,"num":0})";
    socket.send(
        make_event("/", "data", std::span(&argument, 1), PacketClass::durable, attachments));
  });
  test::FakeWebSocket client(world.upgrade("EIO=4&transport=websocket&b64=1")->peer());
  client.send("40");
  client.send(R"(42["bin"])");
  world.shards.run();
  const auto texts = client.take_texts();
  ASSERT_EQ(texts.size(), 4U);
  EXPECT_EQ(texts[3], "bAQID");
}

}  // namespace
}  // namespace knotos::server
