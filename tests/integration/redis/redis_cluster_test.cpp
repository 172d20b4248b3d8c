#include "support/redis_cluster.hpp"
#include "ports/random_ids.hpp"
#include "support/redis_process.hpp"
#include "support/seeded_random.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <optional>
#include <set>
#include <string>
#include <vector>

namespace knotos::adapters::redis {
namespace {

using ports::PresenceState;
using test::RedisProcess;

class RedisClusterTest : public testing::Test {
 protected:
  void SetUp() override {
    if (!test::RedisServer::is_to_be_had()) GTEST_SKIP() << "redis-server is not installed";
    cluster_.emplace();
  }

  ports::ChatChanged changed(domain::ChatId chat, domain::Rev rev) const {
    return {.chat_id = chat, .rev = rev, .message = {}, .moved = {}};
  }
  static unsigned slot_of_chat(domain::ChatId chat) {
    return slot_of("channel:chat:" + chat.to_string());
  }
  /// Enough of them that every node has some.
  std::vector<domain::ChatId> some_chats() {
    std::vector<domain::ChatId> chats;
    for (int i = 0; i < 300; ++i) chats.push_back(ports::random_id<domain::ChatId>(random_));
    return chats;
  }
  /// Whether, in whatever order, all of the chats were heard of at `rev`.
  static bool has_all(const std::vector<ports::BusEvent>& events,
                      const std::vector<domain::ChatId>& chats, domain::Rev rev) {
    std::set<std::string> heard;
    for (const auto& event : events) {
      const auto* chat = std::get_if<ports::ChatChanged>(&event);
      if (chat != nullptr && chat->rev == rev) heard.insert(chat->chat_id.to_string());
    }
    return std::ranges::all_of(
        chats, [&heard](const auto& chat) { return heard.contains(chat.to_string()); });
  }

  test::SeededRandom random_{1};
  std::optional<test::RedisCluster> cluster_;
};

TEST_F(RedisClusterTest, EventsOfAllSlotsReachTheOtherProcess) {
  RedisProcess one(cluster_->url(), "one");
  RedisProcess other(cluster_->url(), "other");
  const auto chats = some_chats();
  ASSERT_TRUE(other.run(other.bus->join_chats(chats)));
  for (const auto& chat : chats) one.bus->publish(changed(chat, 1));
  (void)other.ear.until([&](const auto& events) { return has_all(events, chats, 1); });
  for (const auto& chat : chats) other.bus->leave_chat(chat);
  ASSERT_TRUE(other.run(other.bus->join_chats({chats[0]})));
}

TEST_F(RedisClusterTest, PresenceAndRatesAreKeptOnAllNodes) {
  RedisProcess one(cluster_->url(), "one");
  RedisProcess other(cluster_->url(), "other");
  std::vector<domain::UserId> users;
  std::vector<ports::PresenceBoard::Entry> entries;
  for (int i = 0; i < 100; ++i) {
    users.push_back(ports::random_id<domain::UserId>(random_));
    entries.push_back({.user_id = users.back(), .state = PresenceState::online});
  }
  ASSERT_TRUE(one.run(one.board->post(entries, std::chrono::minutes(1))));
  const auto states = other.run(other.board->read(users));
  ASSERT_TRUE(states);
  EXPECT_EQ(std::ranges::count(*states, PresenceState::online), 100);
  const auto hour = std::chrono::milliseconds(std::chrono::hours(1));
  for (std::uint64_t user = 0; user < 20; ++user) {
    EXPECT_TRUE(one.spend("messages", user, hour));
    const auto owed = other.spend("messages", user, hour);
    ASSERT_TRUE(owed);
    EXPECT_GT(*owed, hour);
  }
}

TEST_F(RedisClusterTest, AChannelFollowsItsSlotToAnotherNode) {
  RedisProcess one(cluster_->url(), "one");
  RedisProcess other(cluster_->url(), "other");
  const auto chats = some_chats();
  ASSERT_TRUE(other.run(other.bus->join_chats(chats)));
  const auto moved =
      std::ranges::find_if(chats, [](const auto& chat) { return slot_of_chat(chat) <= 5'460; });
  ASSERT_NE(moved, chats.end());
  cluster_->move(slot_of_chat(*moved), 2);
  // Nodes learn of a move one after the other, so a map may be followed that is old already: again
  // an outage, which is told.
  std::size_t restored = 0;
  domain::Rev rev = 0;
  do {
    other.ear.wait_restored(++restored);
    ++rev;
    for (const auto& chat : chats) one.bus->publish(changed(chat, rev));
  } while (!other.ear.until_or_restored(
      [&](const auto& events) { return has_all(events, chats, rev); }, restored + 1));
}

TEST_F(RedisClusterTest, AMasterThatIsAwayIsAnOutageAndOverWhenItIsBack) {
  RedisProcess one(cluster_->url(), "one");
  RedisProcess other(cluster_->url(), "other");
  const auto chats = some_chats();
  ASSERT_TRUE(other.run(other.bus->join_chats(chats)));
  cluster_->node(2).kill();
  one.ear.wait_degraded(1);
  other.ear.wait_degraded(1);
  cluster_->node(2).start();
  cluster_->wait_whole();
  other.ear.wait_restored(1);
  one.ear.wait_restored(1);
  for (const auto& chat : chats) one.bus->publish(changed(chat, 2));
  (void)other.ear.until([&](const auto& events) { return has_all(events, chats, 2); });
}

TEST_F(RedisClusterTest, AReplicaTakesTheDeadMastersPlace) {
  cluster_->add_replica_of(2);
  RedisProcess one(cluster_->url(), "one");
  RedisProcess other(cluster_->url(), "other");
  const auto chats = some_chats();
  ASSERT_TRUE(other.run(other.bus->join_chats(chats)));
  cluster_->node(2).kill();
  other.ear.wait_degraded(1);
  one.ear.wait_degraded(1);
  // Nobody serves a third of the slots until the replica has been elected: what is durable waits,
  // and may be published before the other process has joined again.
  for (const auto& chat : chats) one.bus->publish(changed(chat, 1));
  other.ear.wait_restored(1);
  one.ear.wait_restored(1);
  for (const auto& chat : chats) one.bus->publish(changed(chat, 2));
  (void)other.ear.until([&](const auto& events) { return has_all(events, chats, 2); });
}

TEST_F(RedisClusterTest, ASeedThatIsAwayIsNotMissedAndAServerAloneIsNoCluster) {
  const auto dead = "redis-cluster://127.0.0.1:1,127.0.0.1:";
  const RedisProcess one(dead + std::to_string(cluster_->node(1).port()), "one");
  const test::RedisServer alone;
  try {
    const RedisProcess refused("redis-cluster://127.0.0.1:" + std::to_string(alone.port()), "two");
    FAIL() << "it was taken for a cluster";
  } catch (const std::runtime_error& error) {
    EXPECT_NE(std::string(error.what()).find("cluster support disabled"), std::string::npos)
        << error.what();
  }
}

}  // namespace
}  // namespace knotos::adapters::redis
