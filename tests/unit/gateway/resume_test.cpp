#include "gateway_world.hpp"
#include "ports/random_ids.hpp"

#include <algorithm>

namespace knotos::gateway {
namespace {

using std::chrono::seconds;

class ResumeTest : public GatewayWorld {
 protected:
  ResumeTest() : GatewayWorld(2) {}

  void say(const Person& person, domain::ChatId chat, const std::string& content) {
    ASSERT_TRUE(node_.run(node_.messages.send(person.id, chat, {.content = content})));
  }
  static std::string cursor_of(const ChatDevice& device) {
    return std::string(all(device, "session_ready").back().at("cursor").as_string());
  }
  /// Connects with the cursor and nothing else: what it knows, it was told.
  ChatDevice back_with(const Person& person, const std::string& cursor) {
    ChatDevice device(person.id, person.token);
    device.trust_cursor();
    device.connect(node_, 1, {{"cursor", cursor}});
    settle(device);
    return device;
  }
  static Names told(const ChatDevice& device) {
    Names out;
    for (const auto& message : all(device, "new_message")) {
      out.emplace_back(message.at("content").as_string());
    }
    return out;
  }
};

TEST_F(ResumeTest, TheCursorBringsWhatWasMissedAndNothingElse) {
  const auto chat = direct(ann_, bob_);
  const auto quiet = group(ann_, {bob_});
  say(bob_, chat, "long ago");
  node_.world.clock.advance(seconds(60));
  auto ann = online(ann_);
  const auto cursor = cursor_of(ann);
  ann.disconnect();
  node_.world.clock.advance(seconds(60));
  say(bob_, chat, "one");
  say(bob_, chat, "two");
  auto back = back_with(ann_, cursor);
  EXPECT_EQ(names(back)[0], "session_ready");
  ASSERT_EQ(told(back), (Names{"one", "two"})) << testing::PrintToString(names(back));
  EXPECT_TRUE(all(back, "resync_required").empty());
  EXPECT_EQ(all(back, "new_message")[0].at("prevRev").to_number<int>(), 1);

  say(bob_, chat, "three");
  say(bob_, quiet, "live");
  settle(back);
  EXPECT_EQ(told(back), (Names{"one", "two", "three", "live"}));
  EXPECT_EQ(all(back, "new_message")[2].at("prevRev").to_number<int>(), 3) << "without a gap";
}

TEST_F(ResumeTest, PrivateChangesComeAsTheirEvents) {
  const auto chat = direct(ann_, bob_);
  say(bob_, chat, "hello");
  auto ann = online(ann_);
  const auto cursor = cursor_of(ann);
  ann.disconnect();
  node_.world.clock.advance(seconds(60));
  const auto another = group(bob_, {ann_});
  ASSERT_TRUE(node_.run(store_.update_privacy(ann_.id, {.last_seen = domain::Audience::nobody})));
  auto back = back_with(ann_, cursor);
  // A margin is read back, so what is older may be told again, but nothing twice.
  const auto added = all(back, "chat_added");
  EXPECT_EQ(std::ranges::count_if(added,
                                  [&](const auto& each) {
                                    return each.at("chat").at("id").as_string() ==
                                           another.to_string();
                                  }),
            1);
  EXPECT_EQ(all(back, "settings_updated").size(), 1U);
}

TEST_F(ResumeTest, TooMuchAndTooOldAreSaidAndLeaveTheSocketLive) {
  const auto chat = direct(ann_, bob_);
  auto ann = online(ann_);
  const auto cursor = cursor_of(ann);
  ann.disconnect();
  node_.world.clock.advance(seconds(60));
  for (int i = 0; i < 201; ++i) say(bob_, chat, "many");
  for (const auto& [given, reason] :
       {std::pair{cursor, "tooMuch"}, std::pair{std::string("nonsense"), "cursorExpired"}}) {
    auto back = back_with(ann_, given);
    const auto resync = all(back, "resync_required");
    ASSERT_EQ(resync.size(), 1U) << reason;
    EXPECT_EQ(resync[0].at("reason").as_string(), reason);
    EXPECT_TRUE(told(back).empty());
    say(bob_, chat, "live");
    settle(back);
    EXPECT_EQ(told(back), Names{"live"});
  }
}

TEST_F(ResumeTest, WhatComesMeanwhileDoesNotOvertake) {
  const auto chat = direct(ann_, bob_);
  auto ann = online(ann_);
  const auto cursor = cursor_of(ann);
  ann.disconnect();
  for (std::uint64_t seed = 1; seed <= 30; ++seed) {
    test::SeededRandom random(seed);
    node_.world.clock.advance(seconds(20));
    say(bob_, chat, "missed");
    ChatDevice back(ann_.id, ann_.token);
    back.trust_cursor();
    auto bob = online(bob_);
    const auto fresh = cursor_of(bob);
    say(bob_, chat, "missed too");
    back.connect(node_, 1, {{"cursor", seed == 1 ? cursor : fresh}});
    for (int i = 0; i < 5; ++i) {
      bob.emit("send_message", {{"chatId", chat.to_string()}, {"content", "meanwhile"}});
      for (std::size_t left = random.below(40); left > 0; --left) {
        node_.world.shards.run_one(random.below(2));
      }
    }
    settle(bob);
    settle(back);
    domain::Rev hi = 0;
    for (const auto& message : all(back, "new_message")) {
      if (hi > 0) {
        EXPECT_EQ(message.at("prevRev").to_number<domain::Rev>(), hi) << "seed " << seed;
      }
      hi = message.at("rev").to_number<domain::Rev>();
    }
    EXPECT_EQ(hi, node_.run(store_.load(chat, {}))->chat.last_rev) << "seed " << seed;
  }
}

}  // namespace
}  // namespace knotos::gateway
