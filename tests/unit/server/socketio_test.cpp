#include "support/fake_client.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <set>

namespace knotos::server {
namespace {

using test::FakeWebSocket;
using test::FakeWorld;
using testing::ElementsAre;
using testing::IsEmpty;
using testing::MatchesRegex;
using testing::StartsWith;

using Done = std::move_only_function<void(std::optional<Refusal>)>;

class SocketIoTest : public testing::Test {
 protected:
  static Options options() {
    Options options;
    options.inbox_events_max = 4;
    options.namespaces_per_link_max = 3;
    options.connects_refused_max = 4;
    return options;
  }

  /// What the client has received since it was last asked.
  std::vector<std::string> texts(FakeWebSocket& client) {
    world.shards.run();
    return client.take_texts();
  }
  void record_ends(std::string_view name_space) {
    world.server.of(name_space).on_end([this](Socket& socket, CloseReason reason) {
      ends.push_back(std::string(socket.name_space()) + " " + std::string(name_of(reason)));
    });
  }
  std::size_t links(std::size_t shard = 0) {
    return world.shards.on(shard, [&] { return world.server.links(); });
  }

  FakeWorld world{1, options()};
  Namespace& root = world.server.of("/");
  std::vector<std::string> ends;
};

TEST_F(SocketIoTest, ConnectIsAnsweredWithAPublicIdThatIsNotTheSid) {
  auto client = world.open_websocket();
  client.send("40");
  const auto answers = texts(client);
  ASSERT_EQ(answers.size(), 1U);
  EXPECT_THAT(answers[0], MatchesRegex(R"(40\{"sid":"[A-Za-z0-9_-]{20}"\})"));
}

TEST_F(SocketIoTest, TheHandshakeShowsAuthAddressAndRequestAndIsThenForgotten) {
  std::optional<Handshake> seen;
  SocketHandle handle;
  root.on_connection([&](Socket& socket) {
    seen = socket.handshake();
    handle = socket.handle();
  });
  auto client = world.connect(R"(40{"token":"secret"})");
  ASSERT_TRUE(seen);
  EXPECT_EQ(seen->auth, R"({"token":"secret"})");
  EXPECT_EQ(seen->remote_address, "192.0.2.1");
  EXPECT_EQ(seen->request.target, "/socket.io/?EIO=4&transport=websocket");
  EXPECT_EQ(seen->request.header("host"), "localhost");
  EXPECT_FALSE(seen->request.header("sec-websocket-key"));
  world.shards.on(0, [&] { EXPECT_EQ(world.server.find(handle)->handshake().auth, ""); });
}

TEST_F(SocketIoTest, UnknownNamespacesAreRefusedAndTheLinkStays) {
  auto client = world.connect();
  static_cast<void>(client.take());
  client.send("40/nope,");
  client.send("40/custom?token=1,");
  EXPECT_THAT(texts(client), ElementsAre(R"(44/nope,{"message":"Invalid namespace"})",
                                         R"(44/custom?token=1,{"message":"Invalid namespace"})"));
  EXPECT_EQ(links(), 1U);
}

TEST_F(SocketIoTest, TooManyNamespacesAndTooManyRefusalsAreStopped) {
  auto& dynamic =
      world.server.of_matching([](std::string_view name) { return name.starts_with("/dyn-"); });
  static_cast<void>(dynamic);
  auto client = world.connect();
  static_cast<void>(client.take());
  for (int i = 1; i <= 6; ++i) client.send("40/dyn-" + std::to_string(i) + ",");
  const auto answers = texts(client);
  ASSERT_EQ(answers.size(), 6U);
  EXPECT_THAT(answers[1], StartsWith("40/dyn-2,{"));
  EXPECT_EQ(answers[2], R"(44/dyn-3,{"message":"Too many namespaces"})");
  EXPECT_EQ(links(), 1U);
  client.send("40/dyn-7,");
  world.shards.run();
  EXPECT_EQ(links(), 0U);
}

TEST_F(SocketIoTest, AdmissionMayAnswerLater) {
  std::vector<Done> waiting;
  root.admit(
      [&](SocketHandle, const Handshake&, Done done) { waiting.push_back(std::move(done)); });
  auto client = world.connect();
  static_cast<void>(client.take());
  ASSERT_EQ(waiting.size(), 1U);
  world.shards.on(0, [&] { waiting[0](std::nullopt); });
  EXPECT_THAT(texts(client), ElementsAre(StartsWith("40{")));
}

TEST_F(SocketIoTest, ARefusalCarriesItsMessageAndData) {
  root.admit([](SocketHandle, const Handshake& handshake, Done done) {
    if (handshake.auth == "{}") return done(Refusal{.message = "nope", .data = {}});
    done(Refusal{.message = "Not authorized", .data = R"({"code":401})"});
  });
  auto client = world.open_websocket();
  client.send("40");
  client.send(R"(40{"a":1})");
  EXPECT_THAT(texts(client), ElementsAre(R"(44{"message":"nope"})",
                                         R"(44{"message":"Not authorized","data":{"code":401}})"));
}

TEST_F(SocketIoTest, ARefusalMayEndTheLinkSoThatTheClientComesBack) {
  root.admit([](SocketHandle, const Handshake&, Done done) {
    done(Refusal{.message = {}, .data = {}, .ends_link = true});
  });
  auto client = world.open_websocket();
  client.send("40");
  world.shards.run();
  EXPECT_THAT(client.take(), ElementsAre(test::Frame{8, "\x03\xe9"}));
  EXPECT_TRUE(client.peer().is_closed());
}

TEST_F(SocketIoTest, AnAdmissionThatIsDroppedRefuses) {
  root.admit([](SocketHandle, const Handshake&, Done) {});
  auto client = world.open_websocket();
  client.send("40");
  EXPECT_THAT(texts(client), ElementsAre(R"(44{"message":"Not admitted"})"));
}

TEST_F(SocketIoTest, APendingSocketTakesNoEventAndNoSecondConnect) {
  std::vector<Done> waiting;
  root.admit(
      [&](SocketHandle, const Handshake&, Done done) { waiting.push_back(std::move(done)); });
  for (const auto* const packet : {"40", R"(42["x"])"}) {
    waiting.clear();
    auto client = world.connect();
    client.send(packet);
    world.shards.run();
    EXPECT_EQ(links(), 0U) << packet;
    ASSERT_EQ(waiting.size(), 1U);
    world.shards.on(0, [&] { waiting[0](std::nullopt); });  // Too late, and harmless.
  }
}

TEST_F(SocketIoTest, SetDataAtAdmissionIsThereAtConnection) {
  root.admit([this](SocketHandle handle, const Handshake&, Done done) {
    world.server.find(handle)->set_data(std::make_shared<int>(7));
    done(std::nullopt);
  });
  int seen = 0;
  root.on_connection([&](Socket& socket) { seen = *std::static_pointer_cast<int>(socket.data()); });
  static_cast<void>(world.connect());
  EXPECT_EQ(seen, 7);
}

TEST_F(SocketIoTest, DisconnectAndConnectInOneReadGiveAFreshSocket) {
  record_ends("/");
  std::set<std::string> ids;
  root.on_connection([&](Socket& socket) { ids.emplace(socket.id()); });
  auto client = world.connect();
  static_cast<void>(client.take());
  client.peer().send(test::client_frame(1, "41") + test::client_frame(1, "40"));
  EXPECT_THAT(texts(client), ElementsAre(StartsWith("40{")));
  EXPECT_EQ(ids.size(), 2U);
  EXPECT_THAT(ends, ElementsAre("/ client namespace disconnect"));
}

TEST_F(SocketIoTest, PacketsThatCrossOurDisconnectAreTolerated) {
  record_ends("/");
  root.on("kick", [](Socket& socket, Event) { socket.disconnect(false); });
  auto client = world.connect();
  static_cast<void>(client.take());
  client.send(R"(42["kick"])");
  client.send(R"(42["late"])");
  client.send("41");
  EXPECT_THAT(texts(client), ElementsAre("41"));
  EXPECT_EQ(links(), 1U);
  client.send("40");
  EXPECT_THAT(texts(client), ElementsAre(StartsWith("40{")));
  EXPECT_THAT(ends, ElementsAre("/ server namespace disconnect"));
}

TEST_F(SocketIoTest, DisconnectWithTheLinkSaysSoToEveryNamespaceFirst) {
  record_ends("/");
  record_ends("/other");
  root.on("kick", [](Socket& socket, Event) { socket.disconnect(true); });
  auto client = world.connect();
  client.send("40/other,");
  static_cast<void>(texts(client));
  client.send(R"(42["kick"])");
  EXPECT_THAT(texts(client), ElementsAre("41", "41/other,"));
  EXPECT_TRUE(client.peer().is_closed());
  EXPECT_EQ(ends.size(), 2U);
}

TEST_F(SocketIoTest, AnAckIsSentOnceAndMayComeLate) {
  std::optional<Event> kept;
  root.on("now", [](Socket&, Event event) {
    event.ack.reply(R"("first")");
    event.ack.reply(R"("second")");
  });
  root.on("later", [&](Socket&, Event event) { kept = std::move(event); });
  auto client = world.connect();
  static_cast<void>(client.take());
  client.send(R"(420["now"])");
  client.send(R"(4212["later"])");
  EXPECT_THAT(texts(client), ElementsAre(R"(430["first"])"));
  ASSERT_TRUE(kept && kept->ack.is_wanted());
  world.shards.on(0, [&] { kept->ack.reply("1"); });
  EXPECT_THAT(texts(client), ElementsAre("4312[1]"));
}

TEST_F(SocketIoTest, BeyondTheInboxClientsHearTheOverloadReply) {
  root.set_overload_reply(R"({"code":"overloaded"})");
  std::vector<Event> kept;
  root.on_any([&](Socket&, Event event) { kept.push_back(std::move(event)); });
  auto client = world.connect();
  static_cast<void>(client.take());
  for (int i = 0; i < 6; ++i) client.send("42" + std::to_string(i) + R"(["work"])");
  client.send(R"(42["without an ack"])");
  EXPECT_THAT(texts(client),
              ElementsAre(R"(434[{"code":"overloaded"}])", R"(435[{"code":"overloaded"}])"));
  EXPECT_EQ(kept.size(), 4U);
  world.shards.on(0, [&] { kept.clear(); });
  client.send(R"(429["work"])");
  EXPECT_THAT(texts(client), IsEmpty());
  EXPECT_EQ(kept.size(), 1U);
}

TEST_F(SocketIoTest, BinaryArgumentsArriveWithTheirAttachments) {
  std::optional<Event> kept;
  root.on("bin", [&](Socket&, Event event) {
    event.ack.reply(std::vector<std::string_view>{event.argument(0)}, event.attachments);
    kept = std::move(event);
  });
  auto client = world.connect();
  static_cast<void>(client.take());
  client.send(R"(451-7["bin",{"_placeholder":true,"num":0}])");
  client.send_ping("between");
  client.send_binary("\x01\x02");
  world.shards.run();
  ASSERT_TRUE(kept);
  EXPECT_THAT(kept->attachments, ElementsAre("\x01\x02"));
  EXPECT_THAT(client.take(),
              testing::IsSupersetOf({test::Frame{1, R"(461-7[{"_placeholder":true,"num":0}])"},
                                     test::Frame{2, "\x01\x02"}}));
}

TEST_F(SocketIoTest, TextBetweenAttachmentsEndsTheLink) {
  auto client = world.connect();
  client.send(R"(452-["bin",{"_placeholder":true,"num":0}])");
  client.send_binary("1");
  client.send(R"(42["x"])");
  world.shards.run();
  EXPECT_EQ(links(), 0U);
}

TEST_F(SocketIoTest, AnAskIsAnsweredOnceByTheClientTheClockOrTheEnd) {
  std::vector<std::string> answers;
  const auto ask = [&] {
    world.shards.on(0, [&] {
      world.server.for_each("/", [&](Socket& socket) {
        const std::string_view argument = "1";
        socket.ask("question", std::span(&argument, 1), Milliseconds(300),
                   [&](std::optional<Reply> reply) {
                     answers.push_back(reply ? std::string(reply->argument(0)) : "none");
                   });
      });
    });
  };
  auto client = world.connect();
  static_cast<void>(client.take());
  ask();
  EXPECT_THAT(texts(client), ElementsAre(R"(421["question",1])"));
  client.send("431[42]");
  client.send("431[43]");
  world.shards.run();
  EXPECT_THAT(answers, ElementsAre("42"));
  ask();
  world.clock.advance(Milliseconds(300));
  client.send("432[1]");
  world.shards.run();
  EXPECT_THAT(answers, ElementsAre("42", "none"));
  ask();
  world.shards.run();
  client.peer().end();
  EXPECT_THAT(answers, ElementsAre("42", "none", "none"));
  EXPECT_EQ(world.clock.waiting(), 0U);
}

TEST_F(SocketIoTest, HandlesAcksAndEventsMayOutliveTheirSocket) {
  std::optional<Event> kept;
  SocketHandle handle;
  root.on("keep", [&](Socket& socket, Event event) {
    handle = socket.handle();
    kept = std::move(event);
  });
  auto client = world.connect();
  client.send(R"(421["keep"])");
  world.shards.run();
  client.peer().end();
  world.shards.run();
  auto next = world.connect();
  static_cast<void>(next.take());
  world.shards.on(0, [&] {
    EXPECT_EQ(world.server.find(handle), nullptr);
    kept->ack.reply("1");
    kept.reset();
  });
  EXPECT_THAT(texts(next), IsEmpty());
}

TEST(SocketIoLifetimeTest, EventsAndAdmissionsMayOutliveTheServer) {
  std::optional<Event> kept;
  std::vector<Done> waiting;
  {
    FakeWorld world;
    world.server.of("/").on("keep", [&](Socket&, Event event) { kept = std::move(event); });
    world.server.of("/slow").admit(
        [&](SocketHandle, const Handshake&, Done done) { waiting.push_back(std::move(done)); });
    auto client = world.connect();
    client.send(R"(421["keep"])");
    client.send("40/slow,");
    world.shards.run();
  }
  ASSERT_TRUE(kept);
  kept->ack.reply("1");
  kept.reset();
  waiting.clear();
}

TEST_F(SocketIoTest, AHandlerMayEndEverythingAndGoOnUsingItsSocket) {
  record_ends("/");
  root.on("end", [this](Socket& socket, Event event) {
    const auto handle = socket.handle();
    socket.close_link(CloseReason::forced_close);
    socket.disconnect(true);
    socket.emit("late", "1");
    socket.join("room");
    EXPECT_EQ(socket.id().size(), 20U);
    EXPECT_EQ(world.server.find(handle), nullptr);
    EXPECT_THAT(ends, IsEmpty());
    event.ack.reply("1");
  });
  auto client = world.connect();
  static_cast<void>(client.take());
  client.peer().send(test::client_frame(1, R"(421["end"])") + test::client_frame(1, R"(42["x"])"));
  world.shards.run();
  EXPECT_THAT(client.take(), ElementsAre(test::Frame{8, "\x03\xe9"}));
  EXPECT_THAT(ends, ElementsAre("/ forced close"));
  EXPECT_EQ(links(), 0U);
}

TEST_F(SocketIoTest, OnEndMayCloseOtherLinks) {
  root.on_end([this](Socket&, CloseReason) {
    world.server.for_each("/", [](Socket& other) { other.close_link(CloseReason::forced_close); });
  });
  auto first = world.connect();
  auto second = world.connect();
  auto third = world.connect();
  first.peer().end();
  world.shards.run();
  EXPECT_EQ(links(), 0U);
  EXPECT_TRUE(third.peer().is_closed());
}

TEST_F(SocketIoTest, ALinkWithoutANamespaceIsClosedAndOneThatLeftItsLastIsNot) {
  auto idle = world.open_websocket();
  auto left = world.connect();
  left.send("41");
  for (int i = 0; i < 2; ++i) {
    world.clock.advance(Milliseconds(22'400));
    for (auto* const client : {&idle, &left}) client->send("3");
    world.clock.advance(Milliseconds(100));
  }
  world.clock.advance(Milliseconds(0));
  EXPECT_TRUE(idle.peer().is_closed());
  EXPECT_FALSE(left.peer().is_closed());
}

}  // namespace
}  // namespace knotos::server
