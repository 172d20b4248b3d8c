#include "services/people_service.hpp"

#include "support/chat_world.hpp"

#include <gtest/gtest.h>

namespace knotos::test {
namespace {

using domain::Audience;

class PeopleTest : public testing::Test {
 protected:
  bool shows_last_seen(domain::UserId viewer, domain::UserId user) {
    return ChatWorld::must(world.run(people.user(viewer, user))).last_seen_at.has_value();
  }
  void set_privacy(domain::UserId user, Audience last_seen) {
    ChatWorld::must(world.run(people.update_privacy(
        user, {.last_seen = last_seen, .direct_messages = {}, .group_invites = {}})));
  }

  ChatWorld world;
  domain::UserId ann = world.add_user("ann");
  domain::UserId bob = world.add_user("bob");
  services::PeopleService people{{.accounts = world.memory,
                                  .people = world.memory,
                                  .bus = world.process.bus,
                                  .clock = world.clock}};
};

TEST_F(PeopleTest, AChangeIsToldOnceAndWithItsRev) {
  const auto me = ChatWorld::must(
      world.run(people.update_profile(ann, {.display_name = "Ann", .about = "Here."})));
  EXPECT_EQ(me.user.display_name, "Ann");
  EXPECT_EQ(me.user_rev, 1U);
  ChatWorld::must(world.run(people.update_profile(ann, {.display_name = "Ann", .about = {}})));
  ChatWorld::must(world.run(people.put_block(ann, bob)));
  ChatWorld::must(world.run(people.put_block(ann, bob)));
  const auto told = world.process.bus.all<ports::SettingsChanged>();
  ASSERT_EQ(told.size(), 2U);
  EXPECT_EQ(told[0].kind, ports::SettingsKind::profile);
  EXPECT_EQ(told[0].user_rev, 1U);
  EXPECT_EQ(told[1].kind, ports::SettingsKind::blocks);
  EXPECT_EQ(told[1].user_rev, 2U);
}

TEST_F(PeopleTest, EveryMisfitOfAProfileIsNamed) {
  const auto refused = world.run(people.update_profile(
      ann, {.display_name = " ", .about = std::string(domain::kAboutCodePointsMax + 1, 'x')}));
  ASSERT_EQ(failure_of(refused), Errc::validation_failed);
  ASSERT_EQ(refused.error().fields.size(), 2U);
  EXPECT_EQ(refused.error().fields[0].pointer, "/displayName");
  EXPECT_EQ(refused.error().fields[1].pointer, "/about");
}

TEST_F(PeopleTest, NobodyIsTheirOwnContact) {
  EXPECT_EQ(failure_of(world.run(people.put_contact(ann, ann))), Errc::validation_failed);
  EXPECT_EQ(failure_of(world.run(people.put_block(ann, ann))), Errc::validation_failed);
  const auto nobody = ports::random_id<domain::UserId>(world.random);
  EXPECT_EQ(failure_of(world.run(people.put_contact(ann, nobody))), Errc::not_found);
  EXPECT_EQ(failure_of(world.run(people.contact(ann, bob))), Errc::not_found);
}

TEST_F(PeopleTest, LastSeenIsMutual) {
  for (const auto& user : {ann, bob})
    ChatWorld::must(run(world.memory.see(user, world.clock.now())));
  EXPECT_TRUE(shows_last_seen(ann, bob));
  set_privacy(bob, Audience::nobody);
  EXPECT_FALSE(shows_last_seen(ann, bob));
  EXPECT_FALSE(shows_last_seen(bob, ann)) << "who hides the own sees nobody's";
  EXPECT_TRUE(shows_last_seen(bob, bob));
  set_privacy(bob, Audience::contacts);
  EXPECT_FALSE(shows_last_seen(ann, bob));
  ChatWorld::must(world.run(people.put_contact(bob, ann)));
  EXPECT_TRUE(shows_last_seen(ann, bob));
  EXPECT_TRUE(shows_last_seen(bob, ann));
  ChatWorld::must(world.run(people.put_block(ann, bob)));
  EXPECT_FALSE(shows_last_seen(ann, bob));
  EXPECT_FALSE(shows_last_seen(bob, ann));
}

TEST_F(PeopleTest, OfADeletedAccountTheIdIsLeft) {
  ChatWorld::must(run(world.memory.delete_account(bob)));
  const auto seen = ChatWorld::must(world.run(people.user(ann, bob)));
  EXPECT_TRUE(seen.user.is_deleted);
  EXPECT_EQ(seen.user.id, bob);
  EXPECT_FALSE(seen.last_seen_at);
  EXPECT_EQ(failure_of(world.run(people.me(bob))), Errc::not_found);
}

}  // namespace
}  // namespace knotos::test
