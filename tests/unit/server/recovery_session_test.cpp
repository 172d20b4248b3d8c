#include "recovery_fixture.hpp"

#include "server/counters.hpp"

namespace knotos::server {
namespace {

using test::FakeWorld;
using test::RecoveringClient;
using testing::ElementsAre;
using testing::IsEmpty;
using testing::StartsWith;

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

}  // namespace
}  // namespace knotos::server
