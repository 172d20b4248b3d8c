#include "support/chat_world.hpp"

#include <gtest/gtest.h>

#include <algorithm>

// Another process lets people in and out, and this one still holds the chat as it was.
namespace knotos::services {
namespace {

using test::failure_of;

class MembershipTest : public ::testing::Test {
 protected:
  test::ChatWorld world;
  domain::UserId ann = world.add_user("ann");
  domain::UserId bob = world.add_user("bob");
  domain::UserId cat = world.add_user("cat");
  domain::ChatId chat = world.add_group(ann, {bob});
  MessageService& messages = world.process.messages;

  /// By a system message at the next place of the log, past this process.
  void change_member(domain::UserId user, const std::string& event, domain::Role role,
                     bool is_member) {
    const auto before = world.chat(chat);
    domain::Message message;
    message.id = ports::random_message_id(world.random, world.clock.now());
    message.chat_id = chat;
    message.seq = before.last_seq + 1;
    message.place = before.last_rev + 1;
    message.rev = message.place;
    message.ordinal = before.last_ordinal;
    message.sender_id = ann;
    message.client_message_id = "system-" + std::to_string(message.seq);
    message.type = domain::MessageType::system;
    message.created_at = world.clock.now();
    const auto known = world.must(world.run(world.memory.load(chat, {user}))).states;
    const bool was_member = !known.empty() && known.front().is_member;
    domain::MessageEntry entry{.message = message, .memberships = {}, .patch = {}};
    entry.memberships = {{.user_id = user,
                          .is_member = is_member,
                          .role = role,
                          .is_join = is_member && !was_member}};
    const auto outcome = world.run(world.memory.append(chat, before.last_rev, {entry}));
    ASSERT_EQ(outcome.status, ports::AppendStatus::appended) << event;
  }

  void remove(domain::UserId user) {
    change_member(user, "member_removed", domain::Role::member, false);
  }
};

TEST_F(MembershipTest, ASenderWhoWasRemovedStillLearnsThatTheMessageWasSent) {
  const auto first = world.send(bob, chat, "k1");
  ASSERT_TRUE(first);
  remove(bob);
  const auto again = world.send(bob, chat, "k1");
  ASSERT_TRUE(again);
  EXPECT_TRUE(again->is_duplicate);
  EXPECT_EQ(again->message_id, first->message_id);
  EXPECT_EQ(again->seq, first->seq);
  EXPECT_EQ(again->rev, first->rev);
  EXPECT_EQ(again->created_at, first->created_at);
  EXPECT_EQ(failure_of(world.send(bob, chat, "k1", "other")), Errc::client_message_id_reused);
  EXPECT_EQ(failure_of(world.send(bob, chat, "k2")), Errc::not_found);
}

TEST_F(MembershipTest, NobodyPostsAfterTheirRemovalHoweverOldTheHeadThatIsHeld) {
  ASSERT_TRUE(world.send(bob, chat, "k1"));
  remove(bob);
  const auto last_rev = world.chat(chat).last_rev;
  EXPECT_EQ(failure_of(world.send(bob, chat, "k2")), Errc::not_found);
  EXPECT_EQ(world.chat(chat).last_rev, last_rev);

  const auto of_ann = world.send(ann, chat, "k1");
  ASSERT_TRUE(of_ann);
  EXPECT_EQ(of_ann->rev, last_rev + 1);
}

TEST_F(MembershipTest, WithAStoreThatIsAwayNobodyIsToldThatTheyAreNoMember) {
  ASSERT_TRUE(world.send(bob, chat, "k1"));
  world.memory.set_available(false);
  EXPECT_EQ(failure_of(world.send(cat, chat, "k1")), Errc::store_unavailable);
  EXPECT_EQ(failure_of(world.send(bob, chat, "k1")), Errc::store_unavailable);
}

TEST_F(MembershipTest, WhoJoinsElsewherePostsHereAtOnce) {
  ASSERT_TRUE(world.send(ann, chat, "k1"));
  EXPECT_EQ(failure_of(world.send(cat, chat, "k1")), Errc::not_found);
  change_member(cat, "member_added", domain::Role::member, true);
  const auto sent = world.send(cat, chat, "k1");
  ASSERT_TRUE(sent);
  EXPECT_FALSE(sent->is_duplicate);
}

TEST_F(MembershipTest, WhoLeftAndCameBackCountsOnFromTheirOwnLastMessage) {
  ASSERT_TRUE(world.send(bob, chat, "k1"));
  remove(bob);
  change_member(bob, "member_added", domain::Role::member, true);
  ASSERT_TRUE(world.send(bob, chat, "k2"));
  const auto stored = world.messages_of(chat);
  EXPECT_EQ(stored.back().sender_ordinal, 2U);
}

TEST_F(MembershipTest, AnAuthorWhoWasRemovedChangesNothing) {
  const auto sent = world.send(bob, chat, "k1");
  ASSERT_TRUE(sent);
  remove(bob);
  EXPECT_EQ(failure_of(world.run(messages.edit(bob, {.chat_id = chat,
                                                     .message_id = sent->message_id,
                                                     .content = "changed",
                                                     .base_version = {}}))),
            Errc::not_found);
  EXPECT_EQ(failure_of(world.run(messages.erase(bob, chat, sent->message_id))), Errc::not_found);
  const auto stored = world.messages_of(chat);
  const auto message = std::ranges::find(stored, sent->message_id, &domain::Message::id);
  ASSERT_NE(message, stored.end());
  EXPECT_EQ(message->rev, sent->rev);
}

TEST_F(MembershipTest, WhoBecameAnAdminElsewhereErasesHere) {
  const auto of_ann = world.send(ann, chat, "k1");
  ASSERT_TRUE(of_ann && world.send(bob, chat, "k1"));
  EXPECT_EQ(failure_of(world.run(messages.erase(bob, chat, of_ann->message_id))), Errc::forbidden);
  change_member(bob, "role_changed", domain::Role::admin, true);
  const auto erased = world.run(messages.erase(bob, chat, of_ann->message_id));
  ASSERT_TRUE(erased);
  EXPECT_TRUE(erased->is_deleted);
}

}  // namespace
}  // namespace knotos::services
