#include "adapters/memory/local_bus.hpp"
#include "adapters/sqlite/connection.hpp"
#include "contract/scene.hpp"
#include "support/allocations.hpp"
#include "support/seeded_random.hpp"
#include "unit/cost/quiet_client.hpp"
#include "unit/gateway/node.hpp"

#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace knotos::test {
namespace {

/// From the bytes of a send to its ack and its deliveries, on one shard, the store in memory.
class SendCostTest : public testing::Test {
 protected:
  SendCostTest() {
    const auto session = node_.run(node_.accounts.register_user(
        {.username = "ann", .password = "correct horse", .display_name = {}, .device_name = {}}));
    user_ = session.value().user.id;
    token_ = session.value().access_token;
    chat_ = node_.run(node_.chats.create_group(user_, {.title = "room", .member_ids = {}}))
                .value()
                .item.chat.id.to_string();
  }

  void open(std::size_t links) {
    for (std::size_t i = 0; i < links; ++i) {
      peers_.push_back(std::make_unique<QuietPeer>());
      connect_quietly(node_.world, *peers_.back(), R"({"token":")" + token_ + "\"}");
    }
    // Lists that grow with the members have grown after a few turns, and counts begin from here.
    for (int turn = 0; turn < 4; ++turn) send(4);
  }

  void send(std::size_t messages) {
    std::string bytes;
    for (std::size_t i = 0; i < messages; ++i) {
      const auto number = std::to_string(++sent_);
      bytes += client_frame(1, "42" + number + R"(["send_message",{"chatId":")" + chat_ +
                                   R"(","type":"text","content":"hello, world",)" +
                                   R"("clientMessageId":"key)" + number + R"("}])");
    }
    node_.world.shards.on(0, [&] {
      peers_[0]->events->on_bytes(
          {reinterpret_cast<const std::uint8_t*>(bytes.data()), bytes.size()});
    });
    node_.world.shards.run();
  }

  [[nodiscard]] std::size_t allocations_of(std::size_t messages) {
    const auto before = allocations().count;
    send(messages);
    return allocations().count - before;
  }

  std::vector<std::unique_ptr<QuietPeer>> peers_;  ///< Outlive their links.
  SeededRandom random_{20261126};
  adapters::memory::MemoryStore store_;
  adapters::memory::LocalBus bus_;
  Node node_{store_, bus_, random_, 1};
  domain::UserId user_;
  std::string token_;
  std::string chat_;
  std::size_t sent_ = 0;
};

TEST_F(SendCostTest, ASendCostsTheSameWhateverTheMembers) {
  open(10);
  const auto few = allocations_of(1);
  open(90);
  // A list that doubles now and then, no more.
  EXPECT_LE(allocations_of(1), few + 4);
}

TEST_F(SendCostTest, ASendStaysWithinItsAllocations) {
  open(10);
  const auto each = allocations_of(64) / 64;
  RecordProperty("allocations_a_send", static_cast<int>(each));
  EXPECT_LE(each, 200U);
}

TEST_F(SendCostTest, WhatIsSentTogetherIsWrittenTogether) {
  open(10);
  const auto before = peers_[5]->writes;
  send(50);
  EXPECT_LE(peers_[5]->writes - before, 2U) << "turns that fifty messages took";
}

/// An append has a fixed part and a part a message; the rest is the senders'.
TEST(AppendCostTest, AMessageIsOneStatementAndABatchAFewMore) {
  const auto world = contract::make_sqlite_world();
  contract::Scene scene(*world);
  const auto ann = scene.user("ann");
  const auto chat = scene.group({ann, scene.user("bob")});
  const auto statements_of = [&](std::size_t messages) {
    std::vector<std::string> keys;
    for (std::size_t i = 0; i < messages; ++i)
      keys.push_back("key" + std::to_string(messages) + "_" + std::to_string(i));
    const auto before_append = scene.load(chat, {ann});
    auto entries = scene.entries(before_append, ann, keys);
    const auto before = adapters::sqlite::Connection::statements_run();
    const auto outcome = scene.append(chat, before_append.chat.last_rev, std::move(entries));
    EXPECT_EQ(outcome.status, ports::AppendStatus::appended);
    return adapters::sqlite::Connection::statements_run() - before;
  };
  const auto one = statements_of(1);
  EXPECT_LE(one, 12U);
  EXPECT_EQ(statements_of(101), one + 100);
}

}  // namespace
}  // namespace knotos::test
