#include "recovering_client.hpp"

#include "server/counters.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace knotos::server {
namespace {

using test::FakeWorld;
using test::RecoveringClient;
using testing::ElementsAre;
using testing::IsEmpty;
using testing::StartsWith;

Options recovering(std::size_t log_events_max = 1'000) {
  Options options;
  options.recovery.is_on = true;
  options.recovery.log_events_max = log_events_max;
  return options;
}

class RecoveryTest : public testing::Test {
 protected:
  explicit RecoveryTest(Options options = recovering(), std::size_t shards = 1)
      : world(shards, std::move(options)) {
    root.on_connection([this](Socket& socket) {
      handles.push_back(socket.handle());
      recovered.push_back(socket.recovered());
    });
    root.on_end([this](Socket& socket, CloseReason) { kept.push_back(socket.is_kept()); });
    root.on_session_over([this](const KeptSession&, SessionOver why) { overs.push_back(why); });
    root.on("join", [](Socket& socket, Event event) { socket.join(event.argument(0)); });
    root.on("leave", [](Socket& socket, Event event) { socket.leave(event.argument(0)); });
  }

  RecoveringClient client(std::size_t shard = 0) {
    RecoveringClient made(world);
    made.connect(shard);
    static_cast<void>(made.take_events());
    return made;
  }
  void come_back(RecoveringClient& client, std::size_t shard = 0) {
    client.connect(shard);
    world.shards.run();
    client.read();
  }
  /// To everybody, or in a room.
  void say(std::string_view argument, std::string_view room = {}, std::size_t shard = 0) {
    world.shards.on(shard, [&] {
      const auto everybody = world.server.in("/");
      EXPECT_TRUE((room.empty() ? everybody : everybody.to(room)).emit("said", argument));
    });
    world.shards.run();
  }
  Socket& socket(std::size_t index) { return *world.server.find(handles.at(index)); }
  std::size_t links(std::size_t shard = 0) {
    return world.shards.on(shard, [&] { return world.server.links(); });
  }

