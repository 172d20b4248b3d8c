#include "services/sync_service.hpp"

#include "support/chat_world.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <set>

namespace knotos::test {
namespace {

using services::SyncCursor;
using services::SyncService;

class SyncTest : public testing::Test {
 protected:
  SyncService make(SyncService::Limits limits) {
    return SyncService({.syncs = world.memory,
                        .chats = world.memory,
                        .people = world.memory,
                        .clock = world.clock},
                       limits);
  }
  SyncService::Answer sync(std::optional<SyncCursor> cursor) {
    return ChatWorld::must(world.run(asked->sync(ann, std::move(cursor))));
  }
  template <class Change>
  static std::size_t count(const SyncService::Answer& answer) {
    return static_cast<std::size_t>(std::ranges::count_if(
        answer.changes, [](const auto& each) { return std::holds_alternative<Change>(each); }));
  }

  ChatWorld world;
  domain::UserId ann = world.add_user("ann");
  domain::UserId bob = world.add_user("bob");
  domain::ChatId chat = world.add_direct(ann, bob);
  SyncService service = make({.margin = {}});
  SyncService* asked = &service;
};

TEST_F(SyncTest, WithoutACursorItIsWhereAllChatsStand) {
  ChatWorld::must(world.send(bob, chat, "a"));
  const auto answer = sync(std::nullopt);
  ASSERT_EQ(answer.chats.size(), 1U);
  EXPECT_EQ(answer.chats[0].last_rev, 1U);
  EXPECT_EQ(answer.chats[0].unread_count, 1U);
  EXPECT_TRUE(answer.changes.empty());
  EXPECT_FALSE(answer.has_more);
}

TEST_F(SyncTest, ACursorOfAnotherStoreIsRefused) {
  auto cursor = sync(std::nullopt).cursor;
  cursor.epoch = "another store 01";
  EXPECT_EQ(failure_of(world.run(service.sync(ann, cursor))), Errc::cursor_expired);
}

TEST_F(SyncTest, EachKindOfChangeIsTold) {
  const auto cursor = sync(std::nullopt).cursor;
  const auto first = ChatWorld::must(world.send(bob, chat, "a")).message_id;
  ChatWorld::must(run(world.memory.hide(ann, chat, first, world.clock.now())));
  ChatWorld::must(run(world.memory.update(ann, chat, {.draft = "x"}, world.clock.now())));
  ChatWorld::must(run(world.memory.put_contact(ann, bob, world.clock.now())));
  const auto fresh = world.add_group(bob, {ann});
  const auto answer = sync(cursor);
  EXPECT_EQ(answer.chats.size(), 2U);
  EXPECT_EQ(count<services::MessageHid>(answer), 1U);
  EXPECT_EQ(count<services::SettingsMoved>(answer), 1U);
  EXPECT_GE(count<services::StateMoved>(answer), 1U);
  const auto came = std::ranges::find_if(answer.changes, [&](const auto& each) {
    const auto* change = std::get_if<services::ChatCame>(&each);
    return change != nullptr && change->item.chat.id == fresh;
  });
  EXPECT_NE(came, answer.changes.end());
}

TEST_F(SyncTest, PagesGoOnWhereTheyEndedAndMissNothing) {
  std::set<domain::ChatId> all{chat};
  for (int i = 0; i < 6; ++i) {
    all.insert(world.add_direct(ann, world.add_user("peer" + std::to_string(i))));
  }
  auto of_small_pages = make({.chats_max = 2, .receipts_max = 1, .margin = {}});
  asked = &of_small_pages;
  std::set<domain::ChatId> met;
  std::optional<domain::ChatId> late;
  bool is_told = false;
  std::optional<SyncCursor> cursor;
  for (bool has_more = true; has_more;) {
    auto answer = sync(cursor);
    EXPECT_LE(answer.chats.size(), 2U);
    for (const auto& each : answer.chats) {
      is_told = is_told || each.chat_id == late;
      met.insert(each.chat_id);
    }
    has_more = answer.has_more;
    cursor = answer.cursor;
    if (late) continue;
    // One changes while the pages are read, later than they began.
    const auto before = ChatWorld::must(run(world.memory.store_time()));
    while (ChatWorld::must(run(world.memory.store_time())) == before) {
    }
    late = *met.begin();
    ChatWorld::must(world.send(ann, *late, "late"));
  }
  EXPECT_EQ(met, all);
  const auto next = sync(cursor);
  const auto again = std::ranges::find(next.chats, *late, &services::SyncedStanding::chat_id);
  EXPECT_TRUE(is_told || again != next.chats.end()) << "a page has it, or the next sync";
}

TEST_F(SyncTest, ThePresentCursorKnowsAllThatWas) {
  ChatWorld::must(world.send(bob, chat, "a"));
  // Later than the message, by the store's own time.
  const auto before = ChatWorld::must(run(world.memory.store_time()));
  while (ChatWorld::must(run(world.memory.store_time())) == before) {
  }
  const auto cursor = ChatWorld::must(world.run(service.present()));
  EXPECT_TRUE(sync(cursor).chats.empty());
  ChatWorld::must(world.send(bob, chat, "b"));
  EXPECT_EQ(sync(cursor).chats.size(), 1U);
}

TEST_F(SyncTest, VerifyNamesWhatDiffers) {
  const auto other = world.add_group(bob, {ann});
  ChatWorld::must(world.send(bob, chat, "a"));
  const auto strange = ports::random_id<domain::ChatId>(world.random);
  const auto same = ChatWorld::must(world.run(service.verify(ann, {{chat, 1}, {other, 1}})));
  EXPECT_TRUE(same.chats.empty() && same.not_there.empty());
  const auto verified = ChatWorld::must(world.run(service.verify(ann, {{chat, 0}, {strange, 1}})));
  ASSERT_EQ(verified.chats.size(), 2U);
  EXPECT_EQ(verified.not_there, (std::vector{strange}));
}

}  // namespace
}  // namespace knotos::test
