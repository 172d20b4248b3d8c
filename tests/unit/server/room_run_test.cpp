#include "server/counters.hpp"
#include "server/outbox.hpp"
#include "server/packet_run.hpp"
#include "support/fake_client.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <array>
#include <random>
#include <set>
#include <utility>

namespace knotos::server {
namespace {

using test::FakeWorld;

Packet packet_of(std::string_view text, PacketClass packet_class = PacketClass::durable) {
  return PacketBuffer::make(packet_class, text);
}

Run run_of(std::initializer_list<std::string_view> texts,
           PacketClass packet_class = PacketClass::durable) {
  const Run run(new PacketRun(packet_class));
  for (const auto text : texts) run->append(*packet_of(text, packet_class));
  return run;
}

std::string gathered(const Outbox& outbox) {
  std::array<Link::Piece, 16> pieces;
  std::string bytes;
  const auto count = outbox.gather(pieces, SIZE_MAX);
  for (const auto& piece : std::span(pieces).first(count))
    bytes.append(reinterpret_cast<const char*>(piece.data()), piece.size());
  return bytes;
}

TEST(PacketRunTest, AReaderHasWhatTheRunHoldsAndOnePieceOfIt) {
  const auto run = run_of({"4a"});
  Outbox outbox;
  outbox.follow_run(run, 0);
  run->append(*packet_of("4b"));
  EXPECT_EQ(outbox.bytes(), 8U);
  EXPECT_EQ(outbox.bytes_of(PacketClass::durable), 8U);
  outbox.leave_run();
  run->append(*packet_of("4c"));
  EXPECT_EQ(outbox.bytes(), 8U);
  EXPECT_EQ(outbox.size(), 2U);
  std::array<Link::Piece, 4> pieces;
  EXPECT_EQ(outbox.gather(pieces, SIZE_MAX), 1U);
}

TEST(PacketRunTest, WhatAnswersTheTransportGoesBetweenTwoPacketsOfARun) {
  const auto run = run_of({"4aaaa", "4bbbb"});
  Outbox outbox;
  outbox.follow_run(run, 0);
  outbox.leave_run();
  outbox.consume(3);
  outbox.push_next(packet_of("2", PacketClass::control));
  EXPECT_EQ(gathered(outbox),
            "aaaa\x81\x01"
            "2\x81\x05"
            "4bbbb");
  EXPECT_EQ(outbox.bytes(), 14U);
}

TEST(PacketRunTest, OfARunThatIsDroppedThePacketThatHasBegunStays) {
  const auto run = run_of({"4aaaa", "4bbbb", "4cccc"}, PacketClass::ephemeral);
  Outbox outbox;
  outbox.follow_run(run, 0);
  outbox.leave_run();
  outbox.consume(9);
  EXPECT_EQ(outbox.drop(PacketClass::ephemeral), 1U);
  EXPECT_EQ(gathered(outbox), "4bbbb");
  EXPECT_EQ(outbox.bytes_of(PacketClass::ephemeral), 5U);
  outbox.consume(5);
  EXPECT_TRUE(outbox.empty());
  EXPECT_EQ(outbox.bytes(), 0U);
}

TEST(PacketRunTest, AllOfARunCountsWhenItIsDropped) {
  const auto run = run_of({"4a", "4b", "4c"});
  Outbox outbox;
  outbox.follow_run(run, 4);
  outbox.leave_run();
  EXPECT_EQ(outbox.drop_all().durable, 2U);
  EXPECT_TRUE(outbox.empty());
}

/// Rooms that are told much in one turn, while their members come, go, are told something by
/// themselves, stall, read little by little and end: each gets exactly what was meant for it, in
/// order, as if each packet had been sent by itself.
class RoomRunDriver {
 public:
  static constexpr std::size_t kRooms = 3;

  explicit RoomRunDriver(std::uint64_t seed) : random_(seed), world_(1, options(), seed) {
    static_cast<void>(world_.server.of("/"));
    for (int i = 0; i < 6; ++i) come();
  }

