#include "recovery_fixture.hpp"

namespace knotos::server {
namespace {

using test::RecoveringClient;
using testing::ElementsAre;

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
