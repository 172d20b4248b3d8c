#include "base/metrics.hpp"
#include "gateway_world.hpp"
#include "ports/random_ids.hpp"

#include <algorithm>

namespace knotos::gateway {
namespace {

using std::chrono::seconds;

server::Options with_recovery() {
  server::Options options;
  options.recovery.is_on = true;
  options.recovery.disconnection_max = seconds(30);  // Tokens live fifteen minutes.
  return options;
}

class RecoveryTest : public GatewayWorld {
 protected:
  RecoveryTest() : GatewayWorld(3, with_recovery()) {}

  ChatDevice on_shard(const Person& person, std::size_t shard) {
    ChatDevice device(person.id, person.token);
    device.connect(node_, shard);
    settle(device);
    return device;
  }
  void come_back(ChatDevice& device, std::size_t shard) {
    device.come_back(node_, shard);
    settle(device);
  }
  void say(const Person& person, domain::ChatId chat, const std::string& content) {
    ASSERT_TRUE(node_.run(node_.messages.send(person.id, chat, {.content = content})));
  }
  static Names contents(const ChatDevice& device, domain::ChatId chat) {
    Names out;
    const auto at = device.chats().find(chat);
    if (at == device.chats().end()) return out;
    for (const auto& [seq, message] : at->second) out.push_back(message.content);
    return out;
  }
  static std::int64_t gauge(std::string_view name, std::string_view label = {}) {
    for (const auto& sample : metrics::collect()) {
      if (sample.name == name && sample.label_value == label) return sample.value;
    }
    return -1;
  }
};

TEST_F(RecoveryTest, WhatWasMissedIsReplayedOnWhateverShardTheClientComesBackTo) {
  const auto chat = direct(ann_, bob_);
  for (std::size_t from = 0; from < 3; ++from) {
    for (std::size_t to = 0; to < 3; ++to) {
      auto ann = on_shard(ann_, from);
      say(bob_, chat, "heard");
      settle(ann);
      const auto before = contents(ann, chat).size();
      ann.disconnect();
      node_.world.shards.run();
      say(bob_, chat, "missed");
      say(bob_, chat, "missed too");
      come_back(ann, to);
      ASSERT_TRUE(ann.has_recovered()) << from << " to " << to;
      EXPECT_EQ(contents(ann, chat).size(), before + 2) << from << " to " << to;
      EXPECT_EQ(contents(ann, chat).back(), "missed too");
      EXPECT_EQ(all(ann, "session_ready").size(), 2U) << "after a recovery too";
      say(bob_, chat, "and on");
      settle(ann);
      EXPECT_EQ(contents(ann, chat).back(), "and on");
      EXPECT_EQ(ann.gaps(), 0);
      ann.disconnect();
      node_.world.clock.advance(seconds(60));
    }
  }
}

TEST_F(RecoveryTest, PrivateChangesAndReceiptsAreReplayedAndTypingIsNot) {
  const auto chat = direct(ann_, bob_);
  auto ann = on_shard(ann_, 0);
  say(bob_, chat, "hello");
  settle(ann);
  ann.disconnect();
  node_.world.shards.run();
  bus_.publish(ports::SettingsChanged{
      .user_id = ann_.id, .user_rev = 5, .kind = ports::SettingsKind::profile});
  bus_.publish(ports::ReceiptMoved{
      .chat_id = chat, .user_id = bob_.id, .is_read = true, .seq = 1, .at = node_.clock.now()});
  bus_.publish(ports::TypingChanged{.chat_id = chat, .user_id = bob_.id, .is_typing = true});
  node_.world.shards.run();
  come_back(ann, 1);
  ASSERT_TRUE(ann.has_recovered());
  EXPECT_EQ(all(ann, "settings_updated").size(), 1U);
  EXPECT_EQ(all(ann, "message_read").size(), 1U);
  EXPECT_TRUE(all(ann, "typing_start").empty());
}

TEST_F(RecoveryTest, OtherMembershipsAreANewSession) {
  const auto chat = direct(ann_, bob_);
  auto ann = on_shard(ann_, 0);
  say(bob_, chat, "hello");
  settle(ann);
  ann.disconnect();
  node_.world.shards.run();
  const auto another = group(bob_, {ann_});
  say(bob_, another, "in the new one");
  come_back(ann, 0);
  EXPECT_FALSE(ann.has_recovered());
  EXPECT_EQ(contents(ann, another).back(), "in the new one");
  say(bob_, another, "live");
  settle(ann);
  EXPECT_EQ(contents(ann, another).back(), "live");
}

TEST_F(RecoveryTest, WhoHidAMessageMeanwhileIsANewSession) {
  const auto chat = direct(ann_, bob_);
  auto ann = on_shard(ann_, 0);
  const auto sent = node_.run(node_.messages.send(bob_.id, chat, {.content = "hello"}));
  ASSERT_TRUE(sent);
  settle(ann);
  ann.disconnect();
  node_.world.shards.run();
  EXPECT_TRUE(node_.run(node_.own.states.hide(ann_.id, chat, sent->message_id)));
  EXPECT_TRUE(node_.run(node_.messages.edit(
      bob_.id,
      {.chat_id = chat, .message_id = sent->message_id, .content = "edited", .base_version = {}})));
  come_back(ann, 0);
  EXPECT_FALSE(ann.has_recovered());
  for (const auto& content : contents(ann, chat)) EXPECT_NE(content, "edited");
}

TEST_F(RecoveryTest, AnotherDevicesSessionIsNotTakenUp) {
  const auto chat = direct(ann_, bob_);
  auto ann = on_shard(ann_, 0);
  say(bob_, chat, "hello");
  settle(ann);
  ann.disconnect();
  node_.world.shards.run();
  ChatDevice thief(bob_.id, bob_.token);
  thief.steal_session(ann);
  come_back(thief, 0);
  EXPECT_FALSE(thief.has_recovered());
  EXPECT_EQ(names(thief)[0], "session_ready");
  EXPECT_EQ(thief.events()[0].second.at("userId").as_string(), bob_.id.to_string());
}

TEST_F(RecoveryTest, ASignedOutDeviceDoesNotComeBack) {
  const auto chat = direct(ann_, bob_);
  auto ann = on_shard(ann_, 0);
  say(bob_, chat, "hello");
  settle(ann);
  ann.disconnect();
  node_.world.shards.run();
  ASSERT_TRUE(node_.run(node_.accounts.revoke(ann_.id, ann_.device)));
  come_back(ann, 0);
  EXPECT_FALSE(ann.is_admitted());
}

TEST_F(RecoveryTest, AStoreThatIsAwayMakesNoSessionOutOfALostOne) {
  const auto chat = direct(ann_, bob_);
  auto ann = on_shard(ann_, 0);
  say(bob_, chat, "hello");
  settle(ann);
  ann.disconnect();
  node_.world.shards.run();
  store_.set_available(false);
  come_back(ann, 0);
  EXPECT_FALSE(ann.is_connected());
  store_.set_available(true);
  come_back(ann, 2);
  settle(ann);
  EXPECT_EQ(contents(ann, chat), Names{"hello"});
}

TEST_F(RecoveryTest, WatchedPresenceIsToldAnew) {
  auto ann = on_shard(ann_, 0);
  auto bob = on_shard(bob_, 1);
  (void)ask(ann, "presence_subscribe", {{"userIds", boost::json::array{bob_.id.to_string()}}});
  say(bob_, direct(ann_, bob_), "hello");
  settle(ann);
  ann.disconnect();
  node_.world.shards.run();
  (void)ask(bob, "client_state", {{"state", "background"}});
  come_back(ann, 2);
  ASSERT_TRUE(ann.has_recovered());
  ASSERT_EQ(all(ann, "presence_update").size(), 1U);
  EXPECT_EQ(all(ann, "presence_update")[0].at("state").as_string(), "away");
  (void)ask(bob, "client_state", {{"state", "active"}});
  pass_all({&ann, &bob}, seconds(20));
  EXPECT_EQ(all(ann, "presence_update").back().at("state").as_string(), "online");
}

TEST_F(RecoveryTest, SessionsThatEndForGoodLeaveNothingBehind) {
  const auto chat = direct(ann_, bob_);
  const auto rooms = gauge("gateway_rooms");
  const auto users = gauge("bus_channels", "user");
  for (std::size_t i = 0; i < 6; ++i) {
    auto ann = on_shard(ann_, i % 3);
    say(bob_, chat, "hello");
    settle(ann);
    ann.disconnect();
    node_.world.shards.run();
    come_back(ann, (i + i / 3) % 3);
    settle(ann);
    ann.disconnect();
    node_.world.shards.run();
    EXPECT_GT(gauge("gateway_rooms"), rooms) << "a lost session still hears";
    node_.world.clock.advance(seconds(60));
    EXPECT_EQ(gauge("gateway_rooms"), rooms) << i;
    EXPECT_EQ(gauge("bus_channels", "user"), users) << i;
  }
}

}  // namespace
}  // namespace knotos::gateway
