#include "support/chat_world.hpp"

#include <gtest/gtest.h>

#include <algorithm>

// Groups: who may do what, and what the log, the members and the bus say of it afterwards.
namespace knotos::services {
namespace {

using domain::Role;
using test::failure_of;

class GroupTest : public ::testing::Test {
 protected:
  test::ChatWorld world;
  domain::UserId ann = world.add_user("ann");
  domain::UserId bob = world.add_user("bob");
  domain::UserId cat = world.add_user("cat");
  domain::UserId dan = world.add_user("dan");
  domain::ChatId chat = world.add_group(ann, {bob, cat});
  MemberService& members = world.process.members;

  [[nodiscard]] domain::Message last() { return world.messages_of(chat).back(); }
  [[nodiscard]] domain::Rev rev() { return world.chat(chat).last_rev; }

  void make_admin(domain::UserId user) {
    ASSERT_TRUE(world.run(members.set_role(ann, chat, user, Role::admin)));
  }
  template <class T>
  [[nodiscard]] std::optional<Errc> failure(Task<Result<T>> task) {
    return failure_of(world.run(std::move(task)));
  }
  /// Nothing was written by what `act` does.
  template <class Act>
  void expect_nothing(Act act) {
    const auto before = rev();
    act();
    EXPECT_EQ(rev(), before);
  }
};

TEST_F(GroupTest, AnAdditionIsOneSystemMessageAndItsMembersStandAtIt) {
  const auto item = world.run(members.add(ann, chat, {dan, bob, dan}));
  ASSERT_TRUE(item);
  EXPECT_EQ(item->chat.member_count, 4U);
  const auto message = last();
  EXPECT_EQ(message.type, domain::MessageType::system);
  EXPECT_EQ(message.sender_id, ann);
  EXPECT_EQ(message.system_event->event, domain::kMembersAdded);
  EXPECT_EQ(message.system_event->user_ids, std::vector{dan});
  EXPECT_EQ(message.rev, 2U);
  const auto state = world.state(chat, dan);
  EXPECT_TRUE(state.is_member);
  EXPECT_EQ(state.member_rev, 2U);
  EXPECT_EQ(state.last_read_seq, message.seq);
  EXPECT_EQ(state.last_delivered_seq, message.seq);
  EXPECT_EQ(domain::unread_count(world.chat(chat), state), 0U);

  const auto changed = world.process.bus.all<ports::ChatChanged>().back();
  ASSERT_EQ(changed.moved.size(), 1U);
  EXPECT_EQ(changed.moved[0].user_id, dan);
  const auto added = world.process.bus.all<ports::ChatAdded>().back();
  EXPECT_EQ(added.user_id, dan);
  EXPECT_EQ(added.known_rev, 1U);
  EXPECT_GT(added.user_rev, 0U);
}

TEST_F(GroupTest, WhoIsThereAlreadyIsNoChange) {
  expect_nothing([&] { EXPECT_TRUE(world.run(members.add(ann, chat, {bob, cat}))); });
  expect_nothing([&] { EXPECT_TRUE(world.run(members.remove(ann, chat, dan))); });
  expect_nothing([&] { EXPECT_TRUE(world.run(members.set_role(ann, chat, bob, Role::member))); });
  expect_nothing([&] { EXPECT_TRUE(world.run(members.hand_over(ann, chat, ann))); });
  expect_nothing([&] {
    EXPECT_TRUE(
        world.run(members.describe(ann, chat, {.title = "Group", .history_visibility = {}})));
  });
}

TEST_F(GroupTest, MembersLeadNobody) {
  expect_nothing([&] {
    EXPECT_EQ(failure(members.add(bob, chat, {dan})), Errc::forbidden);
    EXPECT_EQ(failure(members.remove(bob, chat, cat)), Errc::forbidden);
    EXPECT_EQ(failure(members.set_role(bob, chat, cat, Role::admin)), Errc::forbidden);
    EXPECT_EQ(failure(members.hand_over(bob, chat, bob)), Errc::forbidden);
    EXPECT_EQ(failure(members.describe(bob, chat, {.title = "x", .history_visibility = {}})),
              Errc::forbidden);
    EXPECT_EQ(failure(members.end(bob, chat)), Errc::forbidden);
    EXPECT_EQ(failure(members.invites(bob, chat)), Errc::forbidden);
    EXPECT_EQ(failure(members.make_invite(bob, chat, {})), Errc::forbidden);
    EXPECT_EQ(failure(members.remove_invite(bob, chat, "code")), Errc::forbidden);
  });
}

TEST_F(GroupTest, OutsidersAreToldThatThereIsNoSuchChat) {
  expect_nothing([&] {
    EXPECT_EQ(failure(members.add(dan, chat, {dan})), Errc::not_found);
    EXPECT_EQ(failure(members.remove(dan, chat, dan)), Errc::not_found);
    EXPECT_EQ(failure(members.leave(dan, chat)), Errc::not_found);
    EXPECT_EQ(failure(members.set_role(dan, chat, bob, Role::admin)), Errc::not_found);
    EXPECT_EQ(failure(members.end(dan, chat)), Errc::not_found);
    EXPECT_EQ(failure(members.drop(dan, chat)), Errc::not_found);
    EXPECT_EQ(failure(members.make_invite(dan, chat, {})), Errc::not_found);
  });
}

TEST_F(GroupTest, NobodyActsOnAnEqualOrHigherRole) {
  make_admin(bob);
  make_admin(cat);
  expect_nothing([&] {
    EXPECT_EQ(failure(members.remove(bob, chat, cat)), Errc::forbidden);
    EXPECT_EQ(failure(members.remove(bob, chat, ann)), Errc::forbidden);
    EXPECT_EQ(failure(members.set_role(ann, chat, ann, Role::member)), Errc::forbidden);
    EXPECT_EQ(failure(members.set_role(ann, chat, bob, Role::owner)), Errc::validation_failed);
  });
  EXPECT_TRUE(world.run(members.remove(ann, chat, cat)));
  EXPECT_FALSE(world.state(chat, cat).is_member);
}

TEST_F(GroupTest, TheRemovedPostNoMoreAndMayComeBack) {
  ASSERT_TRUE(world.send(bob, chat, "k1"));
  ASSERT_TRUE(world.run(members.remove(ann, chat, bob)));
  EXPECT_EQ(last().system_event->event, domain::kMemberRemoved);
  EXPECT_EQ(failure_of(world.send(bob, chat, "k2")), Errc::not_found);
  EXPECT_EQ(world.chat(chat).member_count, 2U);
  const auto moved = world.process.bus.all<ports::ChatChanged>().back().moved;
  ASSERT_EQ(moved.size(), 1U);
  EXPECT_FALSE(moved[0].is_member);
  EXPECT_GT(moved[0].user_rev, 0U);

  ASSERT_TRUE(world.run(members.add(ann, chat, {bob})));
  ASSERT_TRUE(world.send(bob, chat, "k2"));
  EXPECT_EQ(last().sender_ordinal, 2U);
}

TEST_F(GroupTest, AnOwnerWhoLeavesHandsOverToTheOldestAdminElseMember) {
  make_admin(cat);
  ASSERT_TRUE(world.run(members.leave(ann, chat)));
  EXPECT_EQ(last().system_event->event, domain::kMemberLeft);
  EXPECT_EQ(last().system_event->new_owner_id, cat);
  EXPECT_EQ(world.chat(chat).owner_id, cat);
  EXPECT_EQ(world.state(chat, cat).role, Role::owner);
  EXPECT_FALSE(world.state(chat, ann).is_member);

  ASSERT_TRUE(world.run(members.leave(cat, chat)));
  EXPECT_EQ(world.state(chat, bob).role, Role::owner) << "no admin is left";
  ASSERT_TRUE(world.run(members.leave(bob, chat)));
  EXPECT_EQ(world.chat(chat).member_count, 0U);
}

TEST_F(GroupTest, TheOwnerHandsOverAndStaysAsAnAdmin) {
  ASSERT_TRUE(world.run(members.hand_over(ann, chat, bob)));
  EXPECT_EQ(world.chat(chat).owner_id, bob);
  EXPECT_EQ(world.state(chat, ann).role, Role::admin);
  EXPECT_EQ(world.state(chat, bob).role, Role::owner);
  EXPECT_EQ(failure(members.hand_over(bob, chat, dan)), Errc::validation_failed);
  // Both learn on all their devices how they stand now.
  test::run_ready(world.io);
  EXPECT_EQ(world.process.bus.all<ports::ChatStateChanged>().size(), 2U);
}

TEST_F(GroupTest, TitleAndSettingsAreOneSystemMessage) {
  const auto item = world.run(members.describe(
      ann, chat, {.title = "New", .history_visibility = domain::HistoryVisibility::since_join}));
  ASSERT_TRUE(item);
  EXPECT_EQ(item->chat.title, "New");
  EXPECT_EQ(item->chat.settings.history_visibility, domain::HistoryVisibility::since_join);
  EXPECT_EQ(last().system_event->event, domain::kTitleChanged);
  EXPECT_EQ(last().system_event->title, "New");
  EXPECT_EQ(rev(), 2U);
}

TEST_F(GroupTest, WhereThePastIsKeptNewcomersSeeStubsOfIt) {
  const auto old = world.send(ann, chat, "k1", "of old");
  ASSERT_TRUE(world.run(members.describe(
      ann, chat, {.title = {}, .history_visibility = domain::HistoryVisibility::since_join})));
  ASSERT_TRUE(world.run(members.add(ann, chat, {dan})));
  const auto join = last();
  auto& messages = world.process.messages;
  auto draft = test::draft_of("k2", "an answer");
  draft.reply_to = old->message_id;
  ASSERT_TRUE(world.run(messages.send(ann, chat, draft)));

  const auto history = world.run(messages.history(dan, chat, {.limit = 100}));
  ASSERT_TRUE(history);
  ASSERT_EQ(history->messages.size(), 2U);
  EXPECT_EQ(history->messages[0].seq, join.seq);
  EXPECT_FALSE(history->has_older);
  EXPECT_EQ(history->messages[1].reply_to->preview, "");
  EXPECT_EQ(failure(messages.get(dan, chat, old->message_id)), Errc::not_found);
  EXPECT_EQ(failure(messages.reactions(dan, chat, old->message_id, {}, 10)), Errc::not_found);

  const auto changes = world.run(messages.changes(dan, chat, 0, 100));
  ASSERT_TRUE(changes);
  ASSERT_EQ(changes->messages.size(), world.chat(chat).last_seq);
  EXPECT_TRUE(changes->messages[1].is_stub);
  EXPECT_EQ(changes->messages[1].content, "");
  EXPECT_EQ(changes->messages[1].sender_id, domain::UserId());
  EXPECT_FALSE(changes->messages[3].is_stub);
  // To the others it is all there.
  EXPECT_EQ(world.run(messages.history(bob, chat, {.limit = 100}))->messages.size(), 5U);
}

TEST_F(GroupTest, AGroupThatEndsIsOverForEverybody) {
  ASSERT_TRUE(world.run(members.end(ann, chat)));
  EXPECT_EQ(last().system_event->event, domain::kGroupEnded);
  for (const auto user : {ann, bob, cat}) {
    EXPECT_FALSE(world.state(chat, user).is_member);
    EXPECT_EQ(failure_of(world.send(user, chat, "k1")), Errc::not_found);
  }
  EXPECT_EQ(world.process.bus.all<ports::ChatChanged>().back().moved.size(), 3U);
}

TEST_F(GroupTest, UnknownUsersAreNamedByTheirPlace) {
  const auto nobody = ports::random_id<domain::UserId>(world.random);
  const auto refused = world.run(members.add(ann, chat, {bob, nobody, dan}));
  ASSERT_EQ(failure_of(refused), Errc::validation_failed);
  ASSERT_EQ(refused.error().fields.size(), 1U);
  EXPECT_EQ(refused.error().fields[0].pointer, "/memberIds/1");
  EXPECT_EQ(failure(members.add(ann, chat, {})), Errc::validation_failed);
  EXPECT_FALSE(*world.run(world.memory.is_member(chat, dan)));
}

TEST_F(GroupTest, WhoBlocksOrKeepsOutIsNotAdded) {
  ASSERT_TRUE(world.run(world.memory.put_block(dan, ann, world.clock.now())));
  expect_nothing(
      [&] { EXPECT_EQ(failure(members.add(ann, chat, {dan})), Errc::cannot_contact_user); });
  ASSERT_TRUE(world.run(world.memory.remove_block(dan, ann)));
  ASSERT_TRUE(
      world.run(world.memory.update_privacy(dan, {.group_invites = domain::Audience::contacts})));
  EXPECT_EQ(failure(members.add(ann, chat, {dan})), Errc::cannot_contact_user);
  ASSERT_TRUE(world.run(world.memory.put_contact(dan, ann, world.clock.now())));
  EXPECT_TRUE(world.run(members.add(ann, chat, {dan})));
}

TEST_F(GroupTest, ADirectAndASavedChatHaveNoMembersToChange) {
  const auto direct = world.add_direct(ann, bob);
  EXPECT_EQ(failure(members.add(ann, direct, {cat})), Errc::forbidden);
  EXPECT_EQ(failure(members.leave(ann, direct)), Errc::forbidden);
  EXPECT_EQ(failure(members.end(ann, direct)), Errc::forbidden);
  EXPECT_EQ(failure(members.make_invite(ann, direct, {})), Errc::forbidden);
}

TEST_F(GroupTest, AnInviteLetsInUntilItIsUsedUpOrExpires) {
  const auto invite = world.run(
      members.make_invite(ann, chat, {.expires_in = std::chrono::hours(1), .uses_max = 1}));
  ASSERT_TRUE(invite);
  // Who is there already uses up nothing.
  expect_nothing([&] { EXPECT_TRUE(world.run(members.join(bob, invite->code))); });
  const auto joined = world.run(members.join(dan, invite->code));
  ASSERT_TRUE(joined);
  EXPECT_EQ(joined->chat.id, chat);
  EXPECT_EQ(last().system_event->event, domain::kMemberJoined);
  EXPECT_EQ(last().sender_id, dan);
  const auto eve = world.add_user("eve");
  EXPECT_EQ(failure(members.join(eve, invite->code)), Errc::not_found);
  EXPECT_EQ(failure(members.join(eve, "no-such-code")), Errc::not_found);

  const auto timed =
      world.run(members.make_invite(ann, chat, {.expires_in = std::chrono::hours(1)}));
  world.clock.advance(std::chrono::hours(2));
  EXPECT_EQ(failure(members.join(eve, timed->code)), Errc::not_found);
}

TEST_F(GroupTest, InvitesAreListedAndRemovedByThoseWhoLead) {
  make_admin(bob);
  const auto one = world.run(members.make_invite(ann, chat, {}));
  world.clock.advance(std::chrono::seconds(1));
  const auto other = world.run(members.make_invite(bob, chat, {}));
  EXPECT_EQ(world.run(members.invites(bob, chat)).value(), (std::vector{*other, *one}));
  ASSERT_TRUE(world.run(members.remove_invite(ann, chat, other->code)));
  EXPECT_TRUE(world.run(members.remove_invite(ann, chat, other->code))) << "gone already";
  EXPECT_EQ(world.run(members.invites(bob, chat)).value(), std::vector{*one});
  EXPECT_EQ(failure(members.join(dan, other->code)), Errc::not_found);
}

TEST_F(GroupTest, DeadInvitesMakeRoomForLivingOnes) {
  for (int i = 0; i < 50; ++i) {
    ASSERT_TRUE(world.run(
        members.make_invite(ann, chat, {.expires_in = std::chrono::minutes(i < 2 ? 1 : 60)})));
  }
  EXPECT_EQ(failure(members.make_invite(ann, chat, {})), Errc::conflict);
  world.clock.advance(std::chrono::minutes(2));
  EXPECT_TRUE(world.run(members.make_invite(ann, chat, {})));
  EXPECT_EQ(world.run(members.invites(ann, chat))->size(), 49U);
}

TEST_F(GroupTest, AnInviteToAGroupThatIsOverLeadsNowhere) {
  const auto invite = world.run(members.make_invite(ann, chat, {.uses_max = 5}));
  ASSERT_TRUE(world.run(members.end(ann, chat)));
  EXPECT_EQ(failure(members.join(dan, invite->code)), Errc::not_found);
  EXPECT_EQ(world.run(world.memory.find_invite(invite->code))->uses, 0U) << "given back";
}

TEST_F(GroupTest, AStoreThatDoesNotSayWhatItDidIsAskedAgain) {
  world.memory.fail_next(ports::AppendStatus::unknown, adapters::memory::UnknownFate::written);
  EXPECT_TRUE(world.run(members.add(ann, chat, {dan})));
  world.memory.fail_next(ports::AppendStatus::unknown);
  EXPECT_EQ(failure(members.remove(ann, chat, dan)), Errc::store_unavailable);
  EXPECT_TRUE(world.state(chat, dan).is_member);
  world.memory.fail_next(ports::AppendStatus::unavailable);
  EXPECT_EQ(failure(members.remove(ann, chat, dan)), Errc::store_unavailable);
  world.memory.fail_next(ports::AppendStatus::place_taken);
  EXPECT_TRUE(world.run(members.remove(ann, chat, dan)));
  EXPECT_EQ(world.process.messages.writes_in_flight(), 0U);
}

TEST(GroupLimitTest, AGroupHoldsSoManyAndNoMore) {
  auto limits = test::without_rate();
  limits.group_members_max = 3;
  test::ChatWorld world(1, limits);
  const auto ann = world.add_user("ann");
  const auto bob = world.add_user("bob");
  const auto cat = world.add_user("cat");
  const auto dan = world.add_user("dan");
  const auto chat = world.add_group(ann, {bob});
  auto& members = world.process.members;
  const auto invite = world.run(members.make_invite(ann, chat, {.uses_max = 5}));
  EXPECT_EQ(failure_of(world.run(members.add(ann, chat, {cat, dan}))), Errc::validation_failed);
  EXPECT_TRUE(world.run(members.add(ann, chat, {cat})));
  EXPECT_EQ(failure_of(world.run(members.join(dan, invite->code))), Errc::conflict);
  EXPECT_EQ(world.run(world.memory.find_invite(invite->code))->uses, 0U);
  EXPECT_EQ(world.chat(chat).member_count, 3U);
}

}  // namespace
}  // namespace knotos::services
