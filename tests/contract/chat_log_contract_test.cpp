#include "contract/scene.hpp"

#include <gtest/gtest.h>

#include <algorithm>

namespace knotos::contract {
namespace {

using ports::AppendStatus;

class ChatLogContract : public ContractTest {
 protected:
  domain::UserId ann_ = scene_.user("ann");
  domain::UserId bob_ = scene_.user("bob");
  domain::ChatId chat_ = scene_.direct(ann_, bob_);
};

TEST_P(ChatLogContract, WhatIsAppendedIsThereAndStaysThere) {
  EXPECT_EQ(scene_.send(chat_, ann_, "k1").status, AppendStatus::appended);
  EXPECT_EQ(scene_.send(chat_, bob_, "k2").status, AppendStatus::appended);
  const auto before = scene_.all_messages(chat_);
  world_->restart();
  EXPECT_EQ(scene_.all_messages(chat_), before);
  ASSERT_EQ(before.size(), 2U);
  EXPECT_EQ(before[1].seq, 2U);
  EXPECT_EQ(before[1].rev, 2U);
  EXPECT_EQ(before[1].content, "text of k2");
  const auto chat = scene_.load(chat_).chat;
  EXPECT_EQ(chat.last_seq, 2U);
  EXPECT_EQ(chat.last_rev, 2U);
  EXPECT_EQ(chat.last_ordinal, 2U);
  EXPECT_EQ(chat.last_message_preview, domain::preview_of(before[1]));
  EXPECT_EQ(chat.updated_at, before[1].created_at);
}

TEST_P(ChatLogContract, EveryFieldOfAMessageComesBack) {
  const auto before = scene_.load(chat_, {ann_});
  auto entries = scene_.entries(before, ann_, {"first", "second"});
  auto& message = std::get<domain::MessageEntry>(entries[1]).message;
  message.type = domain::MessageType::encrypted;
  message.content = std::string("\xF0\x9F\x98\x80 \0 zero", 11);
  message.reply_to = domain::ReplyTo{.message_id = domain::message_of(entries[0]).id,
                                     .seq = 1,
                                     .sender_id = ann_,
                                     .preview = "text"};
  message.mentions = {bob_, ann_};
  const auto written = message;
  ASSERT_EQ(scene_.append(chat_, 0, std::move(entries)).status, AppendStatus::appended);
  EXPECT_EQ(scene_.message_at(chat_, 2), written);
}

TEST_P(ChatLogContract, ASystemEventComesBack) {
  const auto group = scene_.group({ann_, bob_});
  auto entry = scene_.system_entry(scene_.load(group), ann_, "something_happened");
  entry.message.system_event->user_ids = {bob_};
  entry.message.system_event->title = "Title";
  entry.message.system_event->role = domain::Role::admin;
  entry.message.system_event->new_owner_id = bob_;
  const auto written = entry.message;
  ASSERT_EQ(scene_.append(group, 1, {entry}).status, AppendStatus::appended);
  EXPECT_EQ(scene_.message_at(group, 2), written);
}

TEST_P(ChatLogContract, APlaceIsGivenOnce) {
  const auto before = scene_.load(chat_, {ann_, bob_});
  ASSERT_EQ(scene_.append(chat_, 0, scene_.entries(before, ann_, {"a"})).status,
            AppendStatus::appended);
  EXPECT_EQ(scene_.append(chat_, 0, scene_.entries(before, bob_, {"b"})).status,
            AppendStatus::place_taken);
  EXPECT_EQ(scene_.append(chat_, 5, scene_.entries(before, bob_, {"b"})).status,
            AppendStatus::place_taken);
  EXPECT_EQ(
      scene_.append(scene_.new_id<domain::ChatId>(), 0, scene_.entries(before, bob_, {"b"})).status,
      AppendStatus::place_taken);
  EXPECT_EQ(scene_.all_messages(chat_).size(), 1U);
}

TEST_P(ChatLogContract, OfAppendsAtOnceForOnePlaceOneWins) {
  const auto before = scene_.load(chat_, {ann_, bob_});
  std::vector<Task<ports::AppendOutcome>> tasks;
  for (int i = 0; i < 20; ++i) {
    tasks.push_back(
        world_->log().append(chat_, 0, scene_.entries(before, ann_, {"k" + std::to_string(i)})));
  }
  const auto outcomes = world_->run_all(std::move(tasks));
  EXPECT_EQ(std::ranges::count(outcomes, AppendStatus::appended, &ports::AppendOutcome::status), 1);
  EXPECT_EQ(std::ranges::count(outcomes, AppendStatus::place_taken, &ports::AppendOutcome::status),
            19);
  EXPECT_EQ(scene_.all_messages(chat_).size(), 1U);
}

TEST_P(ChatLogContract, AKeyIsTakenForEver) {
  ASSERT_EQ(scene_.send(chat_, ann_, "same").status, AppendStatus::appended);
  ASSERT_EQ(scene_.erase(chat_, 1).status, AppendStatus::appended);
  world_->restart();
  const auto again = scene_.send(chat_, ann_, "same");
  EXPECT_EQ(again.status, AppendStatus::key_taken) << again.cause;
  EXPECT_EQ(again.offender, 0U);
  EXPECT_EQ(scene_.send(chat_, bob_, "same").status, AppendStatus::appended)
      << "another sender's own";
  const auto other = scene_.direct(ann_, scene_.user("cat"));
  EXPECT_EQ(scene_.send(other, ann_, "same").status, AppendStatus::appended)
      << "another chat's own";
}

TEST_P(ChatLogContract, ABatchIsWrittenWholeOrNotAtAll) {
  ASSERT_EQ(scene_.send(chat_, ann_, "taken").status, AppendStatus::appended);
  const auto before = scene_.load(chat_, {ann_});
  const auto refused =
      scene_.append(chat_, 1, scene_.entries(before, ann_, {"x", "y", "taken", "z"}));
  EXPECT_EQ(refused.status, AppendStatus::key_taken);
  EXPECT_EQ(refused.offender, 2U);
  const auto twice = scene_.append(chat_, 1, scene_.entries(before, ann_, {"x", "y", "x"}));
  EXPECT_EQ(twice.status, AppendStatus::key_taken);
  EXPECT_EQ(twice.offender, 2U);
  EXPECT_EQ(scene_.all_messages(chat_).size(), 1U);
  EXPECT_EQ(scene_.load(chat_, {ann_}).chat, before.chat);
  EXPECT_EQ(scene_.load_state(chat_, ann_), before.states[0]);
  EXPECT_EQ(scene_.append(chat_, 1, scene_.entries(before, ann_, {"x", "y", "z"})).status,
            AppendStatus::appended);
  EXPECT_EQ(scene_.load(chat_).chat.last_rev, 4U);
}

TEST_P(ChatLogContract, AppendsOfManyChatsAtOnceAreAllThere) {
  std::vector<domain::ChatId> chats;
  for (int i = 0; i < 30; ++i)
    chats.push_back(scene_.direct(ann_, scene_.user("user" + std::to_string(i))));
  std::vector<Task<ports::AppendOutcome>> tasks;
  for (const auto& chat : chats) {
    const auto before = scene_.load(chat, {ann_});
    tasks.push_back(world_->log().append(chat, 0, scene_.entries(before, ann_, {"a", "b", "c"})));
  }
  for (const auto& outcome : world_->run_all(std::move(tasks)))
    EXPECT_EQ(outcome.status, AppendStatus::appended);
  for (const auto& chat : chats) EXPECT_EQ(scene_.load(chat).chat.last_rev, 3U);
}

TEST_P(ChatLogContract, AnEditTakesAPlaceAndKeepsTheMessagesOwn) {
  ASSERT_EQ(scene_.send(chat_, ann_, "a").status, AppendStatus::appended);
  ASSERT_EQ(scene_.send(chat_, ann_, "b").status, AppendStatus::appended);
  ASSERT_EQ(scene_.edit(chat_, 1, "changed").status, AppendStatus::appended);
  const auto message = scene_.message_at(chat_, 1);
  EXPECT_EQ(message.content, "changed");
  EXPECT_EQ(message.seq, 1U);
  EXPECT_EQ(message.place, 1U);
  EXPECT_EQ(message.rev, 3U);
  EXPECT_EQ(message.edit_version, 1U);
  EXPECT_TRUE(message.edited_at);
  const auto chat = scene_.load(chat_).chat;
  EXPECT_EQ(chat.last_rev, 3U);
  EXPECT_EQ(chat.last_seq, 2U);
  EXPECT_EQ(chat.last_message_preview->content, "text of b") << "the first is not the last message";
}

TEST_P(ChatLogContract, ThePreviewFollowsTheLastMessage) {
  ASSERT_EQ(scene_.send(chat_, ann_, "a").status, AppendStatus::appended);
  ASSERT_EQ(scene_.edit(chat_, 1, "changed").status, AppendStatus::appended);
  EXPECT_EQ(scene_.load(chat_).chat.last_message_preview->content, "changed");
  ASSERT_EQ(scene_.erase(chat_, 1).status, AppendStatus::appended);
  const auto preview = scene_.load(chat_).chat.last_message_preview;
  EXPECT_EQ(preview->content, "");
  EXPECT_TRUE(preview->is_deleted);
  EXPECT_EQ(scene_.message_at(chat_, 1).content, "");
  EXPECT_TRUE(scene_.message_at(chat_, 1).is_deleted);
}

TEST_P(ChatLogContract, SendingWhileCaughtUpMovesTheOwnWatermark) {
  ASSERT_EQ(scene_.send(chat_, ann_, "a").status, AppendStatus::appended);
  auto ann = scene_.load_state(chat_, ann_);
  EXPECT_EQ(ann.own_count, 1U);
  EXPECT_EQ(ann.last_read_seq, 1U);
  EXPECT_EQ(domain::unread_count(scene_.load(chat_).chat, ann), 0U);
  // Bob has not read Ann's: his own message does not pass it.
  ASSERT_EQ(scene_.send(chat_, bob_, "b").status, AppendStatus::appended);
  const auto bob = scene_.load_state(chat_, bob_);
  EXPECT_EQ(bob.own_count, 1U);
  EXPECT_EQ(bob.last_read_seq, 0U);
  EXPECT_EQ(domain::unread_count(scene_.load(chat_).chat, bob), 1U);
  ann = scene_.load_state(chat_, ann_);
  EXPECT_EQ(domain::unread_count(scene_.load(chat_).chat, ann), 1U);
}

TEST_P(ChatLogContract, SystemMessagesCountForNobody) {
  const auto group = scene_.group({ann_, bob_});
  ASSERT_EQ(
      scene_.append(group, 1, {scene_.system_entry(scene_.load(group), ann_, "renamed")}).status,
      AppendStatus::appended);
  const auto loaded = scene_.load(group, {ann_, bob_});
  EXPECT_EQ(loaded.chat.last_seq, 2U);
  EXPECT_EQ(loaded.chat.last_ordinal, 0U);
  for (const auto& state : loaded.states) {
    EXPECT_EQ(state.own_count, 0U);
    EXPECT_EQ(domain::unread_count(loaded.chat, state), 0U);
  }
}

TEST_P(ChatLogContract, WhoJoinsByAnEntryIsAMemberAfterIt) {
  const auto group = scene_.group({ann_, bob_});
  const auto cat = scene_.user("cat");
  auto entry = scene_.system_entry(scene_.load(group), ann_, "members_added");
  entry.memberships = {{.user_id = cat, .is_join = true, .visible_from_seq = 2}};
  EXPECT_FALSE(*world_->run(world_->chats().is_member(group, cat)));
  const auto joined = scene_.append(group, 1, {entry});
  ASSERT_EQ(joined.status, AppendStatus::appended);
  EXPECT_EQ(joined.user_revs, (decltype(joined.user_revs){{cat, 1}}));
  EXPECT_TRUE(*world_->run(world_->chats().is_member(group, cat)));
  const auto state = scene_.load_state(group, cat);
  EXPECT_EQ(state.member_rev, entry.message.rev);
  EXPECT_EQ(state.visible_from_seq, 2U);
  EXPECT_EQ(state.last_read_seq, entry.message.seq);
  auto leaving = scene_.system_entry(scene_.load(group), cat, "member_left");
  leaving.memberships = {{.user_id = cat, .is_member = false}};
  leaving.patch.member_count = 2;
  ASSERT_EQ(scene_.append(group, 2, {leaving}).status, AppendStatus::appended);
  EXPECT_FALSE(*world_->run(world_->chats().is_member(group, cat)));
  EXPECT_EQ(scene_.load_state(group, cat).member_rev, 3U);
  EXPECT_EQ(scene_.load(group).chat.member_count, 2U);
}

TEST_P(ChatLogContract, LoadAnswersOnlyWhoIsKnown) {
  const auto stranger = scene_.user("stranger");
  const auto loaded = scene_.load(chat_, {stranger, ann_, ann_});
  ASSERT_EQ(loaded.states.size(), 1U);
  EXPECT_EQ(loaded.states[0].user_id, ann_);
  const auto missing = world_->run(world_->log().load(scene_.new_id<domain::ChatId>(), {}));
  ASSERT_FALSE(missing);
  EXPECT_EQ(missing.error().code, Errc::not_found);
  EXPECT_TRUE(world_->run(world_->log().complete_pending(chat_)));
  EXPECT_FALSE(world_->run(world_->log().complete_pending(scene_.new_id<domain::ChatId>())));
}

INSTANTIATE_TEST_SUITE_P(Adapters, ChatLogContract, testing::ValuesIn(all_adapters()),
                         name_of_adapter);

}  // namespace
}  // namespace knotos::contract