  void run(int turns) {
    for (int i = 0; i < turns && !testing::Test::HasFailure(); ++i) {
      world_.shards.on(0, [this] {
        for (auto steps = pick(120); steps > 0; --steps) step();
      });
      world_.shards.run();
      for (auto& client : clients_) {
        // None stalls for so long that its queue is dropped.
        if (client.is_stalled || pick(2) == 0) read(client);
      }
      if (pick(2) == 0) stall();
      if (pick(8) == 0) come();
    }
    for (auto& client : clients_) {
      read(client);
      EXPECT_EQ(client.meant, client.had);
      client.socket.peer().end();
      world_.shards.run();
    }
    EXPECT_EQ(counters::outbox_bytes_now.value(), bytes_before_);
  }

 private:
  struct Client {
    test::FakeWebSocket socket;
    SocketHandle handle;
    std::set<std::size_t> rooms;
    std::vector<std::string> meant;
    std::vector<std::string> had;
    bool is_stalled = false;
  };

  static Options options() {
    Options options;
    // A run is a quarter of it at most, so that some end in the midst of a turn; and two turns fit.
    options.outbox_bytes_max = 120'000;
    return options;
  }

  std::size_t pick(std::size_t count) { return static_cast<std::size_t>(random_() % count); }
  static std::string name_of(std::size_t room) { return "room" + std::to_string(room); }

  void come() {
    clients_.push_back(
        {.socket = world_.connect(), .handle = {}, .rooms = {}, .meant = {}, .had = {}});
    auto& client = clients_.back();
    static_cast<void>(client.socket.take());
    world_.shards.on(0, [&] {
      world_.server.for_each("/", [&](Socket& socket) { client.handle = socket.handle(); });
      for (std::size_t room = 0; room < kRooms; ++room) {
        if (pick(3) == 0) continue;
        world_.server.find(client.handle)->join(name_of(room));
        client.rooms.insert(room);
      }
    });
  }

  void step() {
    auto& client = clients_[pick(clients_.size())];
    auto* const socket = world_.server.find(client.handle);
    const auto room = pick(kRooms);
    switch (pick(10)) {
      case 0:
        if (socket == nullptr) return;
        socket->join(name_of(room));
        client.rooms.insert(room);
        return;
      case 1:
        if (socket == nullptr) return;
        socket->leave(name_of(room));
        client.rooms.erase(room);
        return;
      case 2:
        if (socket == nullptr) return;
        return tell({&client}, [&](std::string_view text) { socket->emit("own", text); });
      case 3:
        if (socket == nullptr || pick(20) > 0) break;
        socket->close_link(CloseReason::forced_close);
        client.rooms.clear();
        return;
      default:
        break;
    }
    std::vector<Client*> members;
    for (auto& each : clients_) {
      if (each.rooms.contains(room)) members.push_back(&each);
    }
    tell(members, [&](std::string_view text) {
      const std::array<std::string_view, 1> arguments{text};
      const auto packet_class = pick(5) == 0 ? PacketClass::receipt : PacketClass::durable;
      world_.server.send_to_room("/", name_of(room),
                                 make_event("/", "own", arguments, packet_class));
    });
  }

  template <class Say>
  void tell(const std::vector<Client*>& whom, const Say& say) {
    auto text = std::to_string(++said_);
    if (pick(4) == 0) text += std::string(pick(3'000), '0');
    for (auto* const client : whom) client->meant.push_back("42[\"own\"," + text + "]");
    say(text);
  }

  void stall() {
    auto& client = clients_[pick(clients_.size())];
    client.socket.peer().take_only(pick(20'000));
    client.is_stalled = true;
  }

  void read(Client& client) {
    client.socket.peer().take_more();
    client.is_stalled = false;
    world_.shards.run();
    for (auto& text : client.socket.take_texts()) client.had.push_back(std::move(text));
  }

  std::mt19937_64 random_;
  std::int64_t bytes_before_ = counters::outbox_bytes_now.value();
  FakeWorld world_;
  std::vector<Client> clients_;
  std::uint64_t said_ = 1'000'000;
};

TEST(RoomRunTest, EachMemberGetsWhatWasMeantForItInOrder) {
  for (std::uint64_t seed = 1; seed <= 12; ++seed) {
    SCOPED_TRACE("seed " + std::to_string(seed));
    RoomRunDriver(seed).run(40);
    if (testing::Test::HasFailure()) return;
  }
}

}  // namespace
}  // namespace knotos::server
