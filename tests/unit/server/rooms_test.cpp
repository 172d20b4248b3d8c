#include "support/fake_client.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <map>
#include <random>
#include <set>

namespace knotos::server {
namespace {

using test::FakeWebSocket;
using test::FakeWorld;
using testing::ElementsAre;
using testing::IsEmpty;

class RoomsTest : public testing::Test {
 protected:
  RoomsTest() {
    world.server.of("/").on_connection(
        [this](Socket& socket) { handles.push_back(socket.handle()); });
  }
  Socket& socket(std::size_t index) { return *world.server.find(handles.at(index)); }
  void say(std::string_view room, std::string_view event) {
    const std::string_view argument = "1";
    world.server.send_to_room(
        "/", room, make_event("/", event, std::span(&argument, 1), PacketClass::durable));
  }

  FakeWorld world;
  std::vector<SocketHandle> handles;
};

TEST_F(RoomsTest, APacketReachesTheMembersOfItsRoomAndIsEncodedOnce) {
  std::vector<FakeWebSocket> clients;
  for (int i = 0; i < 3; ++i) clients.push_back(world.connect());
  for (auto& client : clients) static_cast<void>(client.take());
  world.shards.on(0, [&] {
    socket(0).join("a");
    socket(0).join("a");
    socket(1).join("a");
    socket(2).join("b");
    EXPECT_EQ(world.server.room_size("/", "a"), 2U);
    say("a", "x");
  });
  world.shards.run();
  EXPECT_THAT(clients[0].take_texts(), ElementsAre(R"(42["x",1])"));
  EXPECT_THAT(clients[1].take_texts(), ElementsAre(R"(42["x",1])"));
  EXPECT_THAT(clients[2].take_texts(), IsEmpty());
}

TEST_F(RoomsTest, RandomJoinsLeavesAndEndsKeepTheSameMembersAsAModel) {
  constexpr std::uint64_t kSeed = 11;
  SCOPED_TRACE("seed " + std::to_string(kSeed));
  std::mt19937_64 random(kSeed);
  std::vector<FakeWebSocket> clients;
  for (int i = 0; i < 12; ++i) clients.push_back(world.connect());
  std::map<std::string, std::set<std::size_t>> model;
  for (int step = 0; step < 3'000; ++step) {
    const auto who = random() % clients.size();
    const auto room = "room" + std::to_string(random() % 9);
    world.shards.on(0, [&] {
      if (random() % 200 == 0) {
        clients[who].peer().end();
        for (auto& [name, members] : model) members.erase(who);
        return;
      }
      if (world.server.find(handles[who]) == nullptr) return;
      if (random() % 2 == 0) {
        socket(who).join(room);
        model[room].insert(who);
      } else {
        socket(who).leave(room);
        model[room].erase(who);
      }
    });
    world.shards.on(0, [&] {
      for (const auto& [name, members] : model) {
        ASSERT_EQ(world.server.room_size("/", name), members.size());
      }
    });
    if (step % 100 != 0) continue;
    world.shards.run();
    for (auto& client : clients) static_cast<void>(client.take());
    world.shards.on(0, [&] { say(room, "probe"); });
    world.shards.run();
    for (std::size_t i = 0; i < clients.size(); ++i) {
      EXPECT_EQ(clients[i].take_texts().size(), model[room].count(i));
    }
  }
}

}  // namespace
}  // namespace knotos::server
