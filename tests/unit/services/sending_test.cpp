#include "support/chat_world.hpp"

#include <gtest/gtest.h>

namespace knotos::services {
namespace {

using test::draft_of;
using test::failure_of;

class SendingTest : public ::testing::Test {
 protected:
  test::ChatWorld world;
  domain::UserId ann = world.add_user("ann");
  domain::UserId bob = world.add_user("bob");
  domain::UserId eve = world.add_user("eve");
  domain::ChatId chat = world.add_direct(ann, bob);
  MessageService& messages = world.process.messages;
  test::RecordingBus& bus = world.process.bus;

  std::vector<ports::ChatChanged> changes() const { return bus.all<ports::ChatChanged>(); }
};

TEST_F(SendingTest, AMessageIsStoredThenToldOfAndItsSenderLearnsWhereItWent) {
  const auto receipt = world.send(ann, chat, "k1", "hello");
  ASSERT_TRUE(receipt);
  EXPECT_EQ(receipt->seq, 1U);
  EXPECT_EQ(receipt->rev, 1U);
  EXPECT_FALSE(receipt->is_duplicate);
  const auto stored = world.messages_of(chat);
  ASSERT_EQ(stored.size(), 1U);
  EXPECT_EQ(stored[0].id, receipt->message_id);
  EXPECT_EQ(stored[0].content, "hello");
  EXPECT_EQ(stored[0].created_at, receipt->created_at);
  ASSERT_EQ(changes().size(), 1U);
  EXPECT_EQ(changes()[0].rev, 1U);
  EXPECT_EQ(*changes()[0].message, stored[0]);
}

TEST_F(SendingTest, CountersRunOnPerChatAndPerSender) {
  ASSERT_TRUE(world.send(ann, chat, "k1"));
  ASSERT_TRUE(world.send(bob, chat, "k1"));
  ASSERT_TRUE(world.send(ann, chat, "k2"));
  const auto stored = world.messages_of(chat);
  ASSERT_EQ(stored.size(), 3U);
  EXPECT_EQ(stored[2].seq, 3U);
  EXPECT_EQ(stored[2].ordinal, 3U);
  EXPECT_EQ(stored[2].sender_ordinal, 2U);
  EXPECT_EQ(stored[1].sender_ordinal, 1U);
  EXPECT_EQ(world.state(chat, ann).own_count, 2U);
}

TEST_F(SendingTest, TheSameSendAgainGetsTheFirstReceiptAndStoresNothing) {
  const auto first = world.send(ann, chat, "k1");
  ASSERT_TRUE(world.send(bob, chat, "other"));
  const auto again = world.send(ann, chat, "k1");
  ASSERT_TRUE(first && again);
  EXPECT_TRUE(again->is_duplicate);
  EXPECT_EQ(again->message_id, first->message_id);
  EXPECT_EQ(again->seq, first->seq);
  EXPECT_EQ(again->rev, first->rev);
  EXPECT_EQ(again->created_at, first->created_at);
  EXPECT_EQ(world.messages_of(chat).size(), 2U);
}

TEST_F(SendingTest, ARepeatAfterAnEditAnswersTheOriginalRev) {
  const auto first = world.send(ann, chat, "k1", "hello");
  ASSERT_TRUE(first);
  ASSERT_TRUE(world.run(messages.edit(ann, {.chat_id = chat,
                                            .message_id = first->message_id,
                                            .content = "changed",
                                            .base_version = {}})));
  const auto again = world.send(ann, chat, "k1", "hello");
  ASSERT_TRUE(again);
  EXPECT_EQ(again->rev, 1U);
  EXPECT_TRUE(again->is_duplicate);
  ASSERT_TRUE(world.run(messages.erase(ann, chat, first->message_id)));
  const auto after_erasure = world.send(ann, chat, "k1", "hello");
  ASSERT_TRUE(after_erasure);
  EXPECT_EQ(after_erasure->rev, 1U);
}

TEST_F(SendingTest, AnotherContentUnderAUsedIdIsRefused) {
  ASSERT_TRUE(world.send(ann, chat, "k1", "hello"));
  EXPECT_EQ(failure_of(world.send(ann, chat, "k1", "other")), Errc::client_message_id_reused);
  EXPECT_EQ(world.messages_of(chat).size(), 1U);
}

TEST_F(SendingTest, TheIdIsTheSendersOwn) {
  ASSERT_TRUE(world.send(ann, chat, "k1", "from ann"));
  const auto bobs = world.send(bob, chat, "k1", "from bob");
  ASSERT_TRUE(bobs);
  EXPECT_FALSE(bobs->is_duplicate);
}

TEST_F(SendingTest, WithoutAnIdTheServerMakesOneAndTwoSendsAreTwoMessages) {
  ASSERT_TRUE(world.send(ann, chat, "", "hello"));
  ASSERT_TRUE(world.send(ann, chat, "", "hello"));
  const auto stored = world.messages_of(chat);
  ASSERT_EQ(stored.size(), 2U);
  EXPECT_TRUE(stored[0].client_message_id.starts_with("srv-"));
  EXPECT_NE(stored[0].client_message_id, stored[1].client_message_id);
}

TEST_F(SendingTest, ConcurrentRepeatsWaitForTheOneCommitAndOneOfThemIsNew) {
  world.process.store.hold_appends();
  const auto first = world.start(messages.send(ann, chat, draft_of("k1", "hello")));
  const auto second = world.start(messages.send(ann, chat, draft_of("k1", "hello")));
  const auto third = world.start(messages.send(ann, chat, draft_of("k1", "hello")));
  const auto other = world.start(messages.send(ann, chat, draft_of("k1", "not hello")));
  test::run_ready(world.io);
  EXPECT_FALSE(first.is_done() || second.is_done() || third.is_done());
  EXPECT_EQ(failure_of(other.get()), Errc::client_message_id_reused);
  world.process.store.release_appends();
  test::run_ready(world.io);
  ASSERT_TRUE(first.get() && second.get() && third.get());
  EXPECT_FALSE(first.get()->is_duplicate);
  EXPECT_TRUE(second.get()->is_duplicate && third.get()->is_duplicate);
  EXPECT_EQ(second.get()->message_id, first.get()->message_id);
  EXPECT_EQ(world.messages_of(chat).size(), 1U);
  EXPECT_EQ(changes().size(), 1U);
}

TEST_F(SendingTest, WhatWaitsWhileACommitRunsSharesTheNext) {
  ASSERT_TRUE(world.send(ann, chat, "k0"));
  world.process.store.hold_appends();
  std::vector<test::Started<Result<Receipt>>> sends;
  for (int count = 1; count <= 20; ++count) {
    const auto& sender = count % 2 == 0 ? ann : bob;
    sends.push_back(
        world.start(messages.send(sender, chat, draft_of("k" + std::to_string(count), "hello"))));
  }
  test::run_ready(world.io);
  world.process.store.release_appends();
  test::run_ready(world.io);
  domain::Rev rev = 1;
  for (const auto& send : sends) {
    ASSERT_TRUE(send.get());
    EXPECT_EQ(send.get()->rev, ++rev);
  }
  EXPECT_EQ(world.process.store.batch_sizes, (std::vector<std::size_t>{1, 1, 19}));
  const auto told = changes();
  ASSERT_EQ(told.size(), 21U);
  for (std::size_t index = 0; index < told.size(); ++index) EXPECT_EQ(told[index].rev, index + 1);
}

TEST_F(SendingTest, ABatchHasItsLimit) {
  auto limits = test::without_rate();
  limits.batch_entries_max = 3;
  test::ChatProcess process(world.memory, world.io, world.clock, world.random, limits);
  process.store.hold_appends();
  std::vector<test::Started<Result<Receipt>>> sends;
  for (int count = 0; count < 8; ++count) {
    sends.push_back(world.start(
        process.messages.send(ann, chat, draft_of("k" + std::to_string(count), "hello"))));
  }
  test::run_ready(world.io);
  process.store.release_appends();
  test::run_ready(world.io);
  for (const auto& send : sends) EXPECT_TRUE(send.get());
  EXPECT_EQ(process.store.batch_sizes, (std::vector<std::size_t>{1, 3, 3, 1}));
}

TEST_F(SendingTest, ManySendersAtOnceAreLoadedInTurns) {
  std::vector<domain::UserId> members;
  for (int count = 0; count < 150; ++count) {
    members.push_back(world.add_user("user" + std::to_string(count)));
  }
  const auto group = world.add_group(ann, members);
  world.process.store.turns_max = 2;
  std::vector<test::Started<Result<Receipt>>> sends;
  for (const auto& member : members) {
    sends.push_back(world.start(messages.send(member, group, draft_of("k", "hello"))));
  }
  test::run_ready(world.io);
  for (const auto& send : sends) EXPECT_TRUE(send.get());
  EXPECT_EQ(world.chat(group).last_seq, 151U);
}

TEST_F(SendingTest, OutsidersLearnNothing) {
  const auto outsiders = world.send(eve, chat, "k1");
  const auto no_chat = world.send(eve, domain::direct_chat_id(eve, ann), "k1");
  EXPECT_EQ(failure_of(outsiders), Errc::not_found);
  EXPECT_EQ(failure_of(no_chat), Errc::not_found);
  EXPECT_EQ(outsiders.error().detail, no_chat.error().detail);
  EXPECT_TRUE(world.messages_of(chat).empty());
}

TEST_F(SendingTest, AnOutsiderInTheBatchDoesNotHoldUpTheMembers) {
  world.process.store.turns_max = 3;
  const auto eves = world.start(messages.send(eve, chat, draft_of("k1", "hello")));
  const auto anns = world.start(messages.send(ann, chat, draft_of("k1", "hello")));
  test::run_ready(world.io);
  EXPECT_EQ(failure_of(eves.get()), Errc::not_found);
  EXPECT_TRUE(anns.get());
}

TEST_F(SendingTest, AChatThatComesLaterIsFoundThen) {
  const auto later = domain::direct_chat_id(ann, eve);
  EXPECT_EQ(failure_of(world.send(eve, later, "k1")), Errc::not_found);
  ASSERT_EQ(world.add_direct(ann, eve), later);
  EXPECT_TRUE(world.send(eve, later, "k1"));
}

TEST_F(SendingTest, EveryFieldThatDoesNotFitIsNamed) {
  auto draft = draft_of("no spaces", "");
  draft.type = domain::MessageType::system;
  const auto sent = world.run(messages.send(ann, chat, draft));
  ASSERT_EQ(failure_of(sent), Errc::validation_failed);
  std::vector<std::string> pointers;
  for (const auto& field : sent.error().fields) pointers.push_back(field.pointer);
  EXPECT_EQ(pointers, (std::vector<std::string>{"/content", "/clientMessageId", "/type"}));
}

TEST_F(SendingTest, AReplyCarriesAPreviewOfItsTarget) {
  const auto target = world.send(ann, chat, "k1", std::string(200, 'x'));
  ASSERT_TRUE(target);
  auto draft = draft_of("k2", "a reply");
  draft.reply_to = target->message_id;
  ASSERT_TRUE(world.run(messages.send(bob, chat, draft)));
  const auto reply = world.messages_of(chat).at(1).reply_to;
  ASSERT_TRUE(reply);
  EXPECT_EQ(reply->message_id, target->message_id);
  EXPECT_EQ(reply->seq, 1U);
  EXPECT_EQ(reply->sender_id, ann);
  EXPECT_EQ(reply->preview, std::string(140, 'x'));
}

TEST_F(SendingTest, AReplyToADeletedMessageHasAnEmptyPreview) {
  const auto target = world.send(ann, chat, "k1", "secret");
  ASSERT_TRUE(target);
  ASSERT_TRUE(world.run(messages.erase(ann, chat, target->message_id)));
  auto draft = draft_of("k2", "a reply");
  draft.reply_to = target->message_id;
  ASSERT_TRUE(world.run(messages.send(bob, chat, draft)));
  EXPECT_EQ(world.messages_of(chat).at(1).reply_to->preview, "");
}

TEST_F(SendingTest, AReplyToAMessageOfAnotherChatIsNotValid) {
  const auto elsewhere = world.send(ann, world.add_direct(ann, eve), "k1");
  ASSERT_TRUE(elsewhere);
  auto draft = draft_of("k2", "a reply");
  draft.reply_to = elsewhere->message_id;
  const auto sent = world.run(messages.send(bob, chat, draft));
  ASSERT_EQ(failure_of(sent), Errc::validation_failed);
  EXPECT_EQ(sent.error().fields.at(0).pointer, "/replyToMessageId");
}

TEST_F(SendingTest, TimesOfAChatNeverGoBackwards) {
  ASSERT_TRUE(world.send(ann, chat, "k1"));
  world.clock.set_wall(world.clock.now() - std::chrono::hours(1));
  const auto later = world.send(ann, chat, "k2");
  ASSERT_TRUE(later);
  EXPECT_EQ(later->created_at, world.messages_of(chat).at(0).created_at);
}

TEST_F(SendingTest, TheHappyRoadAsksTheStoreForNothingButTheAppend) {
  ASSERT_TRUE(world.send(ann, chat, "k1"));
  const auto loads = world.process.store.loads;
  ASSERT_TRUE(world.send(ann, chat, "k2"));
  EXPECT_EQ(world.process.store.loads, loads);
  EXPECT_EQ(world.process.store.look_ups, 0U);
}

TEST_F(SendingTest, FromAForeignThreadItTakesTheDetourToTheHomeShard) {
  test::ChatProcess process(world.memory, world.io, world.clock, world.random, test::without_rate(),
                            4);
  for (int count = 0; count < 8; ++count) {
    const auto peer = world.add_user("peer" + std::to_string(count));
    const auto with_peer = world.add_direct(ann, peer);
    EXPECT_TRUE(world.run(process.messages.send(peer, with_peer, draft_of("k", "hello"))));
  }
}

TEST_F(SendingTest, ReadersMustBeMembers) {
  const auto sent = world.send(ann, chat, "k1");
  ASSERT_TRUE(sent);
  EXPECT_EQ(world.run(messages.history(bob, chat, {}))->messages.size(), 1U);
  EXPECT_EQ(world.run(messages.changes(bob, chat, 0, 10))->last_rev, 1U);
  EXPECT_EQ(world.run(messages.get(bob, chat, sent->message_id))->seq, 1U);
  EXPECT_EQ(failure_of(world.run(messages.history(eve, chat, {}))), Errc::not_found);
  EXPECT_EQ(failure_of(world.run(messages.changes(eve, chat, 0, 10))), Errc::not_found);
  EXPECT_EQ(failure_of(world.run(messages.get(eve, chat, sent->message_id))), Errc::not_found);
  EXPECT_EQ(failure_of(world.run(messages.get(bob, chat, domain::MessageId()))), Errc::not_found);
}

}  // namespace
}  // namespace knotos::services
