#include "app/connect_gate.hpp"

#include "support/fake_exchange.hpp"

#include <gtest/gtest.h>

namespace knotos::app {
namespace {

class ConnectGateTest : public testing::Test {
 protected:
  bool passes(const std::string& target, const std::string& address = "192.0.2.1",
              const std::string& method = "GET") {
    last_ = std::make_shared<test::FakeExchange>(
        shards_, http::Request{.method = method, .target = target, .remote_address = address});
    return gate_.lets_pass(*last_, now_);
  }

  test::FakeShards shards_{1};
  SteadyTime now_{std::chrono::hours(1)};
  ConnectGate gate_{services::Rate{2, std::chrono::seconds(1), 0}};
  std::shared_ptr<test::FakeExchange> last_;
};

TEST_F(ConnectGateTest, CountsHandshakesPerAddress) {
  EXPECT_TRUE(passes("/socket.io/?EIO=4&transport=polling"));
  EXPECT_TRUE(passes("/socket.io/?EIO=4&transport=websocket"));
  EXPECT_FALSE(passes("/socket.io/?EIO=4&transport=polling"));
  ASSERT_TRUE(last_->response());
  EXPECT_EQ(last_->response()->status, 429U);
  EXPECT_TRUE(passes("/socket.io/?EIO=4&transport=polling", "192.0.2.2"));
  now_ += std::chrono::seconds(1);
  EXPECT_TRUE(passes("/socket.io/?EIO=4&transport=polling"));
}

TEST_F(ConnectGateTest, WhatBelongsToALinkPasses) {
  for (int i = 0; i < 10; ++i) EXPECT_TRUE(passes("/socket.io/?EIO=4&transport=polling&sid=abc"));
  for (int i = 0; i < 10; ++i) EXPECT_TRUE(passes("/socket.io/?EIO=4", "192.0.2.1", "OPTIONS"));
}

TEST_F(ConnectGateTest, OffIsOff) {
  ConnectGate off{services::Rate{}};
  for (int i = 0; i < 1'000; ++i) {
    test::FakeExchange exchange(
        shards_, {.method = "GET", .target = "/socket.io/?EIO=4", .remote_address = "a"});
    EXPECT_TRUE(off.lets_pass(exchange, now_));
  }
}

}  // namespace
}  // namespace knotos::app
