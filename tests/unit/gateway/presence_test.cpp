#include "gateway_world.hpp"
#include "ports/random_ids.hpp"

namespace knotos::gateway {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

class PresenceTest : public GatewayWorld {
 protected:
  /// What the ack says of each of them: its state, and `@` where it says since when.
  std::string subscribe(ChatDevice& device, const std::vector<Person>& people) {
    boost::json::array ids;
    for (const auto& person : people) ids.emplace_back(person.id.to_string());
    const auto ack = ask(device, "presence_subscribe", {{"userIds", ids}});
    if (!ack.at("ok").as_bool()) return code_of(ack);
    std::string out;
    for (const auto& person : people) {
      for (const auto& state : ack.at("states").as_array()) {
        if (state.at("userId").as_string() != person.id.to_string()) continue;
        out += (out.empty() ? "" : " ") + shown(state.as_object());
      }
    }
    return out;
  }

  static std::string shown(const boost::json::object& state) {
    return std::string(state.at("state").as_string()) + (state.contains("lastSeenAt") ? "@" : "");
  }
  static Names updates(const ChatDevice& device) {
    Names out;
    for (const auto& update : all(device, "presence_update")) out.push_back(shown(update));
    return out;
  }

  void set_last_seen(const Person& person, domain::Audience audience) {
    const auto rev = node_.run(store_.update_privacy(person.id, {.last_seen = audience}));
    bus_.publish(ports::SettingsChanged{
        .user_id = person.id, .user_rev = rev->value_or(0), .kind = ports::SettingsKind::privacy});
    node_.world.shards.run();
  }
};

TEST_F(PresenceTest, TheAckTellsHowTheyStandAndUpdatesFollow) {
  auto ann = online(ann_);
  EXPECT_EQ(subscribe(ann, {ann_, bob_}), "online offline");
  auto bob = online(bob_);
  settle(ann);
  EXPECT_EQ(updates(ann), Names{"online"});
  EXPECT_EQ(all(ann, "presence_update")[0].at("userId").as_string(), bob_.id.to_string());
  EXPECT_TRUE(updates(bob).empty()) << "who has not asked is not told";
}

TEST_F(PresenceTest, WhoGoesIsOfflineAfterTheGraceAndIsSeenLastWhenTheyWent) {
  auto ann = online(ann_);
  auto bob = online(bob_);
  ASSERT_EQ(subscribe(ann, {bob_}), "online");
  const auto went_at = node_.clock.now();
  bob.disconnect();
  pass_all({&ann}, milliseconds(19'900));
  EXPECT_TRUE(updates(ann).empty());
  pass_all({&ann}, milliseconds(200));
  ASSERT_EQ(updates(ann), Names{"offline@"});
  EXPECT_EQ(all(ann, "presence_update")[0].at("lastSeenAt").as_string(), format_time(went_at));
}

TEST_F(PresenceTest, WhoComesBackWithinTheGraceWasNeverGone) {
  auto ann = online(ann_);
  auto bob = online(bob_);
  ASSERT_EQ(subscribe(ann, {bob_}), "online");
  for (int i = 0; i < 3; ++i) {
    bob.disconnect();
    pass_all({&ann}, seconds(15));
    bob = online(bob_);
  }
  pass_all({&ann, &bob}, seconds(60));
  EXPECT_TRUE(updates(ann).empty());
}

TEST_F(PresenceTest, AwayIsWhoHasOnlyLinksThatNobodyLooksAt) {
  auto ann = online(ann_);
  auto bob = online(bob_, {{"clientState", "background"}});
  EXPECT_EQ(subscribe(ann, {bob_}), "away");
  EXPECT_EQ(code_of(ask(bob, "client_state", {{"state", "active"}})), "ok");
  settle(ann);
  EXPECT_EQ(updates(ann), Names{"online"});
  auto tablet = online(again(bob_, "bob"));
  (void)ask(bob, "client_state", {{"state", "background"}});
  pass_all({&ann, &bob, &tablet}, seconds(30));
  EXPECT_EQ(updates(ann), Names{"online"}) << "the tablet is looked at";
  (void)ask(tablet, "client_state", {{"state", "background"}});
  settle(ann);
  EXPECT_EQ(updates(ann), (Names{"online", "away"}));
  EXPECT_EQ(code_of(ask(bob, "client_state", {{"state", "asleep"}})), "validation-failed");
  EXPECT_EQ(code_of(ask(bob, "client_state", {})), "validation-failed");
}

TEST_F(PresenceTest, AtMostOneUpdateInTenSecondsAndTheLastIsNeverLost) {
  auto ann = online(ann_);
  auto bob = online(bob_);
  ASSERT_EQ(subscribe(ann, {bob_}), "online");
  for (int i = 0; i < 4; ++i) {
    (void)ask(bob, "client_state", {{"state", "background"}});
    (void)ask(bob, "client_state", {{"state", "active"}});
  }
  (void)ask(bob, "client_state", {{"state", "background"}});
  pass_all({&ann, &bob}, milliseconds(9'900));
  EXPECT_EQ(updates(ann), Names{"away"});
  (void)ask(bob, "client_state", {{"state", "active"}});
  pass_all({&ann, &bob}, milliseconds(100));
  EXPECT_EQ(updates(ann), (Names{"away", "online"}));
  (void)ask(bob, "client_state", {{"state", "background"}});
  (void)ask(bob, "client_state", {{"state", "active"}});
  pass_all({&ann, &bob}, seconds(30));
  EXPECT_EQ(updates(ann), (Names{"away", "online"})) << "what is told already is not told again";
}

TEST_F(PresenceTest, PrivacyIsKeptAndMutual) {
  auto ann = online(ann_);
  auto bob = online(bob_);
  set_last_seen(bob_, domain::Audience::nobody);
  EXPECT_EQ(subscribe(ann, {bob_}), "offline");
  EXPECT_EQ(subscribe(bob, {ann_}), "offline") << "who hides sees nobody";
  set_last_seen(bob_, domain::Audience::contacts);
  pass_all({&ann, &bob}, seconds(10));
  EXPECT_TRUE(updates(ann).empty());
  ASSERT_TRUE(node_.run(store_.put_contact(bob_.id, ann_.id, node_.clock.now())));
  set_last_seen(bob_, domain::Audience::contacts);
  pass_all({&ann, &bob}, seconds(10));
  EXPECT_EQ(updates(ann), Names{"online"});
  EXPECT_EQ(updates(bob), Names{"online"});
  set_last_seen(ann_, domain::Audience::contacts);
  pass_all({&ann, &bob}, seconds(10));
  EXPECT_EQ(updates(ann), (Names{"online", "offline"})) << "Bob is no contact of Ann's";
  EXPECT_EQ(updates(bob), (Names{"online", "offline"}));
}

TEST_F(PresenceTest, BlockedUsersSeeOfflineAndSoDoesWhoBlocks) {
  auto ann = online(ann_);
  auto bob = online(bob_);
  ASSERT_EQ(subscribe(ann, {bob_}), "online");
  ASSERT_EQ(subscribe(bob, {ann_}), "online");
  ASSERT_TRUE(node_.run(store_.put_block(bob_.id, ann_.id, node_.clock.now())));
  bus_.publish(ports::SettingsChanged{
      .user_id = bob_.id, .user_rev = 1, .kind = ports::SettingsKind::blocks});
  settle(ann);
  settle(bob);
  EXPECT_EQ(updates(ann), Names{"offline"});
  EXPECT_EQ(updates(bob), Names{"offline"});
}

TEST_F(PresenceTest, NothingIsToldAfterUnsubscribing) {
  auto ann = online(ann_);
  ASSERT_EQ(subscribe(ann, {bob_}), "offline");
  EXPECT_EQ(code_of(ask(ann, "presence_unsubscribe",
                        {{"userIds", boost::json::array{bob_.id.to_string()}}})),
            "ok");
  auto bob = online(bob_);
  settle(ann);
  EXPECT_TRUE(updates(ann).empty());
  EXPECT_EQ(subscribe(ann, {bob_}), "online");
  bob.disconnect();
  pass_all({&ann}, seconds(30));
  EXPECT_EQ(updates(ann), Names{"offline@"});
}

TEST_F(PresenceTest, WhatAProcessThatDiedSaidExpiresAndIsToldOf) {
  adapters::memory::MemoryPresenceBoard other_process(node_.presence_table());
  auto ann = online(ann_);
  ASSERT_TRUE(node_.run(other_process.post(
      {{.user_id = bob_.id, .state = ports::PresenceState::online}}, seconds(30))));
  ASSERT_EQ(subscribe(ann, {bob_}), "online");
  pass_all({&ann}, seconds(20));
  EXPECT_TRUE(updates(ann).empty());
  pass_all({&ann}, seconds(20));
  EXPECT_EQ(updates(ann), Names{"offline"}) << "nobody announced it";
}

TEST_F(PresenceTest, AHeartbeatKeepsOnlineWhoIs) {
  auto ann = online(ann_);
  auto bob = online(bob_);
  ASSERT_EQ(subscribe(ann, {bob_}), "online");
  pass_all({&ann, &bob}, seconds(300));
  EXPECT_TRUE(updates(ann).empty());
  EXPECT_EQ(subscribe(ann, {bob_}), "online");
}

TEST_F(PresenceTest, TheTimeIsStoredAtMostOnceAMinute) {
  auto bob = online(bob_);
  EXPECT_FALSE(*node_.run(store_.last_seen(bob_.id)));
  std::vector<Time> stored;
  for (int i = 0; i < 24; ++i) {
    pass_all({&bob}, seconds(10));
    const auto seen = *node_.run(store_.last_seen(bob_.id));
    if (seen && (stored.empty() || *seen != stored.back())) stored.push_back(*seen);
  }
  EXPECT_GE(stored.size(), 3U);
  EXPECT_LE(stored.size(), 4U);
  const auto went_at = node_.clock.now();
  bob.disconnect();
  auto ann = online(ann_);
  pass_all({&ann}, seconds(90));
  EXPECT_EQ(*node_.run(store_.last_seen(bob_.id)), went_at);
}

TEST_F(PresenceTest, WhatTheStoreCannotAnswerIsRetryableAndLeavesNothing) {
  auto ann = online(ann_);
  store_.set_available(false);
  EXPECT_EQ(subscribe(ann, {bob_}), "store-unavailable");
  store_.set_available(true);
  auto bob = online(bob_);
  settle(ann);
  EXPECT_TRUE(updates(ann).empty());
  EXPECT_EQ(subscribe(ann, {bob_}), "online");
}

TEST_F(PresenceTest, AStoreThatIsAwayPutsAnUpdateOff) {
  auto ann = online(ann_);
  auto bob = online(bob_);
  ASSERT_EQ(subscribe(ann, {bob_}), "online");
  store_.set_available(false);
  (void)ask(bob, "client_state", {{"state", "background"}});
  pass_all({&ann, &bob}, seconds(10));
  EXPECT_TRUE(updates(ann).empty());
  store_.set_available(true);
  pass_all({&ann, &bob}, seconds(10));
  EXPECT_EQ(updates(ann), Names{"away"});
}

TEST_F(PresenceTest, TooManyAtOnceAndTooManyInAllAreRefused) {
  auto ann = online(ann_);
  const auto some = [this](std::size_t count) {
    boost::json::array ids;
    for (std::size_t i = 0; i < count; ++i) {
      ids.emplace_back(ports::random_id<domain::UserId>(random_).to_string());
    }
    return boost::json::object{{"userIds", ids}};
  };
  EXPECT_EQ(code_of(ask(ann, "presence_subscribe", some(201))), "validation-failed");
  EXPECT_EQ(code_of(ask(ann, "presence_subscribe", {})), "validation-failed");
  for (int i = 0; i < 5; ++i) EXPECT_EQ(code_of(ask(ann, "presence_subscribe", some(200))), "ok");
  EXPECT_EQ(code_of(ask(ann, "presence_subscribe", some(1))), "validation-failed");
}

TEST_F(PresenceTest, SubscribersThatGoLeaveNothingBehind) {
  auto bob = online(bob_);
  for (int i = 0; i < 3; ++i) {
    auto ann = online(ann_);
    ASSERT_EQ(subscribe(ann, {bob_}), "online");
    ann.disconnect();
    node_.world.shards.run();
  }
  auto ann = online(ann_);
  ASSERT_EQ(subscribe(ann, {bob_}), "online");
  (void)ask(bob, "client_state", {{"state", "background"}});
  settle(ann);
  EXPECT_EQ(updates(ann), Names{"away"});
}

}  // namespace
}  // namespace knotos::gateway
