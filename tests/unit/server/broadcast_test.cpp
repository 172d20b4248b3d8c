#include "server/counters.hpp"
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
using testing::UnorderedElementsAre;

using Letters = std::vector<std::string>;

/// Six clients on three shards: a and d on the first, b and e, c and f.
class BroadcastTest : public testing::Test {
 protected:
  static constexpr std::size_t kShards = 3;

  BroadcastTest() {
    root.on_connection([this](Socket& socket) { handles.push_back(socket.handle()); });
    for (std::size_t i = 0; i < 6; ++i) {
      clients.push_back(world.connect("40", i % kShards));
      static_cast<void>(clients.back().take());
    }
    join(0, "red");
    join(1, "red");
    join(4, "red");
    join(1, "blue");
    join(2, "blue");
  }

  void join(std::size_t who, std::string_view room) {
    on_shard_of(who, [&](Socket& socket) { socket.join(room); });
  }
  template <class Work>
  void on_shard_of(std::size_t who, const Work& work) {
    world.shards.on(handles[who].shard, [&] { work(*world.server.find(handles[who])); });
  }
  std::string id(std::size_t who) {
    std::string found;
    on_shard_of(who, [&](Socket& socket) { found = socket.id(); });
    return found;
  }

  /// Who has received something since, each named as often as it has.
  Letters heard() {
    world.shards.run();
    Letters names;
    for (std::size_t i = 0; i < clients.size(); ++i) {
      for (std::size_t n = clients[i].take_texts().size(); n > 0; --n) {
        names.emplace_back(1, static_cast<char>('a' + i));
      }
    }
    return names;
  }
  /// From the first shard.
  template <class Work>
  Letters after(const Work& work, std::size_t shard = 0) {
    world.shards.on(shard, work);
    return heard();
  }

  FakeWorld world{kShards};
  Namespace& root = world.server.of("/");
  std::vector<SocketHandle> handles;
  std::vector<FakeWebSocket> clients;
};

TEST_F(BroadcastTest, RoomsAndExceptionsNameWhoIsMeantOnAllShardsOnceEach) {
  for (std::size_t from = 0; from < kShards; ++from) {
    SCOPED_TRACE(from);
    const auto emit = [&](const Broadcast& whom) {
      return after([&] { EXPECT_TRUE(whom.emit("x", "1")); }, from);
    };
    const auto all = world.server.in("/");
    EXPECT_THAT(emit(all), ElementsAre("a", "b", "c", "d", "e", "f"));
    EXPECT_THAT(emit(root.to("red")), ElementsAre("a", "b", "e"));
    EXPECT_THAT(emit(root.to("red").to("blue")), ElementsAre("a", "b", "c", "e"));
    EXPECT_THAT(emit(root.to("red").except("blue")), ElementsAre("a", "e"));
    EXPECT_THAT(emit(root.except("red")), ElementsAre("c", "d", "f"));
    EXPECT_THAT(emit(root.except("red").except("blue")), ElementsAre("d", "f"));
    EXPECT_THAT(emit(root.to("nobody")), IsEmpty());
    EXPECT_THAT(emit(root.to("red").to(id(5)).except(id(0))), ElementsAre("b", "e", "f"));
    EXPECT_THAT(emit(world.server.in("/elsewhere")), IsEmpty());
  }
}

TEST_F(BroadcastTest, ASocketBroadcastsToTheOthers) {
  on_shard_of(1, [](const Socket& socket) { socket.broadcast().emit("x"); });
  EXPECT_THAT(heard(), ElementsAre("a", "c", "d", "e", "f"));
  on_shard_of(1, [](const Socket& socket) { socket.to("red").to("blue").emit("x"); });
  EXPECT_THAT(heard(), ElementsAre("a", "c", "e"));
}

TEST_F(BroadcastTest, EverySocketIsInARoomOfItsOwn) {
  EXPECT_THAT(after([&] { root.to(id(4)).emit("x"); }), ElementsAre("e"));
  on_shard_of(4, [](const Socket& socket) {
    EXPECT_THAT(socket.rooms(), ElementsAre(std::string(socket.id()), "red"));
  });
  const auto gone = id(4);
  clients[4].peer().end();
  EXPECT_THAT(after([&] { root.to(gone).emit("x"); }), IsEmpty());
  for (const auto& odd : {std::string(), std::string(20, 'A'), std::string(20, '_'),
                          std::string(21, 'A'), std::string(20, '\xff')}) {
    EXPECT_THAT(after([&] { root.to(odd).emit("x"); }), IsEmpty());
  }
}

TEST_F(BroadcastTest, LocalMeansThisShardAndChosenShardsMeanThose) {
  EXPECT_THAT(after([&] { world.server.in("/").local().emit("x"); }, 1), ElementsAre("b", "e"));
  EXPECT_THAT(after([&] { world.server.in("/").on_shards({0, 2}).emit("x"); }, 1),
              ElementsAre("a", "c", "d", "f"));
}

