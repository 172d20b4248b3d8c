#pragma once

#include "recovering_client.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstddef>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace knotos::server {

inline Options recovering(std::size_t log_events_max = 1'000) {
  Options options;
  options.recovery.is_on = true;
  options.recovery.log_events_max = log_events_max;
  return options;
}

class RecoveryTest : public testing::Test {
 protected:
  explicit RecoveryTest(Options options = recovering(), std::size_t shards = 1)
      : world(shards, std::move(options)) {
    root.on_connection([this](Socket& socket) {
      handles.push_back(socket.handle());
      recovered.push_back(socket.recovered());
    });
    root.on_end([this](Socket& socket, CloseReason) { kept.push_back(socket.is_kept()); });
    root.on_session_over([this](const KeptSession&, SessionOver why) { overs.push_back(why); });
    root.on("join", [](Socket& socket, Event event) { socket.join(event.argument(0)); });
    root.on("leave", [](Socket& socket, Event event) { socket.leave(event.argument(0)); });
  }

  test::RecoveringClient client(std::size_t shard = 0) {
    test::RecoveringClient made(world);
    made.connect(shard);
    static_cast<void>(made.take_events());
    return made;
  }
  void come_back(test::RecoveringClient& client, std::size_t shard = 0) {
    client.connect(shard);
    world.shards.run();
    client.read();
  }
  /// To everybody, or in a room.
  void say(std::string_view argument, std::string_view room = {}, std::size_t shard = 0) {
    world.shards.on(shard, [&] {
      const auto everybody = world.server.in("/");
      EXPECT_TRUE((room.empty() ? everybody : everybody.to(room)).emit("said", argument));
    });
    world.shards.run();
  }
  Socket& socket(std::size_t index) { return *world.server.find(handles.at(index)); }
  std::size_t links(std::size_t shard = 0) {
    return world.shards.on(shard, [&] { return world.server.links(); });
  }

  test::FakeWorld world;
  Namespace& root = world.server.of("/");
  std::vector<SocketHandle> handles;
  std::vector<bool> recovered;
  std::vector<bool> kept;
  std::vector<SessionOver> overs;
};

}  // namespace knotos::server
