#include "support/chat_world.hpp"

#include <gtest/gtest.h>

#include <algorithm>

// Reactions, pins, forwards, and who is kept from writing in a direct chat.
namespace knotos::services {
namespace {

using test::failure_of;

class ReactionTest : public ::testing::Test {
 protected:
  test::ChatWorld world;
  domain::UserId ann = world.add_user("ann");
  domain::UserId bob = world.add_user("bob");
  domain::UserId cat = world.add_user("cat");
  domain::UserId dan = world.add_user("dan");
  domain::ChatId chat = world.add_group(ann, {bob, cat, dan});
  MessageService& messages = world.process.messages;
  domain::MessageId message = world.send(ann, chat, "k1", "hello")->message_id;

  Result<domain::Message> react(domain::UserId user, std::string emoji, bool adds = true) {
    // Each later than the one before, so that the newest is known.
    world.clock.advance(std::chrono::milliseconds(1));
    return world.run(messages.react(
        user, {.chat_id = chat, .message_id = message, .emoji = std::move(emoji), .adds = adds}));
  }
  [[nodiscard]] domain::Message stored(domain::ChatId of, domain::MessageId id) {
    return world.must(world.run(world.memory.find(of, id)));
  }
  Result<domain::Message> pin(domain::UserId user, bool is_pinned = true) {
    return world.run(messages.pin(user, chat, message, is_pinned));
  }
};

TEST_F(ReactionTest, EachReactionIsAChangeAndTheSameAgainIsNone) {
  const auto first = react(bob, "+1");
  ASSERT_TRUE(first);
  EXPECT_EQ(first->rev, 3U);
  ASSERT_EQ(first->reactions.size(), 1U);
  EXPECT_EQ(first->reactions[0].count, 1U);
  EXPECT_EQ(react(bob, "+1")->rev, 3U);
  EXPECT_EQ(react(bob, "heart")->rev, 4U);
  EXPECT_EQ(react(cat, "+1")->reactions[0].recent_user_ids, (std::vector{cat, bob}));
  EXPECT_EQ(react(dan, "+1", false)->rev, 5U) << "nothing to take back";
  const auto page = world.run(messages.reactions(cat, chat, message, {}, 10));
  ASSERT_EQ(page->reactions.size(), 3U);
  EXPECT_EQ(page->reactions[0].user_id, bob);
}

TEST_F(ReactionTest, TheMessageShowsWhoReactedLastAlsoAfterOneIsTakenBack) {
  for (const auto user : {ann, bob, cat, dan}) ASSERT_TRUE(react(user, "+1"));
  EXPECT_EQ(stored(chat, message).reactions[0].recent_user_ids, (std::vector{dan, cat, bob}));
  const auto after = react(cat, "+1", false);
  ASSERT_TRUE(after);
  EXPECT_EQ(after->reactions[0].count, 3U);
  EXPECT_EQ(after->reactions[0].recent_user_ids, (std::vector{dan, bob, ann}));
  for (const auto user : {ann, bob, dan}) ASSERT_TRUE(react(user, "+1", false));
  EXPECT_TRUE(stored(chat, message).reactions.empty());
}

TEST_F(ReactionTest, SoManyKindsOnOneMessageAndNoMore) {
  for (int i = 0; i < 20; ++i) ASSERT_TRUE(react(bob, "e" + std::to_string(i)));
  EXPECT_EQ(failure_of(react(bob, "e20")), Errc::conflict);
  EXPECT_TRUE(react(cat, "e7")) << "a kind that is there";
  ASSERT_TRUE(react(bob, "e0", false));
  EXPECT_TRUE(react(bob, "e20"));
}

TEST_F(ReactionTest, WhatIsNoEmojiIsRefused) {
  for (const auto& emoji : {std::string(), std::string(65, 'x'), std::string("a b")}) {
    EXPECT_EQ(failure_of(react(bob, emoji)), Errc::validation_failed) << emoji;
  }
}

TEST_F(ReactionTest, SystemAndDeletedMessagesTakeNeitherReactionsNorPins) {
  const auto system = world.messages_of(chat).front().id;
  EXPECT_EQ(failure_of(world.run(messages.react(
                ann, {.chat_id = chat, .message_id = system, .emoji = "+1", .adds = true}))),
            Errc::forbidden);
  EXPECT_EQ(failure_of(world.run(messages.pin(ann, chat, system, true))), Errc::forbidden);
  ASSERT_TRUE(world.run(messages.erase(ann, chat, message)));
  EXPECT_EQ(failure_of(react(bob, "+1")), Errc::forbidden);
  EXPECT_EQ(failure_of(pin(ann)), Errc::forbidden);
}

TEST_F(ReactionTest, ErasingUnpinsAndClearsReactions) {
  ASSERT_TRUE(react(bob, "+1") && pin(ann));
  EXPECT_EQ(world.chat(chat).pinned_message_ids, std::vector{message});
  ASSERT_TRUE(world.run(messages.erase(ann, chat, message)));
  EXPECT_TRUE(world.chat(chat).pinned_message_ids.empty());
  EXPECT_TRUE(stored(chat, message).reactions.empty());
  EXPECT_TRUE(world.run(messages.reactions(ann, chat, message, {}, 10))->reactions.empty());
}

TEST_F(ReactionTest, ThoseWhoLeadPinInAGroupAndBothInADirectChat) {
  EXPECT_EQ(failure_of(pin(bob)), Errc::forbidden);
  EXPECT_EQ(pin(ann)->rev, 3U);
  EXPECT_EQ(pin(ann)->rev, 3U);
  EXPECT_EQ(failure_of(pin(bob, false)), Errc::forbidden);
  EXPECT_EQ(pin(ann, false)->rev, 4U);
  EXPECT_TRUE(world.chat(chat).pinned_message_ids.empty());
  const auto direct = world.add_direct(ann, bob);
  const auto sent = world.send(ann, direct, "k1");
  EXPECT_TRUE(world.run(messages.pin(bob, direct, sent->message_id, true)));
}

TEST_F(ReactionTest, SoManyPinsInAChatAndNoMore) {
  for (int i = 0; i < 100; ++i) {
    const auto sent = world.send(ann, chat, "p" + std::to_string(i));
    ASSERT_TRUE(world.run(messages.pin(ann, chat, sent->message_id, true)));
  }
  EXPECT_EQ(failure_of(pin(ann)), Errc::conflict);
  EXPECT_EQ(world.chat(chat).pinned_message_ids.size(), 100U);
}

TEST_F(ReactionTest, OfTwoEditsOfOneVersionOneIsAConflict) {
  MessageService::Edit edit{
      .chat_id = chat, .message_id = message, .content = "one", .base_version = 0};
  const auto one = world.start(messages.edit(ann, edit));
  edit.content = "other";
  const auto other = world.start(messages.edit(ann, edit));
  test::run_ready(world.io);
  ASSERT_TRUE(one.get());
  EXPECT_EQ(failure_of(other.get()), Errc::edit_conflict);
  EXPECT_EQ(stored(chat, message).content, "one");
  EXPECT_EQ(world.chat(chat).last_message_preview->content, "one");
}

TEST_F(ReactionTest, AForwardSaysWhoWroteItAndIsSentOnce) {
  const auto there = world.add_direct(bob, cat);
  const MessageService::Forward forward{.from_chat = chat,
                                        .message_id = message,
                                        .to_chats = {there, chat},
                                        .client_message_id = "f1"};
  const auto done = world.run(messages.forward(bob, forward));
  ASSERT_TRUE(done);
  ASSERT_EQ(done->size(), 2U);
  const auto sent = stored(there, done->front().receipt->message_id);
  EXPECT_EQ(sent.content, "hello");
  EXPECT_EQ(sent.sender_id, bob);
  EXPECT_EQ(sent.forwarded_from->sender_id, ann);

  // Edited, then erased: the repeat is still the repeat.
  ASSERT_TRUE(world.run(messages.edit(
      ann, {.chat_id = chat, .message_id = message, .content = "x", .base_version = {}})));
  ASSERT_TRUE(world.run(messages.erase(ann, chat, message)));
  const auto again = world.run(messages.forward(bob, forward));
  ASSERT_TRUE(again);
  EXPECT_TRUE(again->front().receipt->is_duplicate);
  EXPECT_EQ(again->front().receipt->message_id, sent.id);
  auto fresh = forward;
  fresh.client_message_id = "f2";
  EXPECT_EQ(failure_of(world.run(messages.forward(bob, fresh))), Errc::forbidden);
}

TEST_F(ReactionTest, AForwardThatGoesOnKeepsItsFirstAuthor) {
  const auto there = world.add_direct(bob, cat);
  const auto first = world.run(
      messages.forward(bob, {.from_chat = chat, .message_id = message, .to_chats = {there}}));
  const auto second = world.run(messages.forward(
      cat,
      {.from_chat = there, .message_id = first->front().receipt->message_id, .to_chats = {chat}}));
  EXPECT_EQ(stored(chat, second->front().receipt->message_id).forwarded_from->sender_id, ann);
}

TEST_F(ReactionTest, OneChatMayRefuseWhatTheOthersTake) {
  const auto foreign = world.add_direct(ann, cat);
  const auto own = world.add_direct(bob, dan);
  const auto done = world.run(messages.forward(
      bob, {.from_chat = chat, .message_id = message, .to_chats = {foreign, own}}));
  ASSERT_TRUE(done);
  EXPECT_EQ(failure_of(done->at(0).receipt), Errc::not_found);
  EXPECT_TRUE(done->at(1).receipt);
  EXPECT_EQ(failure_of(world.run(messages.forward(
                bob, {.from_chat = chat, .message_id = message, .to_chats = {foreign}}))),
            Errc::not_found);
  EXPECT_EQ(failure_of(world.run(messages.forward(
                bob, {.from_chat = foreign, .message_id = message, .to_chats = {own}}))),
            Errc::not_found);
}

TEST_F(ReactionTest, TheBlockedReachNobodyInTheDirectChatAndTakeNoPlace) {
  const auto direct = world.add_direct(ann, bob);
  const auto before = world.send(bob, direct, "k1", "before");
  const auto of_ann = world.send(ann, direct, "k1");
  ASSERT_TRUE(world.run(world.memory.put_block(ann, bob, world.clock.now())));
  const auto rev = world.chat(direct).last_rev;
  EXPECT_EQ(failure_of(world.send(bob, direct, "k2")), Errc::cannot_contact_user);
  EXPECT_EQ(failure_of(world.run(messages.edit(bob, {.chat_id = direct,
                                                     .message_id = before->message_id,
                                                     .content = "x",
                                                     .base_version = {}}))),
            Errc::cannot_contact_user);
  EXPECT_EQ(
      failure_of(world.run(messages.react(
          bob,
          {.chat_id = direct, .message_id = of_ann->message_id, .emoji = "+1", .adds = true}))),
      Errc::cannot_contact_user);
  EXPECT_EQ(failure_of(world.run(messages.pin(bob, direct, of_ann->message_id, true))),
            Errc::cannot_contact_user);
  EXPECT_EQ(world.chat(direct).last_rev, rev);
  EXPECT_TRUE(world.send(bob, direct, "k1", "before")->is_duplicate) << "it was sent";
  EXPECT_TRUE(world.send(ann, direct, "k2")) << "the one who blocks may write";
  EXPECT_TRUE(world.run(messages.history(bob, direct, {})));
  EXPECT_TRUE(world.send(bob, chat, "k9")) << "a group is another matter";
  EXPECT_TRUE(world.run(messages.erase(bob, direct, before->message_id)));

  ASSERT_TRUE(world.run(world.memory.remove_block(ann, bob)));
  EXPECT_TRUE(world.send(bob, direct, "k2"));
}

TEST_F(ReactionTest, PrivacyRefusesLikeABlockAndOpensNoChat) {
  ASSERT_TRUE(
      world.run(world.memory.update_privacy(ann, {.direct_messages = domain::Audience::contacts})));
  EXPECT_EQ(failure_of(world.run(world.process.chats.create_direct(bob, ann))),
            Errc::cannot_contact_user);
  ASSERT_TRUE(world.run(world.memory.put_contact(ann, bob, world.clock.now())));
  const auto direct = world.add_direct(bob, ann);
  EXPECT_TRUE(world.send(bob, direct, "k1"));
  ASSERT_TRUE(world.run(world.memory.remove_contact(ann, bob)));
  EXPECT_EQ(failure_of(world.send(bob, direct, "k2")), Errc::cannot_contact_user);
  const auto again = world.run(world.process.chats.create_direct(bob, ann));
  ASSERT_TRUE(again) << "one that is there stays within reach";
  EXPECT_FALSE(again->is_new);
}

TEST_F(ReactionTest, AGroupIsNotMadeWithWhoKeepsOut) {
  ASSERT_TRUE(world.run(world.memory.put_block(cat, ann, world.clock.now())));
  const auto make = [&] {
    return world.run(world.process.chats.create_group(
        ann, {.title = "Trip", .member_ids = {bob, cat}, .client_chat_id = "c1"}));
  };
  EXPECT_EQ(failure_of(make()), Errc::cannot_contact_user);
  ASSERT_TRUE(world.run(world.memory.remove_block(cat, ann)));
  const auto made = make();
  ASSERT_TRUE(made && made->is_new);
  ASSERT_TRUE(world.run(world.memory.put_block(cat, ann, world.clock.now())));
  const auto again = make();
  ASSERT_TRUE(again) << "a repeat learns that it was made";
  EXPECT_EQ(again->item.chat.id, made->item.chat.id);
}

}  // namespace
}  // namespace knotos::services