TEST_F(BroadcastTest, AForeignThreadMayEmit) {
  root.to("red").emit("x");
  EXPECT_THAT(heard(), ElementsAre("a", "b", "e"));
}

TEST_F(BroadcastTest, EmitsOfOneShardArriveInTheirOrderWithBinaryAndAll) {
  const std::string_view placeholder = R"({"_placeholder":true,"num":0})";
  const std::vector<std::string> attachments{"\x01"};
  world.shards.on(2, [&] {
    root.emit("one", {"1", R"("x")"});
    root.emit("two", std::span(&placeholder, 1), attachments);
    root.emit("three");
  });
  world.shards.run();
  for (auto& client : clients) {
    EXPECT_THAT(client.take(),
                ElementsAre(test::Frame{1, R"(42["one",1,"x"])"},
                            test::Frame{1, R"(451-["two",{"_placeholder":true,"num":0}])"},
                            test::Frame{2, "\x01"}, test::Frame{1, R"(42["three"])"}));
  }
}

TEST_F(BroadcastTest, AVolatileOneSkipsWhoeverCannotTakeItNow) {
  clients[1].peer().take_only(0);
  on_shard_of(1, [](Socket& socket) { socket.emit("stuck"); });
  world.shards.run();
  const auto dropped = counters::volatile_dropped.value();
  world.shards.on(0, [&] { world.server.in("/").to("red").as_volatile().emit("x"); });
  world.shards.run();
  EXPECT_EQ(counters::volatile_dropped.value(), dropped + 1);
  clients[1].peer().take_more();
  EXPECT_THAT(heard(), ElementsAre("a", "b", "e"));  // The stuck one, and no more.
}

TEST_F(BroadcastTest, ReservedNamesAndTooManyAttachmentsAreRefused) {
  const auto refused = counters::emits_refused.value();
  const std::vector<std::string> eleven(11);
  const std::vector<std::string> ten(10);
  world.shards.on(0, [&] {
    for (const auto* const name : {"connect", "connect_error", "disconnect", "disconnecting",
                                   "newListener", "removeListener"}) {
      EXPECT_FALSE(root.emit(name));
      EXPECT_FALSE(world.server.find(handles[0])->emit(name));
      EXPECT_FALSE(make_event("/", name, {}, PacketClass::durable));
      world.server.send_to_room("/", "red", make_event("/", name, {}, PacketClass::durable));
      world.server.find(handles[0])->send(make_event("/", name, {}, PacketClass::durable));
    }
    EXPECT_FALSE(root.emit("bin", {}, eleven));
    EXPECT_FALSE(world.server.find(handles[0])->emit("bin", {}, PacketClass::durable, eleven));
  });
  EXPECT_THAT(heard(), IsEmpty());
  EXPECT_EQ(counters::emits_refused.value(), refused + 6 * 5 + 2);
  world.shards.on(0, [&] { EXPECT_TRUE(root.to("red").emit("error", {}, ten)); });
  EXPECT_THAT(heard(), ElementsAre("a", "b", "e"));
}

TEST_F(BroadcastTest, WholeRoomsJoinLeaveAndAreDisconnected) {
  world.shards.on(1, [&] {
    root.to("red").sockets_join("green");
    root.to("blue").sockets_leave("red");
  });
  world.shards.run();
  EXPECT_THAT(after([&] { root.to("green").emit("x"); }), ElementsAre("a", "b", "e"));
  EXPECT_THAT(after([&] { root.to("red").emit("x"); }), ElementsAre("a", "e"));
  world.shards.on(1, [&] { root.to("green").except(id(0)).disconnect_sockets(); });
  world.shards.run();
  EXPECT_THAT(clients[1].take_texts(), ElementsAre("41"));
  EXPECT_THAT(clients[4].take_texts(), ElementsAre("41"));
  EXPECT_FALSE(clients[4].peer().is_closed());
  world.shards.on(1, [&] { root.sockets().disconnect_sockets(true); });
  world.shards.run();
  EXPECT_TRUE(clients[0].peer().is_closed());
  EXPECT_THAT(heard(), ElementsAre("a", "c", "d", "f"));  // That it is over.
  EXPECT_THAT(after([&] { root.emit("x"); }), IsEmpty());
}

