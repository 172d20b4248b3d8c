#include "two_stores.hpp"

// The races of SEMANTICS section 12, by two processes on one log.
namespace knotos::adapters::mongo {
namespace {

using ports::AppendStatus;

class LogRaces : public TwoStores {};

TEST_F(LogRaces, ANumberOnceTakenIsNeverFreeAgain) {
  ASSERT_EQ(scene->send(chat, ann, "a").status, AppendStatus::appended);
  const auto stale = load_by(*other, chat, {bob});
  ASSERT_EQ(scene->edit(chat, 1, "second").status, AppendStatus::appended);
  ASSERT_EQ(scene->edit(chat, 1, "third").status, AppendStatus::appended);

  // Who still believes in rev 1 and has looked at the chat before the edits came.
  const auto late = scene->entries(stale, bob, {"late"});
  EXPECT_TRUE(database->session().insert(kMessages, {entry_document(late[0], 0)}).is_duplicate)
      << "the edits must hold on to their places";
  EXPECT_EQ(other->run(other->log().append(chat, 1, late)).status, AppendStatus::place_taken);

  const auto now = load_by(*other, chat, {bob});
  const auto again = scene->entries(now, bob, {"late"});
  ASSERT_EQ(other->run(other->log().append(chat, 3, again)).status, AppendStatus::appended);
  // A device that stands at 3 must be told of it.
  const auto changes = one->run(one->messages().changes(chat, 3, 10));
  ASSERT_TRUE(changes);
  ASSERT_EQ(changes->messages.size(), 1U);
  EXPECT_EQ(changes->messages[0].client_message_id, "late");
  EXPECT_EQ(changes->last_rev, 4U);
}

TEST_F(LogRaces, NobodyPostsAtAPlaceAfterTheirRemoval) {
  for (int round = 0; round < 20; ++round) {
    const auto group = scene->group({ann, bob});
    const auto before = load_by(*other, group, {bob});
    const auto removal = removal_of(group, bob);
    const auto statuses = race(group, 1, {removal}, scene->entries(before, bob, {"last words"}));
    ASSERT_TRUE(one_won(statuses));
    const auto after = load_by(*other, group, {bob});
    ASSERT_EQ(after.states.size(), 1U);
    const bool was_removed = statuses.first == AppendStatus::appended;
    EXPECT_EQ(after.states[0].is_member, !was_removed);
    EXPECT_EQ(after.chat.last_seq, 2U);
    EXPECT_EQ(scene->all_messages(group).size(), 2U) << "the loser has left something";
    EXPECT_EQ(after.states[0].own_count, was_removed ? 0U : 1U);
  }
}

TEST_F(LogRaces, OfTwoEditsOfOneVersionOneSucceeds) {
  ASSERT_EQ(scene->send(chat, ann, "a").status, AppendStatus::appended);
  for (domain::Rev at_rev = 1; at_rev <= 20; ++at_rev) {
    const auto before = scene->load(chat);
    const auto message = scene->message_at(chat, 1);
    const auto statuses = race(chat, at_rev, {scene->edit_entry(before, message, "by one")},
                               {scene->edit_entry(before, message, "by the other")});
    ASSERT_TRUE(one_won(statuses));
    const auto now = scene->message_at(chat, 1);
    EXPECT_EQ(now.content, statuses.first == AppendStatus::appended ? "by one" : "by the other");
    EXPECT_EQ(now.edit_version, at_rev);
    EXPECT_EQ(now.rev, at_rev + 1);
  }
}

TEST_F(LogRaces, OfTwoSendsUnderOneKeyOneIsStored) {
  for (int round = 0; round < 20; ++round) {
    const auto before = scene->load(chat, {ann});
    const auto key = "key" + std::to_string(round);
    const auto statuses = race(chat, before.chat.last_rev, scene->entries(before, ann, {key}),
                               scene->entries(before, ann, {key}));
    const bool is_once =
        (statuses.first == AppendStatus::appended) != (statuses.second == AppendStatus::appended);
    EXPECT_TRUE(is_once);
    EXPECT_EQ(scene->load(chat, {ann}).states.at(0).own_count, before.chat.last_ordinal + 1);
  }
  EXPECT_EQ(scene->all_messages(chat).size(), 20U);
}

TEST_F(LogRaces, ABatchThatAnotherPartsIsAllThereInTheEnd) {
  const auto before = scene->load(chat, {ann});
  auto batch = scene->entries(before, ann, {"a", "b", "c"});
  // The other takes the second place, as one does that has come by and applied the first.
  auto elder = scene->entries(before, ann, {"a"});
  std::get<domain::MessageEntry>(elder[0]).message.client_message_id = "of the other";
  auto& taken = std::get<domain::MessageEntry>(elder[0]).message;
  taken.sender_id = bob;
  taken.seq = taken.place = taken.rev = taken.ordinal = 2;
  insert_and_die(elder);
  const auto parted = one->run(one->log().append(chat, 0, batch));
  EXPECT_EQ(parted.status, AppendStatus::unknown);

  const auto now = load_by(*other, chat, {ann, bob});
  EXPECT_EQ(now.chat.last_rev, 2U) << "what was inserted is applied, in order";
  for (const auto& state : now.states) EXPECT_EQ(state.own_count, 1U);
  // The two that are not there are sent again.
  const auto rest = scene->entries(now, ann, {"b", "c"});
  ASSERT_EQ(one->run(one->log().append(chat, 2, rest)).status, AppendStatus::appended);
  EXPECT_EQ(scene->all_messages(chat).size(), 4U);
  EXPECT_EQ(scene->load_state(chat, ann).own_count, 3U);
}

TEST_F(LogRaces, WhoComesAnHourLateChangesNothing) {
  const auto begun = scene->load(chat, {ann});
  const auto send = scene->entries(begun, ann, {"a"});
  ASSERT_EQ(scene->append(chat, 0, send).status, AppendStatus::appended);
  const auto sent = scene->load(chat, {ann});
  const auto edit = scene->edit_entry(sent, scene->message_at(chat, 1), "an old edit");
  ASSERT_EQ(scene->append(chat, 1, {edit}).status, AppendStatus::appended);
  ASSERT_EQ(scene->edit(chat, 1, "the last edit").status, AppendStatus::appended);

  auto session = database->session();
  LogApplier late(session);
  auto at_begin = begun.chat;
  EXPECT_FALSE(late.apply(at_begin, send));
  auto at_send = sent.chat;
  const std::vector<domain::LogEntry> edits{edit};
  EXPECT_FALSE(late.apply(at_send, edits));
  const auto now = scene->load(chat, {ann});
  EXPECT_EQ(now.chat.last_rev, 3U);
  EXPECT_EQ(now.chat.last_message_preview->content, "the last edit");
  EXPECT_EQ(now.states.at(0).own_count, 1U);
  EXPECT_EQ(scene->message_at(chat, 1).content, "the last edit");
}

}  // namespace
}  // namespace knotos::adapters::mongo
