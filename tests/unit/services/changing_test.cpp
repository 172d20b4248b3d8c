#include "support/chat_world.hpp"

#include <gtest/gtest.h>

namespace knotos::services {
namespace {

using adapters::memory::UnknownFate;
using ports::AppendStatus;
using test::failure_of;

class ChangingTest : public ::testing::Test {
 protected:
  test::ChatWorld world;
  domain::UserId ann = world.add_user("ann");
  domain::UserId bob = world.add_user("bob");
  domain::UserId eve = world.add_user("eve");
  domain::ChatId chat = world.add_group(ann, {bob});
  MessageService& messages = world.process.messages;
  test::RecordingBus& bus = world.process.bus;

  domain::MessageId bobs_message() { return world.send(bob, chat, "k1", "hello")->message_id; }

  Result<domain::Message> edit(domain::UserId user, domain::MessageId id, std::string content,
                               std::optional<std::uint32_t> base_version = {}) {
    return world.run(messages.edit(user, {.chat_id = chat,
                                          .message_id = id,
                                          .content = std::move(content),
                                          .base_version = base_version}));
  }
  Result<domain::Message> erase(domain::UserId user, domain::MessageId id) {
    return world.run(messages.erase(user, chat, id));
  }
};

TEST_F(ChangingTest, AnEditTakesTheNextRevAndKeepsTheMessagesPlace) {
  const auto id = bobs_message();
  world.clock.advance(std::chrono::seconds(5));
  const auto edited = edit(bob, id, "changed");
  ASSERT_TRUE(edited);
  EXPECT_EQ(edited->content, "changed");
  EXPECT_EQ(edited->seq, 2U);
  EXPECT_EQ(edited->place, 2U);
  EXPECT_EQ(edited->rev, 3U);
  EXPECT_EQ(edited->edit_version, 1U);
  EXPECT_EQ(edited->edited_at, world.clock.now());
  EXPECT_EQ(world.chat(chat).last_rev, 3U);
  EXPECT_EQ(world.chat(chat).last_message_preview->content, "changed");
  const auto told = bus.all<ports::ChatChanged>().back();
  EXPECT_EQ(told.rev, 3U);
  EXPECT_EQ(*told.message, *edited);
  EXPECT_EQ(world.send(ann, chat, "next")->rev, 4U);
}

TEST_F(ChangingTest, AStaleVersionConflictsUnlessItsContentStandsAlready) {
  const auto id = bobs_message();
  ASSERT_TRUE(edit(bob, id, "second", 0));
  EXPECT_EQ(failure_of(edit(bob, id, "third", 0)), Errc::edit_conflict);
  const auto again = edit(bob, id, "second", 0);
  ASSERT_TRUE(again);
  EXPECT_EQ(again->rev, 3U);
  EXPECT_EQ(world.chat(chat).last_rev, 3U);
  EXPECT_TRUE(edit(bob, id, "third", 1));
}

TEST_F(ChangingTest, OnlyItsAuthorEdits) {
  const auto id = bobs_message();
  EXPECT_EQ(failure_of(edit(ann, id, "changed")), Errc::forbidden);
  EXPECT_EQ(failure_of(edit(eve, id, "changed")), Errc::not_found);
  EXPECT_EQ(failure_of(edit(bob, domain::MessageId(), "changed")), Errc::not_found);
}

TEST_F(ChangingTest, AnEditIsCheckedLikeAMessage) {
  const auto id = bobs_message();
  EXPECT_EQ(failure_of(edit(bob, id, "")), Errc::validation_failed);
  EXPECT_EQ(failure_of(edit(bob, id, std::string(4097, 'x'))), Errc::validation_failed);
}

TEST_F(ChangingTest, AfterTheWindowOnlyAnAdminErases) {
  const auto id = bobs_message();
  world.clock.advance(std::chrono::hours(49));
  EXPECT_EQ(failure_of(edit(bob, id, "changed")), Errc::forbidden);
  EXPECT_EQ(failure_of(erase(bob, id)), Errc::forbidden);
  EXPECT_TRUE(erase(ann, id));
}

TEST_F(ChangingTest, ATombstoneKeepsItsPlaceAndNothingElse) {
  const auto id = bobs_message();
  const auto erased = erase(bob, id);
  ASSERT_TRUE(erased);
  EXPECT_TRUE(erased->is_deleted);
  EXPECT_EQ(erased->content, "");
  EXPECT_EQ(erased->seq, 2U);
  EXPECT_EQ(erased->rev, 3U);
  EXPECT_TRUE(world.chat(chat).last_message_preview->is_deleted);
  EXPECT_EQ(world.chat(chat).last_message_preview->content, "");
}

TEST_F(ChangingTest, ErasingAgainSucceedsWithoutAnotherRev) {
  const auto id = bobs_message();
  ASSERT_TRUE(erase(bob, id));
  const auto told = bus.events.size();
  const auto again = erase(bob, id);
  ASSERT_TRUE(again);
  EXPECT_EQ(again->rev, 3U);
  EXPECT_EQ(bus.events.size(), told);
  EXPECT_EQ(failure_of(edit(bob, id, "changed")), Errc::forbidden);
}

TEST_F(ChangingTest, AMemberDoesNotEraseAnothersMessage) {
  const auto id = world.send(ann, chat, "k1")->message_id;
  EXPECT_EQ(failure_of(erase(bob, id)), Errc::forbidden);
}

TEST_F(ChangingTest, InADirectChatNobodyErasesTheOthersMessage) {
  const auto direct = world.add_direct(ann, bob);
  const auto id = world.send(bob, direct, "k1")->message_id;
  EXPECT_EQ(failure_of(world.run(messages.erase(ann, direct, id))), Errc::forbidden);
}

TEST_F(ChangingTest, SystemMessagesNeverChange) {
  const auto id = world.messages_of(chat).at(0).id;
  EXPECT_EQ(failure_of(edit(ann, id, "changed")), Errc::forbidden);
  EXPECT_EQ(failure_of(erase(ann, id)), Errc::forbidden);
}

TEST_F(ChangingTest, AChangeOfUnknownOutcomeThatTookPlaceIsASuccess) {
  const auto id = bobs_message();
  world.memory.fail_next(AppendStatus::unknown, UnknownFate::written);
  const auto edited = edit(bob, id, "changed");
  ASSERT_TRUE(edited);
  EXPECT_EQ(edited->rev, 3U);
  EXPECT_EQ(bus.all<ports::ChatChanged>().back().rev, 3U);
}

TEST_F(ChangingTest, AChangeOfUnknownOutcomeThatIsNotThereMayBeAskedForAgain) {
  const auto id = bobs_message();
  world.memory.fail_next(AppendStatus::unknown, UnknownFate::lost);
  EXPECT_EQ(failure_of(edit(bob, id, "changed")), Errc::store_unavailable);
  EXPECT_EQ(edit(bob, id, "changed")->rev, 3U);
}

TEST_F(ChangingTest, AStoreThatIsAwayChangesNothing) {
  const auto id = bobs_message();
  world.memory.set_available(false);
  EXPECT_EQ(failure_of(edit(bob, id, "changed")), Errc::store_unavailable);
  world.memory.set_available(true);
  world.memory.fail_next(AppendStatus::unavailable);
  EXPECT_EQ(failure_of(edit(bob, id, "changed")), Errc::store_unavailable);
  EXPECT_EQ(world.messages_of(chat).at(1).content, "hello");
  EXPECT_TRUE(edit(bob, id, "changed"));
}

TEST_F(ChangingTest, MessagesAndChangesOfOneChatGoInTheOrderInWhichTheyCame) {
  const auto id = bobs_message();
  world.process.store.hold_appends();
  const auto blocked = world.start(messages.send(ann, chat, test::draft_of("a", "hello")));
  const auto edited = world.start(messages.edit(
      bob, {.chat_id = chat, .message_id = id, .content = "changed", .base_version = {}}));
  const auto sent = world.start(messages.send(ann, chat, test::draft_of("b", "hello")));
  test::run_ready(world.io);
  world.process.store.release_appends();
  test::run_ready(world.io);
  EXPECT_EQ(blocked.get()->rev, 3U);
  EXPECT_EQ(edited.get()->rev, 4U);
  EXPECT_EQ(sent.get()->rev, 5U);
}

}  // namespace
}  // namespace knotos::services