TEST_F(BroadcastTest, FetchTellsWhoIsThereByCallbackAndByTask) {
  std::vector<SocketInfo> found;
  world.shards.on(1, [&] {
    root.to("blue").fetch_sockets([&](std::vector<SocketInfo> answer) {
      EXPECT_EQ(world.shards.current(), 1U);
      found = std::move(answer);
    });
    EXPECT_THAT(found, IsEmpty());  // Never inside the call.
  });
  world.shards.run();
  ASSERT_EQ(found.size(), 2U);
  const auto& first = found[0].handle == handles[1] ? found[0] : found[1];
  EXPECT_EQ(first.handle, handles[1]);
  EXPECT_EQ(first.id, id(1));
  EXPECT_EQ(first.remote_address, "192.0.2.1");
  EXPECT_THAT(first.rooms, ElementsAre(id(1), "blue", "red"));

  std::size_t count = 0;
  const auto task = [](Broadcast whom, std::size_t* counted) -> Task<void> {
    const auto all = co_await whom.fetch_sockets();
    *counted = all.size();
  };
  spawn(world.shards.executor(2), "fetch", task(root.sockets(), &count));
  world.shards.run();
  EXPECT_EQ(count, 6U);
}

TEST_F(BroadcastTest, ManyAreAskedAtOnceAndTheirAnswersCollected) {
  std::optional<BroadcastReplies> outcome;
  world.shards.on(0, [&] {
    root.to("red").ask("who", {}, std::chrono::milliseconds(300),
                       [&](BroadcastReplies replies) { outcome = std::move(replies); });
  });
  world.shards.run();
  for (const std::size_t who : {0U, 1U, 4U}) {
    const auto asked = clients[who].take_texts();
    ASSERT_EQ(asked.size(), 1U);
    const auto number = asked[0].substr(2, asked[0].find('[') - 2);
    EXPECT_EQ(asked[0], "42" + number + R"(["who"])");
    if (who == 4) break;
    clients[who].send("43" + number + "[" + std::to_string(who) + "]");
    clients[who].send("43" + number + R"(["again"])");
  }
  world.shards.run();
  EXPECT_FALSE(outcome);
  world.clock.advance(Milliseconds(300));
  ASSERT_TRUE(outcome);
  EXPECT_EQ(outcome->asked, 3U);
  EXPECT_FALSE(outcome->is_complete());
  std::set<std::string> answers;
  for (const auto& reply : outcome->replies) answers.emplace(reply.argument(0));
  EXPECT_THAT(answers, UnorderedElementsAre("0", "1"));
}

TEST_F(BroadcastTest, ManyAskedAnswerBeforeTheTimeWhenNobodyIsLeftToWaitFor) {
  std::optional<BroadcastReplies> outcome;
  const auto task = [](Broadcast whom, std::optional<BroadcastReplies>* got) -> Task<void> {
    *got = co_await whom.ask("who", {}, std::chrono::seconds(300));
  };
  spawn(world.shards.executor(0), "ask", task(root.to("blue"), &outcome));
  world.shards.run();
  const auto asked = clients[2].take_texts();
  ASSERT_EQ(asked.size(), 1U);
  clients[2].send("43" + asked[0].substr(2, asked[0].find('[') - 2) + "[2]");
  clients[1].peer().end();
  world.shards.run();
  ASSERT_TRUE(outcome);
  EXPECT_EQ(outcome->asked, 2U);
  EXPECT_EQ(outcome->replies.size(), 1U);
  outcome.reset();
  spawn(world.shards.executor(0), "ask", task(root.to("nobody"), &outcome));
  world.shards.run();
  EXPECT_TRUE(outcome && outcome->asked == 0);
}

TEST_F(BroadcastTest, WithRunsOnTheSocketsOwnShardWhileItIsThere) {
  std::vector<std::size_t> shards;
  for (const auto handle : handles) {
    world.server.with(handle, [&, handle](Socket& socket) {
      EXPECT_EQ(socket.handle(), handle);
      shards.push_back(world.shards.current());
    });
  }
  clients[0].peer().end();
  world.shards.run();
  EXPECT_THAT(shards, UnorderedElementsAre(0U, 1U, 1U, 2U, 2U));
}

TEST(DynamicNamespaceTest, OneNameIsOneNamespaceAndTheConfigurationMeansAllOfThem) {
  FakeWorld world(2);
  auto& rooms =
      world.server.of_matching([](std::string_view name) { return name.starts_with("/room-"); });
  auto first = world.connect("40/room-1,", 0);
  auto second = world.connect("40/room-2,", 1);
  static_cast<void>(first.take());
  static_cast<void>(second.take());
  world.shards.on(0, [&] { world.server.in("/room-2").emit("x", "1"); });
  world.shards.run();
  EXPECT_THAT(first.take_texts(), IsEmpty());
  EXPECT_THAT(second.take_texts(), ElementsAre(R"(42/room-2,["x",1])"));
  world.shards.on(0, [&] { rooms.emit("x", "2"); });
  world.shards.run();
  EXPECT_THAT(first.take_texts(), ElementsAre(R"(42/room-1,["x",2])"));
  EXPECT_THAT(second.take_texts(), ElementsAre(R"(42/room-2,["x",2])"));
}

}  // namespace
}  // namespace knotos::server
