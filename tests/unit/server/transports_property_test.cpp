#include "server/counters.hpp"
#include "support/fake_client.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <optional>
#include <random>
#include <sstream>

namespace knotos::server {
namespace {

using test::FakeExchange;
using test::FakeWebSocket;
using test::FakeWorld;

/// A client that polls, posts, probes and upgrades at random moments, on any shard, with time going
/// on and bytes cut anywhere. Each message that it sends comes back once and in order, over
/// whichever transport; the session is there while the client keeps its rules, and gone once it
/// has broken them or fallen silent.
class TransportsDriver {
 public:
  static constexpr std::size_t kShards = 2;

  explicit TransportsDriver(std::uint64_t seed) : random_(seed), world_(kShards, options(), seed) {
    world_.server.of("/").on(
        "n", [](Socket& socket, Event event) { socket.emit("n", event.argument(0)); });
    sid_ = world_.open_polling(pick(kShards));
    send("40");
  }

  void run(int steps) {
    for (int i = 0; i < steps && !testing::Test::HasFailure(); ++i) step();
    finish();
    EXPECT_EQ(next_back_, next_sent_) << "Everything has come back.";
    for (std::size_t shard = 0; shard < kShards; ++shard) {
      EXPECT_EQ(links(shard), shard == home() ? 1U : 0U);
    }
    // Silence.
    websocket_.reset();
    candidate_.reset();
    poll_.reset();
    world_.clock.advance(Milliseconds(60'000));
    EXPECT_EQ(links(0) + links(1), 0U);
    EXPECT_EQ(world_.clock.waiting(), 0U);
  }

 private:
  static Options options() {
    Options options;
    options.poll_packets_max = 3;
    return options;
  }

  std::size_t pick(std::size_t count) { return static_cast<std::size_t>(random_() % count); }
  /// The owner's number is what the sid begins with.
  [[nodiscard]] std::size_t home() const { return sid_.starts_with("AB") ? 1 : 0; }
  std::size_t links(std::size_t shard) {
    return world_.shards.on(shard, [&] { return world_.server.links(); });
  }
  [[nodiscard]] std::string query(std::string_view transport) const {
    return "EIO=4&sid=" + sid_ + "&transport=" + std::string(transport);
  }

  void step() {
    switch (pick(9)) {
      case 0:
      case 1:
        poll();
        break;
      case 2:
      case 3:
        send(R"(42["n",)" + std::to_string(next_sent_++) + "]");
        break;
      case 4:
        probe();
        break;
      case 5:
        upgrade();
        break;
      case 6:
        if (candidate_ && pick(3) == 0) lose_candidate();
        break;
      case 7:
        world_.clock.advance(Milliseconds(pick(4'000)));
        break;
      default:
        for (auto turns = pick(5); turns > 0; --turns) world_.shards.run_one(pick(kShards));
    }
    read();
  }

  void poll() {
    if (poll_ || websocket_ || is_upgrading_) return;
    poll_ = world_.get(query("polling"), pick(kShards));
  }

  void send(std::string_view packet) {
    if (websocket_) return cut(*websocket_, packet);
    const auto exchange = world_.post(query("polling"), std::string(packet), pick(kShards));
    world_.shards.run();
    ASSERT_TRUE(exchange->response());
    EXPECT_EQ(exchange->response()->body, "ok");
  }

  /// One frame in two pieces.
  void cut(FakeWebSocket& socket, std::string_view packet) {
    const auto frame = test::client_frame(1, packet);
    const auto at = pick(frame.size() + 1);
    socket.peer().send(frame.substr(0, at));
    if (pick(2) == 0) world_.shards.run();
    socket.peer().send(frame.substr(at));
  }

  void probe() {
    if (candidate_ || websocket_) return;
    const auto exchange = world_.upgrade(query("websocket"), pick(kShards));
    world_.shards.run();
    ASSERT_TRUE(exchange->link_is_taken());
    candidate_.emplace(exchange->peer());
    is_probed_ = false;
    cut(*candidate_, "2probe");
  }

  /// The official client waits for the probe's answer and for its poll to end.
  void upgrade() {
    if (!candidate_ || !is_probed_) return;
    is_upgrading_ = true;
    world_.shards.run();
    world_.clock.advance(Milliseconds(150));
    read();
    if (!candidate_) {
      is_upgrading_ = false;
      return;
    }
    EXPECT_FALSE(poll_) << "A parked poll ends within an upgrade.";
    cut(*candidate_, "5");
    world_.shards.run();
    websocket_ = std::move(candidate_);
    candidate_.reset();
    is_upgrading_ = false;
  }

  void lose_candidate() {
    candidate_->peer().end(pick(2) == 0 ? LinkEnd::failed : LinkEnd::closed_by_peer);
    candidate_.reset();
  }

  void read() {
    if (poll_ && poll_->response()) {
      const auto response = *poll_->response();
      poll_.reset();
      EXPECT_EQ(response.status, 200U) << response.body;
      std::istringstream packets(response.body);
      for (std::string packet; std::getline(packets, packet, '\x1e');) take(packet);
    }
    if (candidate_) {
      for (const auto& frame : candidate_->take()) {
        if (frame.opcode == 1 && frame.payload == "3probe") is_probed_ = true;
      }
      // Too slow: the upgrade was given up.
      if (candidate_->peer().is_closed()) candidate_.reset();
    }
    if (!websocket_) return;
    EXPECT_FALSE(websocket_->peer().is_closed());
    for (const auto& text : websocket_->take_texts()) take(text);
  }

  void take(const std::string& packet) {
    if (packet == "2") return send("3");
    if (packet == "6" || packet.starts_with("40")) return;
    EXPECT_EQ(packet, R"(42["n",)" + std::to_string(next_back_++) + "]");
  }

  void finish() {
    for (int i = 0; i < 200 && next_back_ < next_sent_; ++i) {
      world_.shards.run();
      read();
      poll();
    }
    world_.shards.run();
    read();
  }

  std::mt19937_64 random_;
  FakeWorld world_;
  std::string sid_;
  std::shared_ptr<FakeExchange> poll_;
  std::optional<FakeWebSocket> candidate_;
  std::optional<FakeWebSocket> websocket_;
  bool is_probed_ = false;
  bool is_upgrading_ = false;
  int next_sent_ = 0;
  int next_back_ = 0;
};

TEST(TransportsPropertyTest, WhateverTheTransportsDoEachMessageComesBackOnceAndInOrder) {
  const auto upgrades = counters::upgrades.value();
  for (std::uint64_t seed = 1; seed <= 100; ++seed) {
    SCOPED_TRACE("seed " + std::to_string(seed));
    TransportsDriver(seed).run(120);
    if (testing::Test::HasFailure()) break;
  }
  EXPECT_GT(counters::upgrades.value(), upgrades + 20) << "Otherwise it has shown little.";
}

}  // namespace
}  // namespace knotos::server
