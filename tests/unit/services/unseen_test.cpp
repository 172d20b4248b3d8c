#include "support/chat_world.hpp"

#include <gtest/gtest.h>

namespace knotos::services {
namespace {

using test::ChatWorld;
using test::failure_of;

/// What a user cleared away or deleted for themselves is not there for them, whatever they ask.
class UnseenTest : public testing::Test {
 protected:
  test::ChatWorld world;
  domain::UserId ann = world.add_user("ann");
  domain::UserId bob = world.add_user("bob");
  domain::ChatId chat = world.add_direct(ann, bob);
  domain::ChatId elsewhere = world.add_group(bob, {ann});
  domain::MessageId message = ChatWorld::must(world.send(bob, chat, "k1", "hello")).message_id;
  MessageService& messages = world.process.messages;
  StateService& states = world.process.states;

  Result<Receipt> reply(const std::string& key) {
    auto draft = test::draft_of(key, "an answer");
    draft.reply_to = message;
    return world.run(messages.send(bob, chat, std::move(draft)));
  }

  void expect_not_there() {
    const auto before = world.chat(chat);
    const auto other_before = world.chat(elsewhere).last_rev;
    EXPECT_EQ(failure_of(world.run(messages.edit(
                  bob, {.chat_id = chat, .message_id = message, .content = "changed"}))),
              Errc::not_found);
    EXPECT_EQ(failure_of(world.run(messages.erase(bob, chat, message))), Errc::not_found);
    for (const bool adds : {true, false}) {
      EXPECT_EQ(failure_of(world.run(messages.react(
                    bob, {.chat_id = chat, .message_id = message, .emoji = "👍", .adds = adds}))),
                Errc::not_found);
      EXPECT_EQ(failure_of(world.run(messages.pin(bob, chat, message, adds))), Errc::not_found);
    }
    EXPECT_EQ(failure_of(world.run(messages.forward(bob, {.from_chat = chat,
                                                          .message_id = message,
                                                          .to_chats = {elsewhere},
                                                          .client_message_id = "f"}))),
              Errc::not_found);
    EXPECT_EQ(failure_of(reply("fresh")), Errc::validation_failed);
    EXPECT_EQ(world.chat(chat), before);
    EXPECT_EQ(world.chat(elsewhere).last_rev, other_before);
  }
};

TEST_F(UnseenTest, WhatIsHiddenIsNotThereForItsUser) {
  ChatWorld::must(world.run(states.hide(bob, chat, message)));
  expect_not_there();
}

TEST_F(UnseenTest, WhatIsClearedIsNotThereForItsUser) {
  ChatWorld::must(world.run(states.clear(bob, chat)));
  expect_not_there();
}

TEST_F(UnseenTest, ForTheOthersItIsThere) {
  ChatWorld::must(world.run(states.hide(bob, chat, message)));
  ChatWorld::must(world.run(states.clear(bob, chat)));
  EXPECT_TRUE(world.run(
      messages.react(ann, {.chat_id = chat, .message_id = message, .emoji = "👍", .adds = true})));
  EXPECT_TRUE(world.run(messages.pin(ann, chat, message, true)));
}

TEST_F(UnseenTest, ARepeatOfAReplyLearnsThatItWasSentWhateverWasHiddenSince) {
  const auto first = ChatWorld::must(reply("r1"));
  ChatWorld::must(world.run(states.hide(bob, chat, message)));
  const auto again = ChatWorld::must(reply("r1"));
  EXPECT_TRUE(again.is_duplicate);
  EXPECT_EQ(again.message_id, first.message_id);
}

TEST_F(UnseenTest, ADeletedAccountErasesAlsoWhatItHadHidden) {
  ChatWorld::must(world.run(states.hide(bob, chat, message)));
  EXPECT_TRUE(ChatWorld::must(world.run(messages.erase_farewell(bob, chat, message))).is_deleted);
}

TEST_F(UnseenTest, ADirectChatThatIsDroppedIsToldToTheOwnDevices) {
  world.process.bus.events.clear();
  ChatWorld::must(world.run(world.process.members.drop(bob, chat)));
  const auto told = world.process.bus.all<ports::ChatStateChanged>();
  ASSERT_EQ(told.size(), 1U);
  EXPECT_EQ(told[0].user_id, bob);
  EXPECT_GT(told[0].user_rev, 0U);
  EXPECT_TRUE(domain::is_off_list_now(*told[0].chat, *told[0].state));
}

}  // namespace
}  // namespace knotos::services
