#include "contract/scene.hpp"

#include <gtest/gtest.h>

#include <algorithm>

// What the log of a chat holds beside messages and edits: reactions, pins, members, descriptions.
namespace knotos::contract {
namespace {

using domain::ChangeKind;
using domain::Role;
using ports::AppendStatus;

class GroupLogContract : public ContractTest {
 protected:
  domain::UserId ann_ = scene_.user("ann");
  domain::UserId bob_ = scene_.user("bob");
  domain::UserId cat_ = scene_.user("cat");
  domain::ChatId group_ = scene_.group({ann_, bob_});

  ports::AppendOutcome change(domain::MessageEntry entry) {
    return scene_.append(group_, entry.message.rev - 1, {std::move(entry)});
  }
  domain::MessageEntry system(const std::string& event) {
    return scene_.system_entry(scene_.load(group_), ann_, event);
  }
  ports::AppendOutcome join(domain::UserId user, domain::Seq visible_from_seq = 1) {
    auto entry = system("members_added");
    entry.memberships = {{.user_id = user,
                          .is_member = true,
                          .role = Role::member,
                          .is_join = true,
                          .visible_from_seq = visible_from_seq}};
    entry.patch.member_count = scene_.load(group_).chat.member_count + 1;
    return change(std::move(entry));
  }
  ports::AppendOutcome leave(domain::UserId user) {
    auto entry = system("member_left");
    entry.memberships = {{.user_id = user, .is_member = false, .role = Role::member}};
    entry.patch.member_count = scene_.load(group_).chat.member_count - 1;
    return change(std::move(entry));
  }
  ports::AppendOutcome react(domain::UserId user, const std::string& emoji, ChangeKind kind,
                             domain::Seq seq = 2) {
    const auto before = scene_.load(group_);
    auto entry = domain::ChangeEntry{.kind = kind,
                                     .actor_id = user,
                                     .after = scene_.message_at(group_, seq),
                                     .emoji = emoji,
                                     .created_at = scene_.next_time()};
    entry.after.rev = before.chat.last_rev + 1;
    entry.after.reactions = {{.emoji = emoji, .count = 7, .recent_user_ids = {user, ann_}},
                             {.emoji = "\xF0\x9F\x91\x8D", .count = 1, .recent_user_ids = {}}};
    return scene_.append(group_, before.chat.last_rev, {entry});
  }
  std::vector<domain::UserId> reactors(const std::string& emoji, std::size_t limit = 10) {
    const auto message = scene_.message_at(group_, 2).id;
    return world_->run(world_->messages().recent_reactors(group_, message, emoji, limit)).value();
  }
  ports::Roster roster() { return world_->run(world_->log().roster(group_)).value(); }
};

TEST_P(GroupLogContract, AJoinMakesAMemberWhoStandsAtIt) {
  ASSERT_EQ(scene_.send(group_, bob_, "k1").status, AppendStatus::appended);
  const auto outcome = join(cat_, 3);
  ASSERT_EQ(outcome.status, AppendStatus::appended);
  ASSERT_EQ(outcome.user_revs.size(), 1U);
  EXPECT_EQ(outcome.user_revs[0], std::pair(cat_, domain::UserRev{1}));
  world_->restart();
  const auto state = scene_.load_state(group_, cat_);
  EXPECT_TRUE(state.is_member);
  EXPECT_EQ(state.member_rev, 3U);
  EXPECT_EQ(state.visible_from_seq, 3U);
  EXPECT_EQ(state.last_read_seq, 3U);
  EXPECT_EQ(state.last_read_ordinal, 1U);
  EXPECT_EQ(state.last_delivered_seq, 3U);
  EXPECT_EQ(domain::unread_count(scene_.load(group_).chat, state), 0U);
  EXPECT_EQ(scene_.load(group_).chat.member_count, 3U);
  EXPECT_TRUE(world_->run(world_->chats().is_member(group_, cat_)).value());
}

TEST_P(GroupLogContract, ALeaveEndsTheMembershipAndKeepsTheState) {
  ASSERT_EQ(scene_.send(group_, bob_, "k1").status, AppendStatus::appended);
  ASSERT_TRUE(world_->run(world_->states().update(bob_, group_, {.is_pinned = true}, at(1))));
  ASSERT_EQ(leave(bob_).status, AppendStatus::appended);
  const auto state = scene_.load_state(group_, bob_);
  EXPECT_FALSE(state.is_member);
  EXPECT_EQ(state.own_count, 1U);
  EXPECT_FALSE(world_->run(world_->chats().is_member(group_, bob_)).value());
  EXPECT_FALSE(world_->run(world_->chats().item(bob_, group_)));
  EXPECT_TRUE(world_->run(world_->chats().chats_of(bob_))->empty());
  EXPECT_TRUE(world_->run(world_->chats().list({.user = bob_}))->items.empty());

  ASSERT_EQ(join(bob_).status, AppendStatus::appended);
  EXPECT_EQ(scene_.load_state(group_, bob_).own_count, 1U);
  EXPECT_FALSE(scene_.load_state(group_, bob_).is_pinned) << "its place may be taken by now";
  EXPECT_EQ(world_->run(world_->chats().chats_of(bob_))->size(), 1U);
}

TEST_P(GroupLogContract, TheRosterIsTheMembersOldestFirst) {
  ASSERT_EQ(join(cat_).status, AppendStatus::appended);
  ASSERT_EQ(leave(bob_).status, AppendStatus::appended);
  ASSERT_EQ(join(bob_).status, AppendStatus::appended);
  auto promotion = system("role_changed");
  promotion.memberships = {{.user_id = cat_, .is_member = true, .role = Role::admin}};
  ASSERT_EQ(change(promotion).status, AppendStatus::appended);
  const auto now = roster();
  EXPECT_EQ(now.chat, scene_.load(group_).chat);
  std::vector<std::pair<domain::UserId, Role>> members;
  for (const auto& member : now.members) members.emplace_back(member.user_id, member.role);
  EXPECT_EQ(members, (std::vector<std::pair<domain::UserId, Role>>{
                         {ann_, Role::owner}, {cat_, Role::admin}, {bob_, Role::member}}));
  EXPECT_EQ(now.members[1].joined_at, scene_.message_at(group_, 2).created_at);
  const auto unknown = world_->run(world_->log().roster(scene_.new_id<domain::ChatId>()));
  ASSERT_FALSE(unknown);
  EXPECT_EQ(unknown.error().code, Errc::not_found);
}

TEST_P(GroupLogContract, APatchChangesTheDocumentWithItsMessage) {
  const auto joined_at = scene_.load_state(group_, bob_).joined_at;
  auto entry = system("title_changed");
  entry.patch.title = "Another";
  entry.patch.owner_id = bob_;
  entry.patch.settings =
      domain::ChatSettings{.history_visibility = domain::HistoryVisibility::since_join};
  entry.memberships = {{.user_id = ann_, .is_member = true, .role = Role::admin},
                       {.user_id = bob_, .is_member = true, .role = Role::owner}};
  const auto outcome = change(entry);
  ASSERT_EQ(outcome.status, AppendStatus::appended);
  EXPECT_EQ(outcome.user_revs.size(), 2U);
  world_->restart();
  const auto chat = scene_.load(group_).chat;
  EXPECT_EQ(chat.title, "Another");
  EXPECT_EQ(chat.owner_id, bob_);
  EXPECT_EQ(chat.settings.history_visibility, domain::HistoryVisibility::since_join);
  EXPECT_EQ(scene_.load_state(group_, bob_).role, Role::owner);
  EXPECT_EQ(scene_.load_state(group_, bob_).joined_at, joined_at) << "a role is no join";
}

TEST_P(GroupLogContract, WhatIsRefusedChangesNoMember) {
  const auto before = scene_.load_state(group_, bob_);
  auto entry = system("member_left");
  entry.memberships = {{.user_id = bob_, .is_member = false, .role = Role::member}};
  EXPECT_EQ(scene_.append(group_, 7, {entry}).status, AppendStatus::place_taken);
  EXPECT_EQ(scene_.load_state(group_, bob_), before);
}

TEST_P(GroupLogContract, WhereAUserStandsComesWithTheirChats) {
  ASSERT_EQ(scene_.send(group_, ann_, "k1").status, AppendStatus::appended);
  ASSERT_EQ(join(cat_, 3).status, AppendStatus::appended);
  const auto chats = world_->run(world_->chats().chats_of(cat_)).value();
  ASSERT_EQ(chats.size(), 1U);
  EXPECT_EQ(chats[0].last_rev, 3U);
  EXPECT_EQ(chats[0].member_rev, 3U);
  EXPECT_EQ(chats[0].visibility.first_seq, 3U);
}

TEST_P(GroupLogContract, ADirectChatNamesItsTwo) {
  const auto direct = scene_.direct(ann_, cat_);
  auto pair = scene_.load(direct).pair;
  std::ranges::sort(pair);
  auto both = std::vector{ann_, cat_};
  std::ranges::sort(both);
  EXPECT_EQ(pair, both);
  EXPECT_TRUE(scene_.load(group_).pair.empty());
}

TEST_P(GroupLogContract, ReactionsComeAndGoWithTheirEntries) {
  ASSERT_EQ(scene_.send(group_, ann_, "k1").status, AppendStatus::appended);
  ASSERT_EQ(react(bob_, "+1", ChangeKind::react).status, AppendStatus::appended);
  ASSERT_EQ(react(ann_, "+1", ChangeKind::react).status, AppendStatus::appended);
  ASSERT_EQ(react(ann_, "heart", ChangeKind::react).status, AppendStatus::appended);
  world_->restart();
  const auto message = scene_.message_at(group_, 2);
  EXPECT_EQ(message.reactions.size(), 2U);
  EXPECT_EQ(message.reactions[0].recent_user_ids, std::vector<domain::UserId>(2, ann_));
  EXPECT_EQ(message.rev, 5U);
  EXPECT_EQ(reactors("+1"), (std::vector{ann_, bob_}));
  EXPECT_EQ(reactors("+1", 1), std::vector{ann_});
  EXPECT_TRUE(world_->run(world_->messages().has_reaction(group_, message.id, bob_, "+1")).value());
  ASSERT_EQ(react(bob_, "+1", ChangeKind::unreact).status, AppendStatus::appended);
  EXPECT_FALSE(
      world_->run(world_->messages().has_reaction(group_, message.id, bob_, "+1")).value());
  EXPECT_EQ(reactors("+1"), std::vector{ann_});
  ASSERT_EQ(scene_.erase(group_, 2).status, AppendStatus::appended);
  EXPECT_TRUE(reactors("+1").empty());
}

TEST_P(GroupLogContract, WhoReactedComesInPagesOldestFirst) {
  ASSERT_EQ(scene_.send(group_, ann_, "k1").status, AppendStatus::appended);
  for (const auto& emoji : {"a", "b", "c", "d", "e"}) {
    ASSERT_EQ(react(bob_, emoji, ChangeKind::react).status, AppendStatus::appended);
  }
  const auto message = scene_.message_at(group_, 2).id;
  std::vector<std::string> seen;
  std::optional<ports::ReactionPosition> after;
  while (true) {
    const auto page = world_->run(world_->messages().reactions(group_, message, after, 2)).value();
    for (const auto& reaction : page.reactions) seen.push_back(reaction.emoji);
    if (!page.has_more) break;
    const auto& last = page.reactions.back();
    after = {.created_at = last.created_at, .user_id = last.user_id, .emoji = last.emoji};
  }
  EXPECT_EQ(seen, (std::vector<std::string>{"a", "b", "c", "d", "e"}));
}

TEST_P(GroupLogContract, APinIsOnTheMessageAndOnTheChat) {
  ASSERT_EQ(scene_.send(group_, ann_, "k1").status, AppendStatus::appended);
  const auto pin = [&](bool is_pinned) {
    const auto before = scene_.load(group_);
    domain::ChangeEntry entry{.kind = is_pinned ? ChangeKind::pin : ChangeKind::unpin,
                              .actor_id = ann_,
                              .after = scene_.message_at(group_, 2),
                              .emoji = {},
                              .created_at = scene_.next_time()};
    entry.after.rev = before.chat.last_rev + 1;
    entry.after.is_pinned = is_pinned;
    return scene_.append(group_, before.chat.last_rev, {entry}).status;
  };
  ASSERT_EQ(pin(true), AppendStatus::appended);
  world_->restart();
  const auto message = scene_.message_at(group_, 2);
  EXPECT_TRUE(message.is_pinned);
  EXPECT_EQ(scene_.load(group_).chat.pinned_message_ids, std::vector{message.id});
  ASSERT_EQ(pin(false), AppendStatus::appended);
  EXPECT_FALSE(scene_.message_at(group_, 2).is_pinned);
  EXPECT_TRUE(scene_.load(group_).chat.pinned_message_ids.empty());
}

INSTANTIATE_TEST_SUITE_P(Adapters, GroupLogContract, testing::ValuesIn(all_adapters()),
                         name_of_adapter);

}  // namespace
}  // namespace knotos::contract
