#include "gateway_world.hpp"

namespace knotos::gateway {
namespace {

class TypingTest : public GatewayWorld {
 protected:
  Person cat_ = join("cat");
};

TEST_F(TypingTest, TheOthersHearOfItAndTheTypistsOwnDevicesDoNot) {
  const auto chat = group(ann_, {bob_, cat_});
  auto ann = online(ann_);
  auto tablet = online(again(ann_, "ann"));
  auto bob = online(bob_);
  auto cat = online(cat_);
  auto stranger = online(join("stranger"));
  EXPECT_EQ(code_of(ask(ann, "typing_start", {{"chatId", chat.to_string()}})), "ok");
  for (auto* device : {&tablet, &bob, &cat, &stranger}) settle(*device);
  for (auto* other : {&bob, &cat}) {
    const auto starts = all(*other, "typing_start");
    ASSERT_EQ(starts.size(), 1U);
    EXPECT_EQ(starts[0].at("chatId").as_string(), chat.to_string());
    EXPECT_EQ(starts[0].at("userId").as_string(), ann_.id.to_string());
    EXPECT_EQ(starts[0].at("ttlMs").to_number<int>(), 3'000);
  }
  for (auto* other : {&ann, &tablet, &stranger}) EXPECT_TRUE(all(*other, "typing_start").empty());

  pass(bob, std::chrono::seconds(10));
  settle(ann);
  const auto stops = all(bob, "typing_stop");
  ASSERT_EQ(stops.size(), 1U) << "nobody said so again";
  EXPECT_FALSE(stops[0].contains("ttlMs"));
  EXPECT_TRUE(all(ann, "typing_stop").empty());
}

TEST_F(TypingTest, MoreThanOneASecondIsRefusedWithWhenToComeAgain) {
  const auto chat = direct(ann_, bob_).to_string();
  auto ann = online(ann_);
  auto bob = online(bob_);
  EXPECT_EQ(code_of(ask(ann, "typing_start", {{"chatId", chat}})), "ok");
  auto tablet = online(again(ann_, "ann"));
  const auto refused = ask(tablet, "typing_start", {{"chatId", chat}});
  EXPECT_EQ(code_of(refused), "rate-limited") << "over all devices";
  EXPECT_GT(refused.at("error").at("retryAfterMs").to_number<int>(), 0);
  settle(bob);
  EXPECT_EQ(all(bob, "typing_start").size(), 1U);
}

TEST_F(TypingTest, AMessageEndsItBeforeItIsDelivered) {
  const auto chat = direct(ann_, bob_).to_string();
  auto ann = online(ann_);
  auto bob = online(bob_);
  (void)ask(ann, "typing_start", {{"chatId", chat}});
  (void)ask(ann, "send_message", {{"chatId", chat}, {"content", "hello"}});
  EXPECT_EQ(code_of(ask(ann, "typing_start", {{"chatId", chat}})), "ok") << "the rate begins anew";
  settle(bob);
  EXPECT_EQ(names(bob),
            (Names{"session_ready", "typing_start", "typing_stop", "new_message", "typing_start"}));
}

TEST_F(TypingTest, AStartAndAMessageAtOnceLeaveNoGhost) {
  const auto chat = direct(ann_, bob_).to_string();
  auto ann = online(ann_);
  auto bob = online(bob_);
  for (int i = 0; i < 20; ++i) {
    ann.emit("typing_start", {{"chatId", chat}});
    ann.emit("send_message", {{"chatId", chat}, {"content", "hello"}});
  }
  settle(ann);
  settle(bob);
  EXPECT_EQ(all(bob, "new_message").size(), 20U);
  EXPECT_EQ(all(bob, "typing_start").size(), all(bob, "typing_stop").size());
}

TEST_F(TypingTest, AStopIsToldAtOnce) {
  const auto chat = direct(ann_, bob_).to_string();
  auto ann = online(ann_);
  auto bob = online(bob_);
  (void)ask(ann, "typing_start", {{"chatId", chat}});
  EXPECT_EQ(code_of(ask(ann, "typing_stop", {{"chatId", chat}})), "ok");
  EXPECT_EQ(code_of(ask(ann, "typing_stop", {{"chatId", chat}})), "ok");
  settle(bob);
  EXPECT_EQ(names(bob), (Names{"session_ready", "typing_start", "typing_stop"}));
}

TEST_F(TypingTest, ItEndsWithTheDevicesLastLinkAndNotBefore) {
  const auto chat = direct(ann_, bob_).to_string();
  auto ann = online(ann_);
  auto second_link = online(ann_);
  auto bob = online(bob_);
  (void)ask(ann, "typing_start", {{"chatId", chat}});
  ann.disconnect();
  settle(bob);
  EXPECT_TRUE(all(bob, "typing_stop").empty());
  second_link.disconnect();
  settle(bob);
  EXPECT_EQ(all(bob, "typing_stop").size(), 1U);
}

TEST_F(TypingTest, TheOtherDeviceMayStillType) {
  const auto chat = direct(ann_, bob_).to_string();
  auto ann = online(ann_);
  auto tablet = online(again(ann_, "ann"));
  auto bob = online(bob_);
  (void)ask(ann, "typing_start", {{"chatId", chat}});
  node_.world.clock.advance(std::chrono::seconds(1));
  (void)ask(tablet, "typing_start", {{"chatId", chat}});
  ann.disconnect();
  settle(bob);
  EXPECT_TRUE(all(bob, "typing_stop").empty());
}

TEST_F(TypingTest, AnotherDeviceThatTypedLongAgoTypesNoMore) {
  const auto chat = direct(ann_, bob_).to_string();
  auto ann = online(ann_);
  auto tablet = online(again(ann_, "ann"));
  auto bob = online(bob_);
  (void)ask(tablet, "typing_start", {{"chatId", chat}});
  node_.world.clock.advance(std::chrono::seconds(4));
  settle(bob);
  EXPECT_EQ(all(bob, "typing_stop").size(), 1U);
  (void)ask(ann, "typing_start", {{"chatId", chat}});
  ann.disconnect();
  settle(bob);
  EXPECT_EQ(all(bob, "typing_stop").size(), 2U);
}

TEST_F(TypingTest, OutsidersAndNonsenseAreRefused) {
  const auto chat = direct(ann_, bob_).to_string();
  auto cat = online(cat_);
  auto bob = online(bob_);
  EXPECT_EQ(code_of(ask(cat, "typing_start", {{"chatId", chat}})), "not-found");
  EXPECT_EQ(code_of(ask(cat, "typing_stop", {{"chatId", chat}})), "not-found");
  EXPECT_EQ(code_of(ask(cat, "typing_start", {{"chatId", "x"}})), "validation-failed");
  EXPECT_EQ(code_of(ask(cat, "typing_start", {})), "validation-failed");
  settle(bob);
  EXPECT_EQ(names(bob), Names{"session_ready"});
}

TEST_F(TypingTest, ABlockedUsersTypingIsToldToNobody) {
  const auto chat = direct(ann_, bob_).to_string();
  ASSERT_TRUE(node_.run(store_.put_block(bob_.id, ann_.id, node_.clock.now())));
  auto ann = online(ann_);
  auto bob = online(bob_);
  EXPECT_EQ(code_of(ask(ann, "typing_start", {{"chatId", chat}})), "ok")
      << "nor is the blocked told";
  settle(bob);
  EXPECT_EQ(names(bob), Names{"session_ready"});
}

TEST_F(TypingTest, AFloodOfEventsIsRefusedByTheUsersRate) {
  const auto chat = direct(ann_, bob_).to_string();
  auto ann = online(ann_);
  auto tablet = online(again(ann_, "ann"));
  int refused = 0;
  for (int i = 0; i < 110; ++i) {
    for (auto* device : {&ann, &tablet}) {
      const auto ack = ask(*device, "typing_stop", {{"chatId", chat}});
      if (code_of(ack) != "rate-limited") continue;
      ++refused;
      EXPECT_GT(ack.at("error").at("retryAfterMs").to_number<int>(), 0);
    }
  }
  EXPECT_EQ(refused, 20) << "a burst of 200 over both devices";
  node_.world.clock.advance(std::chrono::seconds(2));
  EXPECT_EQ(code_of(ask(ann, "typing_stop", {{"chatId", chat}})), "ok");
}

}  // namespace
}  // namespace knotos::gateway
