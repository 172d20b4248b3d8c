#include "contract/scene.hpp"

#include <gtest/gtest.h>

#include <set>

namespace knotos::contract {
namespace {

class ChatStoreContract : public ContractTest {
 protected:
  ports::ChatListPage list(domain::UserId user, std::size_t limit = 100,
                           std::optional<ports::ChatListPosition> after = std::nullopt,
                           ports::ChatFilter filter = ports::ChatFilter::all) {
    auto page = world_->run(world_->chats().list(
        {.user = user, .filter = filter, .after = after, .limit = limit, .now = at(1'000'000)}));
    EXPECT_TRUE(page);
    return page ? std::move(*page) : ports::ChatListPage{};
  }

  static ports::ChatListPosition position(const domain::ChatListItem& item) {
    return {.is_pinned = item.state.is_pinned,
            .pin_order = item.state.pin_order,
            .updated_at = item.chat.updated_at,
            .chat_id = item.chat.id};
  }

  static std::vector<domain::ChatId> ids(const ports::ChatListPage& page) {
    std::vector<domain::ChatId> out;
    for (const auto& item : page.items) out.push_back(item.chat.id);
    return out;
  }

  domain::UserId ann_ = scene_.user("ann");
  domain::UserId bob_ = scene_.user("bob");
};

TEST_P(ChatStoreContract, CreatingTwiceIsCreatingOnce) {
  const auto chat = scene_.new_direct(ann_, bob_);
  const auto first = world_->run(world_->chats().create(chat));
  ASSERT_TRUE(first);
  EXPECT_TRUE(first->is_new);
  ASSERT_EQ(first->user_revs.size(), 2U);
  EXPECT_EQ(first->user_revs[0].second, 1U);
  const auto again = world_->run(world_->chats().create(chat));
  ASSERT_TRUE(again);
  EXPECT_FALSE(again->is_new);
  EXPECT_EQ(again->chat, first->chat);
  EXPECT_TRUE(again->user_revs.empty());
}

TEST_P(ChatStoreContract, OfCreationsAtOnceOneIsNew) {
  const auto chat = scene_.new_direct(ann_, bob_);
  std::vector<Task<Result<ports::CreatedChat>>> tasks;
  for (int i = 0; i < 10; ++i) tasks.push_back(world_->chats().create(chat));
  int fresh = 0;
  for (const auto& created : world_->run_all(std::move(tasks))) {
    ASSERT_TRUE(created);
    fresh += created->is_new ? 1 : 0;
  }
  EXPECT_EQ(fresh, 1);
}

TEST_P(ChatStoreContract, AnUnknownMemberUndoesAll) {
  auto chat = scene_.new_group({ann_, bob_, scene_.new_id<domain::UserId>()});
  const auto created = world_->run(world_->chats().create(chat));
  ASSERT_FALSE(created);
  EXPECT_EQ(created.error().code, Errc::not_found);
  EXPECT_TRUE(list(ann_).items.empty());
  chat.members.pop_back();
  const auto second = world_->run(world_->chats().create(chat));
  ASSERT_TRUE(second && second->is_new);
  EXPECT_EQ(second->user_revs[0].second, 1U) << "the failed one raised nothing";
}

TEST_P(ChatStoreContract, AGroupBeginsWithItsFirstEntry) {
  const auto group = scene_.group({ann_, bob_});
  const auto loaded = scene_.load(group, {ann_, bob_});
  EXPECT_EQ(loaded.chat.last_rev, 1U);
  EXPECT_EQ(loaded.chat.last_seq, 1U);
  EXPECT_EQ(loaded.chat.title, "A group");
  EXPECT_EQ(loaded.chat.owner_id, ann_);
  EXPECT_TRUE(loaded.chat.request_hash);
  EXPECT_EQ(loaded.states[0].role, domain::Role::owner);
  EXPECT_EQ(scene_.all_messages(group).size(), 1U);
  world_->restart();
  EXPECT_EQ(scene_.load(group, {ann_, bob_}).chat, loaded.chat);
}

TEST_P(ChatStoreContract, TheListIsNewestFirstAndPagesDoNotMove) {
  std::vector<domain::ChatId> chats;
  for (int i = 0; i < 7; ++i)
    chats.push_back(scene_.direct(ann_, scene_.user("peer" + std::to_string(i))));
  ASSERT_EQ(scene_.send(chats[2], ann_, "k").status, ports::AppendStatus::appended);
  const std::vector<domain::ChatId> expected{chats[2], chats[6], chats[5], chats[4],
                                             chats[3], chats[1], chats[0]};
  EXPECT_EQ(ids(list(ann_)), expected);

  const auto first = list(ann_, 3);
  EXPECT_TRUE(first.has_more);
  // A chat that comes, and one that rises, between two pages.
  const auto fresh = scene_.direct(ann_, scene_.user("late"));
  ASSERT_EQ(scene_.send(chats[4], ann_, "k").status, ports::AppendStatus::appended);
  const auto second = list(ann_, 3, position(first.items.back()));
  EXPECT_EQ(ids(second), (std::vector<domain::ChatId>{chats[4 - 1], chats[1], chats[0]}));
  EXPECT_FALSE(second.has_more);
  EXPECT_EQ(ids(list(ann_, 2)), (std::vector<domain::ChatId>{chats[4], fresh}));
}

TEST_P(ChatStoreContract, PagesOfEveryWidthAddUpToTheWhole) {
  std::set<domain::ChatId> all;
  for (int i = 0; i < 9; ++i) {
    auto chat = scene_.new_direct(ann_, scene_.user("peer" + std::to_string(i)));
    chat.chat.updated_at = at(i / 3);  // Ties, which the id decides.
    if (i % 4 == 0) {
      chat.members[0].is_pinned = true;
      chat.members[0].pin_order = static_cast<std::uint32_t>(i / 8);
    }
    all.insert(scene_.create(std::move(chat)));
  }
  const auto whole = ids(list(ann_));
  ASSERT_EQ(whole.size(), 9U);
  for (std::size_t width = 1; width <= 9; ++width) {
    std::vector<domain::ChatId> joined;
    std::optional<ports::ChatListPosition> after;
    for (bool has_more = true; has_more;) {
      const auto page = list(ann_, width, after);
      for (const auto& item : page.items) joined.push_back(item.chat.id);
      ASSERT_FALSE(page.items.empty());
      after = position(page.items.back());
      has_more = page.has_more;
    }
    EXPECT_EQ(joined, whole) << "pages of " << width;
  }
}

TEST_P(ChatStoreContract, PinnedComeFirstAndArchivedStayAway) {
  const auto make = [&](const std::string& name, auto change) {
    auto chat = scene_.new_direct(ann_, scene_.user(name));
    change(chat.members[0]);
    return scene_.create(std::move(chat));
  };
  const auto pinned_second = make("a1", [](auto& state) {
    state.is_pinned = true;
    state.pin_order = 2;
  });
  const auto pinned_first = make("a2", [](auto& state) {
    state.is_pinned = true;
    state.pin_order = 1;
  });
  const auto archived = make("a3", [](auto& state) { state.is_archived = true; });
  const auto muted = make("a4", [](auto& state) {
    state.is_archived = true;
    state.muted_until = at(2'000'000);
  });
  const auto plain = make("a5", [](auto&) {});
  EXPECT_EQ(ids(list(ann_)), (std::vector<domain::ChatId>{pinned_first, pinned_second, plain}));
  EXPECT_EQ(ids(list(ann_, 9, {}, ports::ChatFilter::archived)),
            (std::vector<domain::ChatId>{muted, archived}));

  // A message brings an archived chat back, unless it is muted.
  for (const auto& chat : {archived, muted}) {
    const auto peer = scene_.load(chat).chat.last_seq == 0
                          ? world_->run(world_->chats().item(ann_, chat))->people[0].id
                          : domain::UserId();
    ASSERT_EQ(scene_.send(chat, peer, "k").status, ports::AppendStatus::appended);
  }
  EXPECT_EQ(ids(list(ann_)),
            (std::vector<domain::ChatId>{pinned_first, pinned_second, archived, plain}));
  EXPECT_EQ(ids(list(ann_, 9, {}, ports::ChatFilter::archived)),
            (std::vector<domain::ChatId>{muted}));
  EXPECT_EQ(ids(list(ann_, 9, {}, ports::ChatFilter::unread)),
            (std::vector<domain::ChatId>{archived}));
}

TEST_P(ChatStoreContract, AnItemShowsThePeerOrTheFirstMembers) {
  const auto direct = scene_.direct(ann_, bob_);
  const auto of_ann = world_->run(world_->chats().item(ann_, direct));
  ASSERT_TRUE(of_ann);
  ASSERT_EQ(of_ann->people.size(), 1U);
  EXPECT_EQ(of_ann->people[0].username, "bob");
  EXPECT_EQ(world_->run(world_->chats().item(bob_, direct))->people[0].username, "ann");

  std::vector<domain::UserId> members{ann_, bob_};
  for (int i = 0; i < 6; ++i) members.push_back(scene_.user("more" + std::to_string(i)));
  const auto group = scene_.group(members);
  const auto item = world_->run(world_->chats().item(bob_, group));
  ASSERT_TRUE(item);
  ASSERT_EQ(item->people.size(), domain::kListPeopleMax);
  EXPECT_EQ(item->people[0].username, "ann");
  EXPECT_EQ(item->people[1].username, "bob");
  EXPECT_EQ(item->chat.member_count, 8U);
  EXPECT_EQ(list(bob_).items[0].people, item->people);
}

TEST_P(ChatStoreContract, ASavedChatHasItsUserForAMember) {
  auto saved = scene_.new_direct(ann_, bob_);
  saved.chat.id = domain::saved_chat_id(ann_);
  saved.chat.type = domain::ChatType::saved;
  saved.chat.member_count = 1;
  saved.members.pop_back();
  saved.members.front().chat_id = saved.chat.id;
  const auto chat = scene_.create(std::move(saved));
  const auto item = world_->run(world_->chats().item(ann_, chat));
  ASSERT_TRUE(item);
  ASSERT_EQ(item->people.size(), 1U);
  EXPECT_EQ(item->people[0].id, ann_);
}

TEST_P(ChatStoreContract, OutsidersSeeNothing) {
  const auto direct = scene_.direct(ann_, bob_);
  const auto cat = scene_.user("cat");
  const auto item = world_->run(world_->chats().item(cat, direct));
  ASSERT_FALSE(item);
  EXPECT_EQ(item.error().code, Errc::not_found);
  EXPECT_FALSE(*world_->run(world_->chats().is_member(direct, cat)));
  EXPECT_TRUE(*world_->run(world_->chats().is_member(direct, ann_)));
  EXPECT_FALSE(*world_->run(world_->chats().is_member(scene_.new_id<domain::ChatId>(), ann_)));
  EXPECT_TRUE(list(cat).items.empty());
}

TEST_P(ChatStoreContract, StandingsAreWhereChatsStand) {
  const auto direct = scene_.direct(ann_, bob_);
  const auto group = scene_.group({ann_, bob_});
  ASSERT_EQ(scene_.send(group, ann_, "k").status, ports::AppendStatus::appended);
  const auto of_ann = world_->run(world_->chats().chats_of(ann_));
  ASSERT_TRUE(of_ann);
  const auto asked =
      world_->run(world_->chats().standings({direct, group, scene_.new_id<domain::ChatId>()}));
  ASSERT_TRUE(asked);
  for (const auto* standings : {&*of_ann, &*asked}) {
    std::map<domain::ChatId, domain::Rev> revs;
    for (const auto& standing : *standings) revs[standing.chat_id] = standing.last_rev;
    EXPECT_EQ(revs, (std::map<domain::ChatId, domain::Rev>{{direct, 0}, {group, 2}}));
  }
  EXPECT_TRUE(world_->run(world_->chats().standings({}))->empty());
}

INSTANTIATE_TEST_SUITE_P(Adapters, ChatStoreContract, testing::ValuesIn(all_adapters()),
                         name_of_adapter);

}  // namespace
}  // namespace knotos::contract
