#include "contract/scene.hpp"

#include <algorithm>
#include <set>
#include <string>

namespace knotos::contract {
namespace {

class SyncStoreContract : public ContractTest {
 protected:
  ports::SyncStore& syncs() { return world_->syncs(); }

  /// Everything from now on is later than this, by the store's own time.
  Time mark_time() {
    const auto now = world_->run(syncs().store_time());
    EXPECT_TRUE(now);
    // The store counts in milliseconds: what follows must not share this one.
    while (world_->run(syncs().store_time()).value() <= now.value()) {
    }
    return now.value() + Milliseconds(1);
  }
  ports::SyncPage sync(domain::UserId user, Time since,
                       std::optional<ports::SyncPosition> after = {}, std::size_t limit = 100) {
    auto page =
        world_->run(syncs().sync({.user = user, .since = since, .after = after, .limit = limit}));
    EXPECT_TRUE(page);
    return page.value_or(ports::SyncPage{});
  }
  std::vector<ports::SyncedReceipt> receipts(domain::UserId user, Time since,
                                             std::size_t members_max = 100) {
    auto page = world_->run(syncs().moved_receipts(
        {.user = user, .since = since, .members_max = members_max, .after = {}}));
    EXPECT_TRUE(page);
    return page.value_or(ports::MovedReceiptsPage{}).receipts;
  }
  static std::set<domain::ChatId> ids(const ports::SyncPage& page) {
    std::set<domain::ChatId> ids;
    for (const auto& chat : page.chats) ids.insert(chat.chat.id);
    return ids;
  }
  void mark(domain::UserId user, domain::ChatId chat, ports::MarkKind kind, domain::Seq seq) {
    ASSERT_TRUE(world_->run(world_->states().mark(
        {.user = user, .chat = chat, .kind = kind, .seq = seq, .now = at(1)})));
  }
  void send(domain::ChatId chat, domain::UserId sender, const std::string& key) {
    ASSERT_EQ(scene_.send(chat, sender, key).status, ports::AppendStatus::appended);
  }

