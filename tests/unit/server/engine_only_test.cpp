#include "support/fake_client.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace knotos::server {
namespace {

using test::FakeWorld;
using testing::ElementsAre;

TEST(EngineOnlyTest, EngineOnlyLinksCarryBareMessages) {
  FakeWorld world;
  world.server.use_engine_only([](std::string_view data, bool is_binary, const EngineReply& reply) {
    reply(data, is_binary);
  });
  auto client = world.open_websocket();
  client.send("4hello");
  client.send_binary("\x01");
  world.shards.run();
  EXPECT_THAT(client.take(), ElementsAre(test::Frame{1, "4hello"}, test::Frame{2, "\x01"}));
}

}  // namespace
}  // namespace knotos::server
