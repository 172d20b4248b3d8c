#include "server/server.hpp"
#include "support/allocations.hpp"
#include "unit/cost/quiet_client.hpp"

#include <gtest/gtest.h>

#include <array>
#include <memory>
#include <string>
#include <vector>

namespace knotos::test {
namespace {

using server::Options;
using server::PacketClass;
using server::Socket;

/// Links in one room on one shard.
class DeliveryCostTest : public testing::Test {
 protected:
  DeliveryCostTest() {
    auto& chat = world_.server.of("/");
    chat.on_connection([](Socket& socket) { socket.join("room"); });
  }

  void open(std::size_t count) {
    for (std::size_t i = 0; i < count; ++i) {
      peers_.push_back(std::make_unique<QuietPeer>());
      connect_quietly(world_, *peers_.back());
    }
    // Lists that grow with the members have grown after a few turns, and counts begin from here.
    for (int turn = 0; turn < 4; ++turn) send(2);
  }

  void send(std::size_t messages) {
    world_.shards.on(0, [&] {
      for (std::size_t i = 0; i < messages; ++i) {
        const std::array<std::string_view, 1> arguments{R"({"content":"hello, world"})"};
        world_.server.send_to_room(
            "/", "room", server::make_event("/", "new_message", arguments, PacketClass::durable));
      }
    });
    world_.shards.run();
  }

  [[nodiscard]] std::size_t allocations_of(std::size_t messages) {
    const auto before = allocations().count;
    send(messages);
    return allocations().count - before;
  }

  [[nodiscard]] std::size_t writes() const {
    std::size_t writes = 0;
    for (const auto& peer : peers_) writes += peer->writes;
    return writes;
  }

  [[nodiscard]] std::size_t pieces() const {
    std::size_t pieces = 0;
    for (const auto& peer : peers_) pieces += peer->pieces;
    return pieces;
  }

  std::vector<std::unique_ptr<QuietPeer>> peers_;  ///< Outlive their links.
  FakeWorld world_;
};

TEST_F(DeliveryCostTest, ADeliveryAllocatesNothing) {
  open(100);
  const auto of_hundred = allocations_of(1);
  open(200);
  EXPECT_EQ(allocations_of(1), of_hundred) << "of a message to 300 members, against 100";
}

TEST_F(DeliveryCostTest, AMessageAllocatesAFewTimesWhateverItsMembers) {
  open(100);
  EXPECT_LE(allocations_of(1), 16U);
}

TEST_F(DeliveryCostTest, ATurnIsOneWriteALinkHoweverMuchItCarries) {
  open(50);
  const auto before = writes();
  send(40);
  EXPECT_EQ(writes() - before, 50U);
}

TEST_F(DeliveryCostTest, WhatARoomIsToldInATurnIsTwoPiecesALinkHoweverMuchItIs) {
  open(50);
  const auto before = pieces();
  send(40);
  EXPECT_EQ(pieces() - before, 2 * 50U);
}

TEST_F(DeliveryCostTest, AMessageThatIsNotTheFirstOfItsTurnCostsTheSameWhateverItsMembers) {
  open(100);
  const auto of_hundred = allocations_of(40);
  open(200);
  EXPECT_EQ(allocations_of(40), of_hundred) << "of 40 messages to 300 members, against 100";
}

TEST_F(DeliveryCostTest, AFrameIsCopiedForNobody) {
  open(100);
  const auto of_hundred = allocations().bytes;
  send(1);
  const auto bytes = allocations().bytes - of_hundred;
  open(100);
  const auto before = allocations().bytes;
  send(1);
  EXPECT_EQ(allocations().bytes - before, bytes);
}

/// The server's part of a link: without socket, HTTP and chat. What it is today and a little more:
/// whoever makes it smaller lowers this too.
TEST_F(DeliveryCostTest, AnIdleLinkHoldsNoMoreThanItDid) {
  constexpr std::size_t kBytesMax = 1088;
  open(64);
  const auto before = allocations().live_bytes;
  constexpr std::size_t kLinks = 1024;
  const auto of_peers = kLinks * (sizeof(QuietPeer) + 8);
  open(kLinks);
  const auto after = allocations().live_bytes;
  const auto each = (static_cast<std::size_t>(after - before) - of_peers) / kLinks;
  RecordProperty("bytes_a_link", static_cast<int>(each));
  EXPECT_LE(each, kBytesMax);
}

}  // namespace
}  // namespace knotos::test