  FakeWorld world;
  Namespace& root = world.server.of("/");
  std::vector<SocketHandle> handles;
  std::vector<bool> recovered;
  std::vector<bool> kept;
  std::vector<SessionOver> overs;
};

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

TEST_F(RecoveryTest, ASessionIsGoodOnce) {
  auto ann = client();
  say("1");
  static_cast<void>(ann.take_events());
  auto thief = ann;
  const auto id = ann.id;
  ann.lose();
  come_back(ann);
  EXPECT_TRUE(ann.is_recovered);
  // The same pid again takes the live one over: never two.
  come_back(thief);
  EXPECT_TRUE(thief.is_recovered);
  EXPECT_EQ(thief.id, id);
  EXPECT_TRUE(ann.socket().peer().is_closed());
  EXPECT_EQ(links(), 1U);
  world.shards.on(0, [&] {
    std::size_t sockets = 0;
    world.server.for_each("/", [&](Socket&) { ++sockets; });
    EXPECT_EQ(sockets, 1U);
  });
}

TEST_F(RecoveryTest, AHalfOpenLinkIsTakenOver) {
  auto ann = client();
  say("1");
  static_cast<void>(ann.take_events());
  say("2");  // It never arrives: the client has gone, and the server does not know.
  const auto taken_over = counters::sessions_taken_over.value();
  come_back(ann);
  EXPECT_TRUE(ann.is_recovered);
  EXPECT_THAT(ann.take_events(), ElementsAre(R"(42["said",2])"));
  EXPECT_EQ(links(), 1U);
  EXPECT_EQ(counters::sessions_taken_over.value(), taken_over + 1);
}

TEST_F(RecoveryTest, ADisconnectFromEitherSideIsForGood) {
  root.on("kick", [](Socket& socket, Event) { socket.disconnect(); });
  root.on("kick all", [](Socket& socket, Event) { socket.disconnect(true); });
  for (const auto* const packet : {"41", R"(42["kick"])", R"(42["kick all"])"}) {
    auto ann = client();
    const auto pid = ann.pid;
    ann.socket().send(packet);
    world.shards.run();
    ann.lose();
    come_back(ann);
    EXPECT_NE(ann.pid, pid) << packet;
  }
  EXPECT_THAT(kept, ElementsAre(false, false, false));
}

TEST_F(RecoveryTest, EveryOtherEndMayBeRecovered) {
  for (int how = 0; how < 5; ++how) {
    auto ann = client();
    say("1");
    static_cast<void>(ann.take_events());
    if (how == 0) ann.lose(LinkEnd::closed_by_peer);
    if (how == 1) ann.lose(LinkEnd::failed);
    if (how == 2) ann.socket().send("4nonsense");
    if (how == 3) world.clock.advance(Milliseconds(45'000));
    if (how == 4) {
      world.shards.on(0, [&] { world.server.close_links(CloseReason::server_shutting_down); });
    }
    world.shards.run();
    EXPECT_EQ(links(), 0U) << how;
    say("2");
    come_back(ann);
    EXPECT_TRUE(ann.is_recovered) << how;
    EXPECT_THAT(ann.take_events(), ElementsAre(R"(42["said",2])")) << how;
    world.shards.on(0, [&] { socket(handles.size() - 1).disconnect(true); });
    world.shards.run();
  }
}

TEST_F(RecoveryTest, AdmissionIsAskedAgainAndMayRefuse) {
  bool is_banned = false;
  root.admit([&](SocketHandle, const Handshake&, auto done) {
    done(is_banned ? std::optional(Refusal{.message = "banned"}) : std::nullopt);
  });
  auto ann = client();
  ann.lose();
  is_banned = true;
  come_back(ann);
  EXPECT_FALSE(ann.is_connected());
  EXPECT_THAT(ann.take_events(), ElementsAre(R"(44{"message":"banned"})"));
}

TEST_F(RecoveryTest, TheApplicationMayRefuseARecoveryNowOrLaterOrByForgetting) {
  std::vector<std::move_only_function<void(bool)>> waiting;
  std::vector<std::string> rooms;
  root.on_recovery([&](SocketHandle, KeptSession& session, auto done) {
    rooms = session.rooms;
    waiting.push_back(std::move(done));
  });
  for (int answer = 0; answer < 3; ++answer) {
    auto ann = client();
    world.shards.on(0, [&] { socket(handles.size() - 1).join("room"); });
    const auto pid = ann.pid;
    ann.lose();
    say("1", "room");
    come_back(ann);
    EXPECT_FALSE(ann.is_connected());
    EXPECT_THAT(rooms, ElementsAre("room"));
    say("2", "room");
    world.shards.on(0, [&] {
      if (answer < 2) waiting.back()(answer == 0);
      waiting.clear();
    });
    const auto events = ann.take_events();
    EXPECT_TRUE(ann.is_connected());
    EXPECT_EQ(ann.pid == pid, answer == 0);
    if (answer == 0) {
      EXPECT_THAT(events, ElementsAre(R"(42["said",1])", R"(42["said",2])"));
    } else {
      EXPECT_THAT(events, IsEmpty());
    }
  }
  EXPECT_THAT(overs,
              ElementsAre(SessionOver::recovered, SessionOver::dropped, SessionOver::dropped));
}

TEST_F(RecoveryTest, WhoeverWasExceptedMissesNothing) {
  auto ann = client();
  auto bob = client();
  world.shards.on(0, [&] {
    socket(0).join("muted");
    socket(0).emit("sync", "0");
  });
  static_cast<void>(ann.take_events());
  world.shards.on(0, [&] {
    socket(0).broadcast().emit("said", R"("by ann")");
    world.server.in("/").except("muted").emit("said", R"("not to the muted")");
    world.server.in("/").except("others").emit("said", R"("to ann")");
  });
  ann.lose();
  come_back(ann);
  EXPECT_TRUE(ann.is_recovered);
  EXPECT_THAT(ann.take_events(), ElementsAre(R"(42["said","to ann"])"));
}

TEST_F(RecoveryTest, RoomsCountAsTheyWereWhenTheEventWasSent) {
  auto ann = client();
  say("0");
  static_cast<void>(ann.take_events());
  say("1", "late");
  world.shards.on(0, [&] { socket(0).join("late"); });
  say("2", "late");
  world.shards.on(0, [&] { socket(0).leave("late"); });
  say("3", "late");
  world.shards.on(0, [&] { socket(0).join("late"); });
  ann.lose();
  say("4", "late");
  come_back(ann);
  EXPECT_TRUE(ann.is_recovered);
  EXPECT_THAT(ann.take_events(), ElementsAre(R"(42["said",2])", R"(42["said",4])"));
}

TEST_F(RecoveryTest, WhereManyRoomsChangedItIsNotKnownWhoWasMeant) {
  auto ann = client();
  say("0");
  static_cast<void>(ann.take_events());
  for (int i = 0; i < 20; ++i) {
    world.shards.on(0, [&] { socket(0).join("room" + std::to_string(i)); });
    say("1", "elsewhere");
  }
  say("2", ann.id);  // It never arrives.
  ann.lose();
  come_back(ann);
  EXPECT_TRUE(ann.is_connected());
  EXPECT_FALSE(ann.is_recovered);
}

TEST_F(RecoveryTest, WhatWasDroppedForASlowReaderIsNotRecovered) {
  root.on_overflow([](Socket& socket) { socket.emit("resync", "1", PacketClass::control); });
  auto ann = client();
  say("0");
  static_cast<void>(ann.take_events());
  ann.socket().peer().take_only(0);
  const auto much = '"' + std::string(600'000, 'x') + '"';
  for (int i = 0; i < 3; ++i) say(much);
  ann.lose();
  come_back(ann);
  EXPECT_TRUE(ann.is_connected());
  EXPECT_FALSE(ann.is_recovered);
}

TEST_F(RecoveryTest, AReplayThatWouldNotFitIsNone) {
  auto ann = client();
  say("0");
  static_cast<void>(ann.take_events());
  ann.lose();
  const auto much = '"' + std::string(600'000, 'x') + '"';
  for (int i = 0; i < 3; ++i) say(much);
  come_back(ann);
  EXPECT_TRUE(ann.is_connected());
  EXPECT_FALSE(ann.is_recovered);
  EXPECT_THAT(ann.take_events(), IsEmpty());
}

TEST_F(RecoveryTest, AfterTwoMinutesItIsOver) {
  auto ann = client();
  auto bob = client();
  ann.lose();
  bob.lose();
  world.shards.run();
  world.clock.advance(Milliseconds(119'999));
  come_back(ann);
  EXPECT_TRUE(ann.is_recovered);
  world.clock.advance(Milliseconds(2));
  come_back(bob);
  EXPECT_FALSE(bob.is_recovered);
  EXPECT_THAT(overs, ElementsAre(SessionOver::recovered, SessionOver::expired));
}

TEST_F(RecoveryTest, WhatIsKeptIsDroppedWithThoseWhoAreDisconnected) {
  auto ann = client();
  world.shards.on(0, [&] { socket(0).join("banned"); });
  ann.lose();
  world.shards.run();
  world.shards.on(0, [&] { world.server.in("/").to("banned").disconnect_sockets(); });
  EXPECT_THAT(overs, ElementsAre(SessionOver::dropped));
  come_back(ann);
  EXPECT_FALSE(ann.is_recovered);
}

TEST_F(RecoveryTest, TheOldestSessionsGoWhenThereAreTooMany) {
  auto options = recovering();
  options.recovery.sessions_max = 2;
  FakeWorld small(1, options);
  static_cast<void>(small.server.of("/"));
  std::vector<RecoveringClient> clients;
  for (int i = 0; i < 3; ++i) {
    clients.emplace_back(small).connect();
    static_cast<void>(clients.back().take_events());
  }
  for (auto& client : clients) {
    client.lose();
    small.shards.run();
  }
  for (auto& client : clients) {
    client.connect();
    static_cast<void>(client.take_events());
  }
  EXPECT_FALSE(clients[0].is_recovered);
  EXPECT_TRUE(clients[1].is_recovered);
  EXPECT_TRUE(clients[2].is_recovered);
}

TEST_F(RecoveryTest, AnotherNamespacesSessionIsNotToBeHad) {
  static_cast<void>(world.server.of("/other"));
  auto ann = client();
  ann.lose();
  auto socket = world.open_websocket();
  socket.send("40/other," + ann.connect_packet().substr(2));
  world.shards.run();
  EXPECT_THAT(socket.take_texts(), ElementsAre(StartsWith(R"(40/other,{"sid":)")));
  come_back(ann);
  EXPECT_TRUE(ann.is_recovered);
}

TEST_F(RecoveryTest, ASessionThatIsGivenMayBeLostAgainBeforeItArrives) {
  auto ann = client();
  ann.lose();
  ann.connect();
  ann.lose();
  world.shards.run();
  come_back(ann);
  EXPECT_TRUE(ann.is_recovered);
}

class RecoveryAcrossShardsTest : public RecoveryTest {
 protected:
  RecoveryAcrossShardsTest() : RecoveryTest(recovering(), 3) {
    // A namespace has its log from its first socket on.
    for (std::size_t shard = 0; shard < 3; ++shard) watchers.push_back(client(shard));
  }
  std::vector<RecoveringClient> watchers;
};

TEST_F(RecoveryAcrossShardsTest, ASessionFollowsItsClientFromShardToShard) {
  auto ann = client(0);
  world.shards.on(0, [&] {
    socket(3).set_data(std::make_shared<int>(7));
    socket(3).join("room");
  });
  const auto id = ann.id;
  std::size_t number = 0;
  for (const std::size_t shard : {1U, 2U, 0U, 0U, 2U, 2U, 1U, 0U}) {
    const auto live = std::to_string(++number);
    say(live, "room", number % 3);
    EXPECT_THAT(ann.take_events(), ElementsAre(R"(42["said",)" + live + "]"));
    ann.lose();
    const auto lost = std::to_string(++number);
    say(lost, "room", number % 3);
    come_back(ann, shard);
    EXPECT_TRUE(ann.is_recovered);
    EXPECT_EQ(ann.id, id);
    EXPECT_THAT(ann.take_events(), ElementsAre(R"(42["said",)" + lost + "]"));
    world.shards.on(shard, [&] {
      EXPECT_EQ(*std::static_pointer_cast<int>(socket(handles.size() - 1).data()), 7);
      world.server.in("/").to(id).emit("you", "1");
    });
    EXPECT_THAT(ann.take_events(), ElementsAre(R"(42["you",1])"));
  }
}

TEST_F(RecoveryAcrossShardsTest, WhatWasReplayedAndNotReadIsReplayedAgain) {
  auto ann = client(0);
  ann.lose();
  say("1");
  for (const std::size_t shard : {1U, 2U, 0U}) {
    ann.connect(shard);
    world.shards.run();
    ann.lose();  // Before it has read a thing.
    say(std::to_string(shard + 10), {}, shard);
  }
  come_back(ann, 2);
  EXPECT_TRUE(ann.is_recovered);
  EXPECT_THAT(ann.take_events(), ElementsAre(R"(42["said",1])", R"(42["said",11])",
                                             R"(42["said",12])", R"(42["said",10])"));
}

TEST_F(RecoveryAcrossShardsTest, OfTwoWhoClaimItAtOnceOneHasItInTheEnd) {
  auto ann = client(0);
  ann.lose();
  auto thief = ann;
  ann.connect(1);
  thief.connect(2);
  world.shards.run();
  world.shards.on(0, [&] {
    world.server.in("/").to(ann.id).fetch_sockets([&](std::vector<SocketInfo> found) {
      EXPECT_EQ(found.size(), 1U);
      handles.push_back(found[0].handle);
    });
  });
  world.shards.run();
  EXPECT_EQ(links(1) + links(2), 3U);  // Two watchers, and the one.
  say("1", ann.id);
  EXPECT_EQ(ann.take_events().size() + thief.take_events().size(), 1U);
}

TEST_F(RecoveryAcrossShardsTest, ASessionOnItsWayToALinkThatEndsIsGivenUp) {
  auto ann = client(0);
  ann.lose();
  world.shards.run();
  ann.connect(1);
  ann.lose();
  come_back(ann, 2);
  EXPECT_TRUE(ann.is_connected());
  EXPECT_FALSE(ann.is_recovered);
}

TEST_F(RecoveryAcrossShardsTest, ASessionThatEndsElsewhereIsForgottenAtHome) {
  auto ann = client(0);
  ann.lose();
  come_back(ann, 1);
  ann.socket().send("41");
  world.shards.run();
  ann.lose();
  come_back(ann, 2);
  EXPECT_FALSE(ann.is_recovered);
}

}  // namespace
}  // namespace knotos::server
