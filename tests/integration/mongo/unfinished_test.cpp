#include "two_stores.hpp"

// Death between the insert, which is the commit, and its apply: whoever comes by completes it.
namespace knotos::adapters::mongo {
namespace {

using ports::AppendStatus;

class Unfinished : public TwoStores {};

TEST_F(Unfinished, AMessageIsCompletedByWhoeverLoadsTheChat) {
  insert_and_die(scene->entries(scene->load(chat, {ann}), ann, {"a", "b", "c"}));
  EXPECT_TRUE(scene->all_messages(chat).empty()) << "what is not applied is not shown";
  const auto loaded = load_by(*other, chat, {ann, bob});
  EXPECT_EQ(loaded.chat.last_rev, 3U);
  EXPECT_EQ(loaded.chat.last_message_preview->content, "text of c");
  for (const auto& state : loaded.states) {
    EXPECT_EQ(state.own_count, state.user_id == ann ? 3U : 0U);
    EXPECT_EQ(domain::unread_count(loaded.chat, state), state.user_id == ann ? 0U : 3U);
  }
  EXPECT_EQ(scene->all_messages(chat).size(), 3U);
}

TEST_F(Unfinished, AMessageMayBeMarkedBeforeItIsApplied) {
  insert_and_die(scene->entries(scene->load(chat, {ann}), ann, {"a", "b", "c"}));
  const auto mark = [&](ports::MarkKind kind, domain::Seq seq) {
    return other->run(other->states().mark(
        {.user = bob, .chat = chat, .kind = kind, .seq = seq, .now = contract::at(0)}));
  };
  const auto delivered = mark(ports::MarkKind::delivered, 2);
  ASSERT_TRUE(delivered);
  EXPECT_EQ(delivered->state.last_delivered_seq, 2U);
  const auto read = mark(ports::MarkKind::read, 3);
  ASSERT_TRUE(read);
  EXPECT_EQ(read->state.last_read_seq, 3U);
  const auto beyond = mark(ports::MarkKind::read, 4);
  ASSERT_FALSE(beyond);
  EXPECT_EQ(beyond.error().code, Errc::validation_failed);
}

TEST_F(Unfinished, AMessageMayBeAskedForAndHiddenBeforeItIsApplied) {
  insert_and_die(scene->entries(scene->load(chat, {ann}), ann, {"a"}));
  const auto stored = other->run(other->messages().find_by_key(chat, ann, "a"));
  ASSERT_TRUE(stored && *stored);
  const auto id = (*stored)->id;
  const auto found = other->run(other->messages().find(chat, id));
  ASSERT_TRUE(found);
  EXPECT_EQ(found->content, "text of a");
  const auto receipts = other->run(other->states().receipts({.chat = chat,
                                                             .sender = ann,
                                                             .seq = found->seq,
                                                             .created_at = found->created_at,
                                                             .after = {},
                                                             .limit = 10}));
  ASSERT_TRUE(receipts);
  EXPECT_EQ(receipts->member_count, 1U);
  EXPECT_EQ(receipts->delivered_count, 0U);
  ASSERT_TRUE(other->run(other->states().hide(bob, chat, id, contract::at(9))));
  const auto visibility = other->run(other->states().visibility(bob, chat));
  ASSERT_TRUE(visibility);
  EXPECT_TRUE(visibility->is_hidden(id));
}

TEST_F(Unfinished, TwoCompleteTheSameAtOnce) {
  for (domain::Rev at_rev = 0; at_rev < 40; at_rev += 2) {
    const auto key = std::to_string(at_rev);
    insert_and_die(scene->entries(scene->load(chat, {ann}), ann, {key + "a", key + "b"}));
    std::vector<Task<Result<void>>> tasks;
    for (int times = 0; times < 3; ++times) {
      tasks.push_back(one->log().complete_pending(chat));
      tasks.push_back(other->log().complete_pending(chat));
    }
    for (const auto& each : one->run_all(std::move(tasks))) EXPECT_TRUE(each);
    const auto loaded = scene->load(chat, {ann, bob});
    ASSERT_EQ(loaded.chat.last_rev, at_rev + 2);
    ASSERT_EQ(loaded.chat.last_ordinal, at_rev + 2);
    for (const auto& state : loaded.states) {
      EXPECT_EQ(state.own_count, state.user_id == ann ? at_rev + 2 : 0U);
    }
  }
}

TEST_F(Unfinished, AnEditStandsAndIsTheLastWord) {
  ASSERT_EQ(scene->send(chat, ann, "a").status, AppendStatus::appended);
  insert_and_die({scene->edit_entry(scene->load(chat), scene->message_at(chat, 1), "changed")});
  EXPECT_TRUE(other->run(other->log().complete_pending(chat)));
  const auto message = scene->message_at(chat, 1);
  EXPECT_EQ(message.content, "changed");
  EXPECT_EQ(message.rev, 2U);
  EXPECT_EQ(scene->load(chat).chat.last_message_preview->content, "changed");
}

TEST_F(Unfinished, ADeletedTextIsGoneFromTheLogToo) {
  ASSERT_EQ(scene->send(chat, ann, "a").status, AppendStatus::appended);
  ASSERT_EQ(scene->edit(chat, 1, "a secret").status, AppendStatus::appended);
  const auto erasure = scene->erase_entry(scene->load(chat), scene->message_at(chat, 1));
  ASSERT_EQ(database->session()
                .insert(kMessages, {entry_document(domain::LogEntry(erasure), 2)})
                .inserted,
            1U);
  EXPECT_TRUE(other->run(other->log().complete_pending(chat)));
  EXPECT_TRUE(scene->message_at(chat, 1).is_deleted);
  for (const auto& each : database->session().find_all(kMessages, Document())) {
    EXPECT_EQ(View(each).document("after").text("content"), "");
    EXPECT_EQ(View(each).text("content"), "");
  }
}

TEST_F(Unfinished, WhoIsAddedAndRemovedIsSoOnce) {
  const auto group = scene->group({ann, bob});
  const auto cat = scene->user("cat");
  auto coming = scene->system_entry(scene->load(group), ann, "members_added");
  coming.memberships = {{.user_id = cat, .is_join = true, .visible_from_seq = 2}};
  coming.patch.member_count = 3;
  insert_and_die({coming});
  ASSERT_TRUE(other->run(other->log().complete_pending(group)));
  EXPECT_TRUE(*one->run(one->chats().is_member(group, cat)));
  EXPECT_EQ(scene->load(group).chat.member_count, 3U);
  EXPECT_GE(*one->run(one->people().user_rev(cat)), 1U) << "cat's devices must learn of it";

  insert_and_die({removal_of(group, cat)});
  ASSERT_TRUE(other->run(other->log().complete_pending(group)));
  EXPECT_FALSE(*one->run(one->chats().is_member(group, cat)));
  EXPECT_EQ(scene->load(group).chat.member_count, 2U);
  EXPECT_GE(*one->run(one->people().user_rev(cat)), 2U);
}

TEST_F(Unfinished, NothingGoesInBeforeItIsApplied) {
  const auto before = scene->load(chat, {ann, bob});
  insert_and_die(scene->entries(before, ann, {"a"}));
  // Who has read the chat before it.
  const auto blind = other->run(other->log().append(chat, 0, scene->entries(before, bob, {"b"})));
  EXPECT_EQ(blind.status, AppendStatus::place_taken);
  const auto now = load_by(*other, chat, {bob});
  ASSERT_EQ(now.chat.last_rev, 1U);
  EXPECT_EQ(other->run(other->log().append(chat, 1, scene->entries(now, bob, {"b"}))).status,
            AppendStatus::appended);
}

TEST_F(Unfinished, AChatThatWasOnlyFoundedIsThereForWhoComes) {
  auto fresh = scene->new_group({ann, bob}, "Begun");
  auto session = database->session();
  ASSERT_TRUE(
      session.insert_one(kChats, founding_document(fresh.chat, fresh.members, fresh.first_entry)));
  // The half of it: one member is written, the other not.
  session.insert_one(kStates, state_document(fresh.members.front()));
  const auto loaded = load_by(*other, fresh.chat.id, {ann, bob});
  EXPECT_EQ(loaded.chat.title, "Begun");
  EXPECT_EQ(loaded.chat.last_rev, 1U);
  EXPECT_EQ(loaded.states.size(), 2U);
  EXPECT_EQ(scene->all_messages(fresh.chat.id).size(), 1U);
  const auto repeat = one->run(one->chats().create(fresh));
  ASSERT_TRUE(repeat);
  EXPECT_FALSE(repeat->is_new);
}

TEST_F(Unfinished, ADamagedEntryIsRefusedAndNothingElse) {
  ASSERT_EQ(scene->send(chat, ann, "a").status, AppendStatus::appended);
  database->session().insert_one(
      kMessages, document("_id", "damaged", "chatId", chat, "rev", 2, "seq", -2, "senderId", ann,
                          "clientMessageId", "~damaged", "op", "no such thing"));
  const auto loaded = other->run(other->log().load(chat, {ann}));
  ASSERT_FALSE(loaded);
  EXPECT_EQ(loaded.error().code, Errc::store_unavailable);
  EXPECT_EQ(scene->all_messages(chat).size(), 1U) << "what is sound can still be read";
}

}  // namespace
}  // namespace knotos::adapters::mongo
