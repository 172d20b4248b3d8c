#include "recovery_fixture.hpp"

namespace knotos::server {
namespace {

using test::FakeWorld;
using test::RecoveringClient;
using testing::ElementsAre;
using testing::IsEmpty;
using testing::StartsWith;

TEST_F(RecoveryTest, OffIsOff) {
  FakeWorld plain;
  static_cast<void>(plain.server.of("/"));
  auto client = plain.connect();
  EXPECT_THAT(client.take_texts(), ElementsAre(testing::Not(testing::HasSubstr("pid"))));
  plain.shards.on(0, [&] { plain.server.in("/").emit("said", "1"); });
  plain.shards.run();
  EXPECT_THAT(client.take_texts(), ElementsAre(R"(42["said",1])"));
}

TEST_F(RecoveryTest, EventsCarryOffsetsAndThoseThatAskForAnAckDoNot) {
  auto ann = client();
  EXPECT_EQ(ann.pid.size(), 20U);
  EXPECT_NE(ann.pid, ann.id);
  ann.raw.clear();
  world.shards.on(0, [&] {
    auto& socket = this->socket(0);
    socket.emit_volatile("vol", "0");
    socket.emit("a", "1");
    socket.emit("none");
    const std::string_view argument = R"({"_placeholder":true,"num":0})";
    const std::vector<std::string> attachments{"x"};
    socket.emit("bin", std::span(&argument, 1), PacketClass::durable, attachments);
    socket.ask("ask", {}, std::chrono::seconds(1), [](std::optional<Reply>) {});
  });
  world.shards.run();
  ann.read();
  // The volatile one says what was had before it.
  EXPECT_THAT(ann.raw,
              ElementsAre(R"(42["vol",0,"AAA"])", R"(42["a",1,"AAB"])", R"(42["none","AAC"])",
                          R"(451-["bin",{"_placeholder":true,"num":0},"AAD"])",
                          testing::MatchesRegex(R"(42[0-9]+\["ask"\])")));
}

TEST_F(RecoveryTest, ALostSocketComesBackWithIdRoomsDataAndWhatItMissed) {
  auto ann = client();
  world.shards.on(0, [&] {
    socket(0).set_data(std::make_shared<int>(7));
    socket(0).join("room");
  });
  say("1", "room");
  EXPECT_THAT(ann.take_events(), ElementsAre(R"(42["said",1])"));
  const auto id = ann.id;
  ann.lose();
  world.shards.run();
  EXPECT_THAT(kept, ElementsAre(true));
  say("2", "room");
  say("3", "other");
  say("4");
  ann.raw.clear();
  come_back(ann);
  EXPECT_TRUE(ann.is_recovered);
  EXPECT_EQ(ann.id, id);
  EXPECT_THAT(recovered, ElementsAre(false, true));
  ASSERT_EQ(ann.raw.size(), 3U);
  EXPECT_THAT(ann.raw[0], StartsWith("40{"));  // Before what was missed.
  EXPECT_THAT(ann.take_events(), ElementsAre(R"(42["said",2])", R"(42["said",4])"));
  EXPECT_TRUE(ann.offset);
  world.shards.on(0, [&] {
    EXPECT_EQ(*std::static_pointer_cast<int>(socket(1).data()), 7);
    EXPECT_THAT(socket(1).rooms(), ElementsAre(id, "room"));
    EXPECT_EQ(socket(1).id(), id);
  });
  say("5", "room");
  say("6", id);
  EXPECT_THAT(ann.take_events(), ElementsAre(R"(42["said",5])", R"(42["said",6])"));
  EXPECT_THAT(overs, ElementsAre(SessionOver::recovered));
}

TEST_F(RecoveryTest, WhatWasQueuedAndNeverReadIsMissedToo) {
  auto ann = client();
  say("1");
  ann.socket().peer().take_only(0);
  say("2");
  ann.read();
  ann.lose();
  say("3");
  come_back(ann);
  EXPECT_TRUE(ann.is_recovered);
  EXPECT_THAT(ann.take_events(),
              ElementsAre(R"(42["said",1])", R"(42["said",2])", R"(42["said",3])"));
}

TEST_F(RecoveryTest, WithoutAnOffsetEverythingSinceTheStartIsReplayed) {
  say("before");
  auto ann = client();
  ann.lose();
  say("1");
  EXPECT_FALSE(ann.offset);
  come_back(ann);
  EXPECT_TRUE(ann.is_recovered);
  EXPECT_THAT(ann.take_events(), ElementsAre(R"(42["said",1])"));
}

TEST_F(RecoveryTest, AVolatileEventDoesNotPoisonTheOffset) {
  auto ann = client();
  say("1");
  world.shards.on(0, [&] { socket(0).emit_volatile("vol", R"("text")"); });
  EXPECT_THAT(ann.take_events(), ElementsAre(R"(42["said",1])", R"(42["vol","text"])"));
  ann.lose();
  say("2");
  come_back(ann);
  EXPECT_TRUE(ann.is_recovered);
  EXPECT_THAT(ann.take_events(), ElementsAre(R"(42["said",2])"));
}

TEST_F(RecoveryTest, AGreetingIsNotReplayedAndItsOffsetIsGood) {
  auto ann = client();
  world.shards.on(0, [&] { socket(0).greet("ready", "1"); });
  EXPECT_THAT(ann.take_events(), ElementsAre(R"(42["ready",1])"));
  EXPECT_TRUE(ann.offset);
  ann.lose();
  say("1");
  come_back(ann);
  EXPECT_TRUE(ann.is_recovered);
  EXPECT_THAT(ann.take_events(), ElementsAre(R"(42["said",1])"));
  world.shards.on(0, [&] { socket(1).greet("ready", "2"); });
  ann.lose();  // It was never read.
  come_back(ann);
  EXPECT_TRUE(ann.is_recovered);
  EXPECT_THAT(ann.take_events(), ElementsAre());
}

TEST_F(RecoveryTest, OffsetsThatMakeNoSenseBeginAnew) {
  for (const auto* const bad : {"", "A", "AAz", "AA!", "ABB", "AAAB", "nonsense", "AA99999999999",
                                "AAAAAAAAAAAAAAAAAAAA"}) {
    auto ann = client();
    say("1");
    static_cast<void>(ann.take_events());
    const auto pid = ann.pid;
    ann.lose();
    ann.offset = bad;
    come_back(ann);
    EXPECT_TRUE(ann.is_connected()) << bad;
    EXPECT_NE(ann.pid, pid) << bad;
    EXPECT_THAT(ann.take_events(), IsEmpty()) << bad;
  }
}

TEST_F(RecoveryTest, KeysOfTheApplicationAreNoFault) {
  for (const auto* const packet :
       {R"(40{"pid":7})", R"(40{"pid":"x","offset":{}})", R"(40{"pid":"__proto__","offset":"1"})",
        R"(40{"offset":"AAB"})", R"(40{"a":{"pid":"AAAAAAAAAAAAAAAAAAAA"}})"}) {
    auto socket = world.open_websocket();
    socket.send(packet);
    world.shards.run();
    EXPECT_THAT(socket.take_texts(), ElementsAre(StartsWith(R"(40{"sid":)"))) << packet;
  }
}

TEST_F(RecoveryTest, AnOldOffsetIsGoodWhileNothingWasForTheSocket) {
  FakeWorld small(1, recovering(3));
  auto& names = small.server.of("/");
  names.on_connection([](Socket& socket) { socket.join("quiet"); });
  const auto speak = [&](std::string_view room) {
    small.shards.on(0, [&] { small.server.in("/").to(room).emit("said", "1"); });
    small.shards.run();
  };
  RecoveringClient ann(small);
  ann.connect();
  static_cast<void>(ann.take_events());
  speak("quiet");
  EXPECT_EQ(ann.take_events().size(), 1U);
  for (int i = 0; i < 10; ++i) speak("loud");
  ann.lose();
  speak("loud");
  speak("quiet");
  ann.connect();
  EXPECT_EQ(ann.take_events().size(), 1U);
  EXPECT_TRUE(ann.is_recovered);
  // But where the log has let go of what came after the loss, nobody knows.
  ann.lose();
  for (int i = 0; i < 4; ++i) speak("loud");
  ann.connect();
  EXPECT_THAT(ann.take_events(), IsEmpty());
  EXPECT_TRUE(ann.is_connected());
  EXPECT_FALSE(ann.is_recovered);
}

}  // namespace
}  // namespace knotos::server
