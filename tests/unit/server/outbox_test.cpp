#include "server/outbox.hpp"

#include "base/digest.hpp"
#include "server/counters.hpp"
#include "support/fake_client.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <array>
#include <random>

namespace knotos::server {
namespace {

using test::FakeWorld;
using testing::ElementsAre;
using testing::IsEmpty;

Packet packet_of(PacketClass packet_class, std::string_view text) {
  return PacketBuffer::make(packet_class, text);
}

TEST(OutboxTest, AnyStepsOfWritingYieldTheSameBytes) {
  std::mt19937_64 random(7);
  for (int round = 0; round < 200; ++round) {
    SCOPED_TRACE("seed 7, round " + std::to_string(round));
    Outbox outbox;
    std::string expected;
    std::string written;
    for (int i = 0; i < 200; ++i) {
      if (random() % 2 == 0) {
        const auto packet = packet_of(PacketClass::durable, std::string(random() % 300, 'x'));
        expected.append(reinterpret_cast<const char*>(packet->frames().data()),
                        packet->frames().size());
        outbox.push(packet);
      } else if (!outbox.empty()) {
        std::array<Link::Piece, 3> pieces;
        const auto count = outbox.gather(pieces, 1 + random() % 500);
        ASSERT_GE(count, 1U);
        std::string offered;
        for (std::size_t piece = 0; piece < count; ++piece) {
          offered.append(reinterpret_cast<const char*>(pieces.at(piece).data()),
                         pieces.at(piece).size());
        }
        const auto taken = random() % (offered.size() + 1);
        written += offered.substr(0, taken);
        outbox.consume(taken);
      }
      ASSERT_EQ(outbox.bytes(), expected.size() - written.size());
    }
    EXPECT_EQ(written, expected.substr(0, written.size()));
  }
}

TEST(OutboxTest, WhatIsPartlyWrittenIsNeverDropped) {
  Outbox outbox;
  outbox.push(packet_of(PacketClass::ephemeral, "4typing"));
  outbox.push(packet_of(PacketClass::ephemeral, "4typing"));
  outbox.push(packet_of(PacketClass::durable, "4message"));
  outbox.push(packet_of(PacketClass::control, "41"));
  outbox.consume(1);
  EXPECT_EQ(outbox.drop(PacketClass::ephemeral), 1U);
  EXPECT_EQ(outbox.size(), 3U);
  const auto dropped = outbox.drop_all();
  EXPECT_EQ(dropped.durable, 1U);
  EXPECT_EQ(dropped.ephemeral, 0U);
  EXPECT_EQ(outbox.size(), 2U);
  EXPECT_EQ(outbox.bytes(), 9 - 1 + 4U);
  outbox.consume(outbox.bytes());
  EXPECT_TRUE(outbox.empty());
}

TEST(PacketTest, AttachmentsFollowTheirHeaderAsBinaryFrames) {
  const std::vector<std::string> attachments{std::string(1, '\x01'), ""};
  const auto packet = PacketBuffer::make(PacketClass::durable, "452-[]", attachments);
  EXPECT_EQ(packet->parts(), 3U);
  EXPECT_EQ(packet->part(0), "452-[]");
  EXPECT_EQ(packet->part(1), "\x01");
  EXPECT_EQ(packet->part(2), "");
  const auto frames = packet->frames();
  EXPECT_EQ(std::string(reinterpret_cast<const char*>(frames.data()), frames.size()),
            std::string("\x81\x06"
                        "452-[]\x82\x01\x01\x82\x00",
                        13));
}

/// Budgets through a whole server: a reader that has stopped reading.
class SlowReaderTest : public testing::Test {
 protected:
  static constexpr std::size_t kBudget = 1'000;

  static Options options() {
    Options options;
    options.outbox_bytes_max = kBudget;
    return options;
  }

  explicit SlowReaderTest(Options chosen = options()) : world(1, std::move(chosen)) {
    static_cast<void>(world.server.of("/"));
  }