  domain::UserId ann_ = scene_.user("ann");
  domain::UserId bob_ = scene_.user("bob");
};

TEST_P(SyncStoreContract, AStoreHasAnEpochAndATimeThatDoesNotGoBack) {
  const auto epoch = world_->run(syncs().epoch()).value();
  EXPECT_EQ(epoch.size(), 16U);
  const auto before = world_->run(syncs().store_time()).value();
  world_->restart();
  EXPECT_EQ(world_->run(syncs().epoch()).value(), epoch);
  EXPECT_GE(world_->run(syncs().store_time()).value(), before);
}

TEST_P(SyncStoreContract, FromTheBeginningItIsEverything) {
  const auto direct = scene_.direct(ann_, bob_);
  const auto group = scene_.group({bob_, ann_});
  EXPECT_EQ(ids(sync(ann_, Time())), (std::set{direct, group}));
  EXPECT_EQ(world_->run(syncs().all_chats(ann_)).value().size(), 2U);
  const auto nobody = world_->run(
      syncs().sync({.user = scene_.new_id<domain::UserId>(), .since = Time(), .after = {}}));
  ASSERT_FALSE(nobody);
  EXPECT_EQ(nobody.error().code, Errc::not_found);
}

TEST_P(SyncStoreContract, WhatChangedSinceIsThereAndNothingElse) {
  const auto quiet = scene_.direct(ann_, scene_.user("cat"));
  const auto spoken = scene_.direct(ann_, bob_);
  const auto drafted = scene_.group({ann_, bob_});
  const auto since = mark_time();
  EXPECT_TRUE(sync(ann_, since).chats.empty());
  EXPECT_FALSE(sync(ann_, since).settings_changed);

  send(spoken, bob_, "k");
  mark_time();  // Within one moment the id would decide.
  ASSERT_TRUE(world_->run(world_->states().update(ann_, drafted, {.draft = "so"}, at(1))));
  const auto page = sync(ann_, since);
  ASSERT_EQ(page.chats.size(), 2U);
  EXPECT_EQ(page.chats[0].chat.id, spoken);
  EXPECT_EQ(page.chats[0].chat.last_rev, 1U);
  EXPECT_FALSE(page.chats[0].has_private_change);
  EXPECT_FALSE(page.chats[0].has_joined);
  EXPECT_EQ(page.chats[1].chat.id, drafted);
  EXPECT_TRUE(page.chats[1].has_private_change);
  EXPECT_EQ(page.chats[1].state.draft, "so");
  EXPECT_FALSE(ids(page).contains(quiet));
  EXPECT_EQ(page.user_rev, world_->run(world_->people().user_rev(ann_)).value());
}

TEST_P(SyncStoreContract, AnEditIsAChangeToo) {
  const auto chat = scene_.direct(ann_, bob_);
  send(chat, ann_, "k");
  const auto since = mark_time();
  ASSERT_EQ(scene_.edit(chat, 1, "other").status, ports::AppendStatus::appended);
  EXPECT_EQ(ids(sync(bob_, since)), (std::set{chat}));
}

TEST_P(SyncStoreContract, NewChatsAndThoseThatWereLeftAreTold) {
  const auto group = scene_.group({ann_, bob_});
  const auto since = mark_time();
  const auto direct = scene_.direct(ann_, bob_);
  mark_time();
  const auto before = scene_.load(group, {ann_, bob_});
  auto entry = scene_.system_entry(before, ann_, "member_removed");
  entry.memberships = {{.user_id = bob_, .is_member = false}};
  ASSERT_EQ(scene_.append(group, before.chat.last_rev, {entry}).status,
            ports::AppendStatus::appended);
  const auto page = sync(bob_, since);
  ASSERT_EQ(page.chats.size(), 2U);
  EXPECT_EQ(page.chats[0].chat.id, direct);
  EXPECT_TRUE(page.chats[0].has_joined);
  EXPECT_EQ(page.chats[1].chat.id, group);
  EXPECT_TRUE(page.chats[1].has_joined);
  EXPECT_FALSE(page.chats[1].state.is_member);

  const auto later = mark_time();
  send(group, ann_, "without bob");
  EXPECT_TRUE(sync(bob_, later).chats.empty()) << "what follows is none of theirs";
  EXPECT_EQ(ids(sync(ann_, later)), (std::set{group}));
}

TEST_P(SyncStoreContract, HiddenMessagesAreTold) {
  const auto chat = scene_.direct(ann_, bob_);
  for (const auto* key : {"a", "b"}) send(chat, bob_, key);
  const auto hide = [&](domain::Seq seq) {
    const auto id = scene_.message_at(chat, seq).id;
    EXPECT_TRUE(world_->run(world_->states().hide(ann_, chat, id, at(1))));
    return id;
  };
  hide(1);
  const auto since = mark_time();
  const auto second = hide(2);
  const auto page = sync(ann_, since);
  ASSERT_EQ(page.chats.size(), 1U);
  EXPECT_EQ(page.chats[0].hidden, (std::vector{second}));
}

TEST_P(SyncStoreContract, SettingsAndSessionsAreTold) {
  const auto since = mark_time();
  ASSERT_TRUE(world_->run(world_->people().put_contact(ann_, bob_, at(1))));
  EXPECT_TRUE(sync(ann_, since).settings_changed);
  EXPECT_FALSE(sync(bob_, since).settings_changed);
  const auto later = mark_time();
  ASSERT_TRUE(world_->run(world_->accounts().add_device(scene_.device_of(bob_))));
  EXPECT_TRUE(sync(bob_, later).settings_changed);
}

TEST_P(SyncStoreContract, PagesMissNothingThatMovesBetweenThem) {
  std::vector<domain::ChatId> chats;
  for (int i = 0; i < 7; ++i) {
    chats.push_back(scene_.direct(ann_, scene_.user("peer" + std::to_string(i))));
  }
  const auto since = mark_time();
  for (const auto& chat : chats) send(chat, ann_, "k");
  std::set<domain::ChatId> met;
  std::size_t moved_at_end = 0;
  std::optional<ports::SyncPosition> after;
  for (int page_number = 0; page_number < 20; ++page_number) {
    const auto page = sync(ann_, since, after, 2);
    EXPECT_LE(page.chats.size(), 2U);
    for (const auto& chat : page.chats) {
      met.insert(chat.chat.id);
      if (chat.chat.last_rev == 2) ++moved_at_end;
    }
    if (!page.next) break;
    after = page.next;
    // One that was listed and one that was not move to the end.
    if (page_number == 0) {
      mark_time();
      send(chats[0], ann_, "again");
      send(chats[6], ann_, "again");
    }
  }
  EXPECT_EQ(met.size(), chats.size());
  EXPECT_EQ(moved_at_end, 2U);
}

TEST_P(SyncStoreContract, ReceiptsThatMovedAreTold) {
  const auto chat = scene_.direct(ann_, bob_);
  const auto group = scene_.group({ann_, bob_, scene_.user("cat")});
  for (const auto* key : {"a", "b"}) send(chat, ann_, key);
  const auto since = mark_time();
  EXPECT_TRUE(receipts(ann_, since).empty());
  mark(bob_, chat, ports::MarkKind::delivered, 2);
  mark(bob_, chat, ports::MarkKind::read, 1);
  auto moved = receipts(ann_, since);
  ASSERT_EQ(moved.size(), 1U);
  EXPECT_EQ(moved[0].chat_id, chat);
  EXPECT_EQ(moved[0].user_id, bob_);
  EXPECT_EQ(moved[0].last_delivered_seq, 2U);
  EXPECT_EQ(moved[0].last_read_seq, 1U);
  EXPECT_TRUE(receipts(bob_, since).empty()) << "one's own are no receipts";

  send(group, ann_, "k");
  mark(bob_, group, ports::MarkKind::read, 2);
  // Ann's own rose too: she was caught up when she wrote.
  EXPECT_EQ(receipts(bob_, since).size(), 1U);
  EXPECT_EQ(receipts(ann_, since).size(), 2U);
  EXPECT_EQ(receipts(ann_, since, 2).size(), 1U) << "nothing of larger chats";

  ASSERT_TRUE(world_->run(world_->people().put_block(ann_, bob_, at(1))));
  moved = receipts(ann_, since);
  ASSERT_EQ(moved.size(), 1U) << "in the direct chat, the blocked are told to nobody";
  EXPECT_EQ(moved[0].chat_id, group);
}

TEST_P(SyncStoreContract, ReceiptsComeInPages) {
  std::vector<domain::UserId> people{ann_};
  for (int i = 0; i < 6; ++i) people.push_back(scene_.user("reader" + std::to_string(i)));
  const auto group = scene_.group(people);
  send(group, ann_, "k");
  const auto since = mark_time();
  for (std::size_t i = 1; i < people.size(); ++i) mark(people[i], group, ports::MarkKind::read, 2);
  std::set<domain::UserId> met;
  std::optional<ports::ReceiptPosition> after;
  for (bool has_more = true; has_more;) {
    const auto page = world_->run(
        syncs().moved_receipts({.user = ann_, .since = since, .after = after, .limit = 4}));
    ASSERT_TRUE(page);
    for (const auto& receipt : page->receipts) EXPECT_TRUE(met.insert(receipt.user_id).second);
    after = page->next;
    has_more = after.has_value();
  }
  EXPECT_EQ(met.size(), 6U);
}

TEST_P(SyncStoreContract, ASweepMeetsEveryChatAndUserThatChanged) {
  const auto chat = scene_.direct(ann_, bob_);
  const auto other = scene_.direct(ann_, scene_.user("cat"));
  const auto since = mark_time();
  send(chat, ann_, "a");
  mark_time();
  send(other, ann_, "b");
  ASSERT_TRUE(world_->run(world_->states().update(bob_, chat, {.draft = "x"}, at(1))));
  const auto sweep = world_->run(syncs().changed_since(since, 100)).value();
  EXPECT_FALSE(sweep.has_more);
  EXPECT_GE(sweep.now, since);
  ASSERT_EQ(sweep.chats.size(), 2U);
  EXPECT_EQ(sweep.chats[0].chat_id, chat);
  EXPECT_EQ(sweep.chats[0].last_rev, 1U);
  EXPECT_EQ(sweep.users, (std::vector{bob_}));

  const auto first = world_->run(syncs().changed_since(since, 1)).value();
  ASSERT_TRUE(first.has_more);
  EXPECT_EQ(first.chats.size(), 1U);
  EXPECT_GT(first.next_since, since);
  const auto rest = world_->run(syncs().changed_since(first.next_since, 100)).value();
  EXPECT_EQ(rest.chats.size(), 1U);
  EXPECT_EQ(rest.users.size(), 1U);

  // The same from the tables, as after a restart.
  world_->restart();
  const auto again = world_->run(syncs().changed_since(since, 100)).value();
  EXPECT_EQ(again.chats.size(), 2U);
  EXPECT_EQ(again.users, (std::vector{bob_}));
}

INSTANTIATE_TEST_SUITE_P(Adapters, SyncStoreContract, testing::ValuesIn(all_adapters()),
                         name_of_adapter);

}  // namespace
}  // namespace knotos::contract
