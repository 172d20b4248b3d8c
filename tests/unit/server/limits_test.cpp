#include "server/counters.hpp"
#include "support/fake_client.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace knotos::server {
namespace {

using test::FakeWebSocket;
using test::FakeWorld;
using test::header_of;
using testing::ElementsAre;
using testing::IsEmpty;
using testing::StartsWith;

std::size_t links_of(FakeWorld& world) {
  return world.shards.on(0, [&] { return world.server.links(); });
}

std::vector<std::string> texts_of(FakeWorld& world, FakeWebSocket& client) {
  world.shards.run();
  return client.take_texts();
}

TEST(LimitsTest, AFloodOfConnectsEndsTheLinkHoweverWellTheyGo) {
  Options options;
  options.connects_max = 5;
  FakeWorld world(1, options);
  static_cast<void>(world.server.of("/"));
  const auto floods = counters::connect_floods.value();
  auto client = world.open_websocket();
  for (int i = 0; i < 5; ++i) {
    client.send("40");
    client.send("41");
  }
  world.clock.advance(Milliseconds(10'000));
  for (int i = 0; i < 5; ++i) {
    client.send("40");
    client.send("41");
  }
  world.shards.run();
  EXPECT_EQ(links_of(world), 1U);
  client.send("40");
  world.shards.run();
  EXPECT_EQ(links_of(world), 0U);
  EXPECT_EQ(counters::connect_floods.value(), floods + 1);
}

TEST(LimitsTest, NamespacesThatWeClosedMakeRoomForOthers) {
  Options options;
  options.namespaces_per_link_max = 2;
  FakeWorld world(1, options);
  auto& names = world.server.of_matching([](std::string_view) { return true; });
  names.on("kick", [](Socket& socket, Event) { socket.disconnect(); });
  auto client = world.open_websocket();
  for (int i = 0; i < 5; ++i) {
    const auto name = "/n" + std::to_string(i);
    client.send("40" + name + ",");
    client.send("42" + name + R"(,["kick"])");
    EXPECT_THAT(texts_of(world, client), ElementsAre(StartsWith("40" + name), "41" + name + ","));
  }
  client.send("40/a,");
  client.send("40/b,");
  static_cast<void>(texts_of(world, client));
  const auto refused = counters::namespaces_refused.value();
  client.send("40/c,");
  EXPECT_THAT(texts_of(world, client), ElementsAre(R"(44/c,{"message":"Too many namespaces"})"));
  EXPECT_EQ(counters::namespaces_refused.value(), refused + 1);
}

TEST(LimitsTest, ASocketOwesSoManyAcksAndNoMore) {
  Options options;
  options.asks_max = 3;
  FakeWorld world(1, options);
  std::vector<bool> answered;
  world.server.of("/").on("ask", [&](Socket& socket, Event) {
    socket.ask("q", {}, std::chrono::seconds(1),
               [&](std::optional<Reply> reply) { answered.push_back(reply.has_value()); });
  });
  auto client = world.connect();
  static_cast<void>(client.take());
  const auto refused = counters::asks_refused.value();
  for (int i = 0; i < 5; ++i) client.send(R"(42["ask"])");
  EXPECT_EQ(texts_of(world, client).size(), 3U);
  EXPECT_THAT(answered, ElementsAre(false, false));
  EXPECT_EQ(counters::asks_refused.value(), refused + 2);
  world.clock.advance(Milliseconds(1'000));
  EXPECT_EQ(answered.size(), 5U);
  client.send(R"(42["ask"])");
  EXPECT_EQ(texts_of(world, client).size(), 1U);
}

TEST(LimitsTest, AnAddressHasSoManyLinks) {
  Options options;
  options.links_per_address_max = 2;
  FakeWorld world(1, options);
  static_cast<void>(world.server.of("/"));
  auto first = world.connect();
  static_cast<void>(world.open_polling());
  const auto refused = counters::addresses_refused.value();
  EXPECT_EQ(world.get("EIO=4&transport=polling")->response()->status, 429U);
  EXPECT_EQ(world.upgrade("EIO=4&transport=websocket")->response()->status, 429U);
  EXPECT_EQ(counters::addresses_refused.value(), refused + 2);
  auto other = FakeWorld::request("GET", "EIO=4&transport=polling");
  other.remote_address = "192.0.2.2";
  EXPECT_EQ(world.ask(std::move(other))->response()->status, 200U);
  first.peer().end();
  world.shards.run();
  EXPECT_EQ(world.get("EIO=4&transport=polling")->response()->status, 200U);
}

TEST(LimitsTest, AnAddressOpensLinksSoFast) {
  Options options;
  options.links_per_address_rate = {.count = 2, .window = Milliseconds(10'000)};
  options.cors_origins = {"*"};
  FakeWorld world(1, options);
  static_cast<void>(world.server.of("/"));
  const auto slowed = counters::addresses_slowed.value();
  // What is no handshake, or belongs to a link, counts for nothing.
  for (int i = 0; i < 5; ++i) {
    EXPECT_EQ(world.get("EIO=3&transport=polling")->response()->status, 400U);
    EXPECT_EQ(world.get("EIO=4&transport=polling&sid=nobody")->response()->status, 400U);
  }
  static_cast<void>(world.open_polling());
  static_cast<void>(world.connect());
  auto again = FakeWorld::request("GET", "EIO=4&transport=polling");
  again.headers.push_back({"Origin", "https://elsewhere.example"});
  const auto refused = world.ask(again);
  ASSERT_EQ(refused->response()->status, 429U);
  EXPECT_EQ(header_of(*refused->response(), "Retry-After"), "5");
  EXPECT_EQ(header_of(*refused->response(), "Access-Control-Allow-Origin"), "*");
  EXPECT_EQ(world.upgrade("EIO=4&transport=websocket")->response()->status, 429U);
  EXPECT_EQ(counters::addresses_slowed.value(), slowed + 2);
  auto other = FakeWorld::request("GET", "EIO=4&transport=polling");
  other.remote_address = "192.0.2.2";
  EXPECT_EQ(world.ask(std::move(other))->response()->status, 200U);
  world.clock.advance(Milliseconds(5'000));
  EXPECT_EQ(world.get("EIO=4&transport=polling")->response()->status, 200U);
}

TEST(LimitsTest, LinksThatOnlyShookHandsAreReaped) {
  FakeWorld world;
  static_cast<void>(world.server.of("/"));
  for (int i = 0; i < 100; ++i) static_cast<void>(world.open_polling());
  EXPECT_EQ(links_of(world), 100U);
  world.clock.advance(Milliseconds(45'000));
  EXPECT_EQ(links_of(world), 0U);
  EXPECT_EQ(world.clock.waiting(), 0U);
}

TEST(LimitsTest, AttachmentsHaveATotal) {
  Options options;
  options.attachment_bytes_max = 10;
  FakeWorld world(1, options);
  std::size_t events = 0;
  world.server.of("/").on_any([&](Socket&, Event) { ++events; });
  auto client = world.connect();
  client.send(R"(452-["x",{"_placeholder":true,"num":0},{"_placeholder":true,"num":1}])");
  client.send_binary("12345");
  client.send_binary("67890");
  world.shards.run();
  EXPECT_EQ(events, 1U);
  client.send(R"(452-["x",{"_placeholder":true,"num":0},{"_placeholder":true,"num":1}])");
  client.send_binary("12345");
  client.send_binary("678901");
  world.shards.run();
  EXPECT_EQ(events, 1U);
  EXPECT_EQ(links_of(world), 0U);
}

TEST(AdmissionChainTest, HooksAreAskedInOrderAndTheFirstRefusalStands) {
  FakeWorld world;
  auto& root = world.server.of("/");
  std::vector<std::string> asked;
  std::vector<std::move_only_function<void(std::optional<Refusal>)>> waiting;
  root.admit([&](SocketHandle, const Handshake&, auto done) {
    asked.emplace_back("first");
    waiting.push_back(std::move(done));
  });
  root.admit([&](SocketHandle handle, const Handshake& handshake, auto done) {
    asked.emplace_back("second");
    world.server.find(handle)->set_data(std::make_shared<int>(2));
    done(handshake.auth == "{}" ? std::nullopt : std::optional(Refusal{.message = "second"}));
  });
  root.admit([&](SocketHandle handle, const Handshake&, auto done) {
    asked.emplace_back("third");
    EXPECT_TRUE(world.server.find(handle)->data());
    done(std::nullopt);
  });
  auto client = world.connect();
  static_cast<void>(client.take());
  EXPECT_THAT(asked, ElementsAre("first"));
  world.shards.on(0, [&] { waiting[0](std::nullopt); });
  EXPECT_THAT(texts_of(world, client), ElementsAre(StartsWith("40{")));
  EXPECT_THAT(asked, ElementsAre("first", "second", "third"));

  auto other = world.connect(R"(40{"a":1})");
  static_cast<void>(other.take());
  world.shards.on(0, [&] { waiting[1](std::nullopt); });
  EXPECT_THAT(texts_of(world, other), ElementsAre(R"(44{"message":"second"})"));
  EXPECT_EQ(asked.size(), 5U);
}

TEST(SocketEndTest, DisconnectingTellsTheRoomsJustBeforeTheEnd) {
  FakeWorld world;
  auto& root = world.server.of("/");
  std::vector<std::string> told;
  root.on_connection([](Socket& socket) {
    socket.join("b");
    socket.join("a");
  });
  root.on_disconnecting([&](Socket& socket, CloseReason, std::span<const std::string> rooms) {
    EXPECT_EQ(socket.id().size(), 20U);
    for (const auto& room : rooms) told.push_back(room);
  });
  root.on_end([&](Socket&, CloseReason reason) { told.emplace_back(name_of(reason)); });
  auto client = world.connect();
  client.peer().end();
  world.shards.run();
  EXPECT_THAT(told, ElementsAre("a", "b", "transport close"));
}

TEST(SocketAskTest, AnAnswerMayBeAwaited) {
  FakeWorld world;
  std::optional<std::string> answer;
  const auto task = [](Task<std::optional<Reply>> asked,
                       std::optional<std::string>* got) -> Task<void> {
    const auto reply = co_await std::move(asked);
    *got = reply ? std::string(reply->argument(0)) : "none";
  };
  world.server.of("/").on("ask", [&](Socket& socket, Event) {
    spawn(world.shards.executor(0), "ask",
          task(socket.ask("q", {}, std::chrono::milliseconds(300)), &answer));
  });
  auto client = world.connect();
  static_cast<void>(client.take());
  client.send(R"(42["ask"])");
  const auto asked = texts_of(world, client);
  ASSERT_EQ(asked.size(), 1U);
  client.send("43" + asked[0].substr(2, asked[0].find('[') - 2) + "[7]");
  world.shards.run();
  EXPECT_EQ(answer, "7");
  client.send(R"(42["ask"])");
  world.clock.advance(Milliseconds(300));
  EXPECT_EQ(answer, "none");
}

TEST(NumberNameTest, ANumberIsAnEventNamedByItsDigits) {
  FakeWorld world;
  int seen = 0;
  world.server.of("/").on("7", [&](Socket& socket, Event event) {
    ++seen;
    EXPECT_TRUE(socket.emit("8", event.argument(0)));
  });
  auto client = world.connect();
  static_cast<void>(client.take());
  client.send(R"(42[7,"a"])");
  client.send(R"(42["7","b"])");
  EXPECT_THAT(texts_of(world, client), ElementsAre(R"(42["8","a"])", R"(42["8","b"])"));
}

TEST(VolatileTest, OnPollingOnlyTheFirstMeetsTheParkedPollAndWithoutOneNoneDoes) {
  FakeWorld world;
  world.server.of("/").on("vol", [](Socket& socket, Event) {
    for (int i = 0; i < 3; ++i) socket.emit_volatile("vol", std::to_string(i));
  });
  const auto query = "EIO=4&transport=polling&sid=" + world.open_polling();
  const auto post = [&](std::string_view body) {
    static_cast<void>(world.post(query, std::string(body)));
    world.shards.run();
  };
  post("40");
  static_cast<void>(world.get(query));
  world.shards.run();
  post(R"(42["vol"])");  // No poll waits.
  const auto parked = world.get(query);
  world.shards.run();
  EXPECT_FALSE(parked->response());
  post(R"(42["vol"])");
  ASSERT_TRUE(parked->response());
  EXPECT_EQ(parked->response()->body, R"(42["vol",0])");
}

}  // namespace
}  // namespace knotos::server