  void emit(PacketClass packet_class, std::string_view event, std::size_t bytes = 100) {
    const auto argument = '"' + std::string(bytes, 'x') + '"';
    world.shards.on(0, [&] {
      world.server.for_each("/",
                            [&](Socket& socket) { socket.emit(event, argument, packet_class); });
    });
  }
  void stall(test::FakeWebSocket& client) {
    static_cast<void>(client.take());
    client.peer().take_only(0);
    emit(PacketClass::durable, "first", 10);
    world.shards.run();
  }
  std::vector<std::string> names(test::FakeWebSocket& client) {
    client.peer().take_more();
    world.shards.run();
    std::vector<std::string> found;
    for (const auto& text : client.take_texts())
      found.push_back(text.substr(4, text.find('"', 4) - 4));
    return found;
  }
  std::size_t links() {
    return world.shards.on(0, [&] { return world.server.links(); });
  }

  FakeWorld world;
};

TEST_F(SlowReaderTest, EphemeralPacketsGoFirstThenReceiptsAndMessagesStay) {
  auto client = world.connect();
  stall(client);
  for (int i = 0; i < 3; ++i) emit(PacketClass::ephemeral, "typing");
  for (int i = 0; i < 3; ++i) emit(PacketClass::receipt, "read");
  const auto dropped = counters::dropped(PacketClass::ephemeral).value();
  for (int i = 0; i < 4; ++i) emit(PacketClass::durable, "message");
  EXPECT_EQ(counters::dropped(PacketClass::ephemeral).value(), dropped + 3);
  EXPECT_THAT(names(client), ElementsAre("first", "read", "read", "read", "message", "message",
                                         "message", "message"));
}

TEST_F(SlowReaderTest, ReceiptsGoBeforeMessages) {
  auto client = world.connect();
  stall(client);
  for (int i = 0; i < 3; ++i) emit(PacketClass::receipt, "read");
  for (int i = 0; i < 7; ++i) emit(PacketClass::durable, "message");
  EXPECT_THAT(names(client), ElementsAre("first", "message", "message", "message", "message",
                                         "message", "message", "message"));
}

TEST_F(SlowReaderTest, WhatDoesNotFitAndIsWorthLessIsDroppedItself) {
  auto client = world.connect();
  stall(client);
  for (int i = 0; i < 8; ++i) emit(PacketClass::durable, "message", 90);
  emit(PacketClass::ephemeral, "typing", 150);
  emit(PacketClass::receipt, "read", 150);
  EXPECT_EQ(names(client).size(), 9U);
}

TEST_F(SlowReaderTest, ByDefaultALinkWhoseMessagesOverflowIsClosed) {
  auto client = world.connect();
  stall(client);
  const auto slow = counters::slow_readers.value();
  for (int i = 0; i < 12; ++i) emit(PacketClass::durable, "message");
  world.shards.run();
  EXPECT_EQ(links(), 0U);
  EXPECT_TRUE(client.peer().is_closed());
  EXPECT_EQ(counters::slow_readers.value(), slow + 1);
}

TEST_F(SlowReaderTest, AnOverflowIsToldOnceAndTheLinkGoesOn) {
  int overflows = 0;
  world.server.of("/").on_overflow([&](Socket& socket) {
    ++overflows;
    socket.emit("resync_required", "1", PacketClass::control);
  });
  auto client = world.connect();
  stall(client);
  for (int i = 0; i < 30; ++i) emit(PacketClass::durable, "message");
  world.shards.run();
  EXPECT_EQ(overflows, 1);
  emit(PacketClass::durable, "after");
  EXPECT_THAT(names(client), ElementsAre("resync_required", "after"));
  EXPECT_EQ(links(), 1U);
}

TEST_F(SlowReaderTest, AnAckIsNeverDropped) {
  world.server.of("/").on_overflow([](Socket&) {});
  world.server.of("/").on("ask", [](Socket&, Event event) { event.ack.reply("1"); });
  auto client = world.connect();
  stall(client);
  client.send(R"(427["ask"])");
  for (int i = 0; i < 12; ++i) emit(PacketClass::durable, "message");
  world.shards.run();
  client.peer().take_more();
  world.shards.run();
  EXPECT_THAT(client.take_texts(), ElementsAre("437[1]"));
}

TEST_F(SlowReaderTest, ControlPacketsOverTwiceTheBudgetCutTheLink) {
  world.server.of("/").on(
      "ask", [](Socket&, Event event) { event.ack.reply('"' + std::string(500, 'x') + '"'); });
  auto client = world.connect();
  stall(client);
  for (int i = 0; i < 3; ++i) client.send(R"(427["ask"])");
  world.shards.run();
  EXPECT_EQ(links(), 1U);
  client.send(R"(427["ask"])");
  world.shards.run();
  EXPECT_EQ(links(), 0U);
}

TEST_F(SlowReaderTest, MuchInOneTurnIsNotASlowReader) {
  auto client = world.connect();
  static_cast<void>(client.take());
  for (int i = 0; i < 100; ++i) emit(PacketClass::durable, "message");
  EXPECT_EQ(names(client).size(), 100U);
}

TEST_F(SlowReaderTest, OnePacketOfAnySizeMayWaitAlone) {
  auto client = world.connect();
  static_cast<void>(client.take());
  client.peer().take_only(0);
  emit(PacketClass::durable, "large", 5 * kBudget);
  EXPECT_THAT(names(client), ElementsAre("large"));
}

TEST_F(SlowReaderTest, OthersAreNotSlowedByOneThatStalls) {
  auto stalled = world.connect();
  auto healthy = world.connect();
  static_cast<void>(healthy.take());
  stall(stalled);
  static_cast<void>(healthy.take());
  for (int i = 0; i < 30; ++i) {
    emit(PacketClass::durable, "message");
    world.shards.run();
  }
  EXPECT_EQ(names(healthy).size(), 30U);
}

TEST_F(SlowReaderTest, AFarewellThatIsNotTakenInTimeIsCut) {
  auto client = world.connect();
  stall(client);
  emit(PacketClass::durable, "message");
  const auto cut = counters::farewells_cut.value();
  world.shards.on(0, [&] { world.server.close_links(CloseReason::server_shutting_down); });
  world.clock.advance(Milliseconds(4'999));
  EXPECT_FALSE(client.peer().is_closed());
  world.clock.advance(Milliseconds(1));
  EXPECT_TRUE(client.peer().is_closed());
  EXPECT_EQ(counters::farewells_cut.value(), cut + 1);
}

class ProcessBudgetTest : public SlowReaderTest {
 protected:
  static Options options() {
    Options options;
    options.outbox_bytes_max = 1'000'000;
    options.outbox_bytes_total_max = 3'500;
    return options;
  }
  ProcessBudgetTest() : SlowReaderTest(options()) {}
};

TEST_F(ProcessBudgetTest, TheLargestQueueGoesFirst) {
  std::vector<std::string> told;
  world.server.of("/").on_overflow([&](Socket& socket) {
    told.emplace_back(*std::static_pointer_cast<std::string>(socket.data()));
  });
  int count = 0;
  world.server.of("/").on_connection([&](Socket& socket) {
    socket.set_data(std::make_shared<std::string>(count++ == 0 ? "large" : "small"));
  });
  auto large = world.connect();
  static_cast<void>(large.take());
  large.peer().take_only(0);
  emit(PacketClass::durable, "message", 2'000);
  world.shards.run();
  auto small = world.connect();
  static_cast<void>(small.take());
  small.peer().take_only(0);
  emit(PacketClass::durable, "message", 500);
  world.shards.run();
  EXPECT_THAT(told, IsEmpty());
  emit(PacketClass::durable, "message", 500);
  world.shards.run();
  EXPECT_THAT(told, ElementsAre("large"));
  EXPECT_EQ(links(), 2U);
}

TEST_F(ProcessBudgetTest, WhatManyWaitForCountsOnce) {
  bool is_anybody_told = false;
  world.server.of("/").on_overflow([&](Socket&) { is_anybody_told = true; });
  std::vector<test::FakeWebSocket> clients;
  for (int i = 0; i < 5; ++i) {
    clients.push_back(world.connect());
    static_cast<void>(clients.back().take());
    clients.back().peer().take_only(0);
  }
  const auto before = counters::outbox_bytes_now.value();
  world.shards.on(0, [&] {
    (void)world.server.in("/").emit("message", "\"" + std::string(2'000, 'x') + "\"");
  });
  world.shards.run();
  EXPECT_FALSE(is_anybody_told);
  EXPECT_GT(counters::outbox_bytes_now.value(), before + 2'000);
  EXPECT_LT(counters::outbox_bytes_now.value(), before + 2'500);
  for (auto& client : clients) client.peer().take_more();
  // The total is told at the end of a turn.
  emit(PacketClass::durable, "message");
  world.shards.run();
  EXPECT_EQ(counters::outbox_bytes_now.value(), before);
}

}  // namespace
}  // namespace knotos::server
