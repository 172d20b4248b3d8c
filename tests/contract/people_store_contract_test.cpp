#include "contract/scene.hpp"

#include <algorithm>

namespace knotos::contract {
namespace {

using domain::Audience;
using ports::Relation;

class PeopleStoreContract : public ContractTest {
 protected:
  ports::PeopleStore& people() { return world_->people(); }

  domain::UserRev rev_of(domain::UserId user) {
    const auto rev = world_->run(people().user_rev(user));
    EXPECT_TRUE(rev);
    return rev.value_or(0);
  }
  Relation relation(domain::UserId one, domain::UserId other) {
    const auto found = world_->run(people().relation(one, other));
    EXPECT_TRUE(found);
    return found.value_or(Relation{});
  }
  domain::User user_of(domain::UserId user) {
    const auto found = world_->run(world_->accounts().find_user(user));
    EXPECT_TRUE(found);
    return found.value_or(domain::User{});
  }

  /// The change was made, and it raised `userRev` by one.
  void expect_raised(domain::UserId user, domain::UserRev before,
                     const Result<std::optional<domain::UserRev>>& answer) {
    ASSERT_TRUE(answer);
    ASSERT_TRUE(*answer);
    EXPECT_EQ(**answer, before + 1);
    EXPECT_EQ(rev_of(user), before + 1);
  }
  void expect_unmoved(domain::UserId user, domain::UserRev before,
                      const Result<std::optional<domain::UserRev>>& answer) {
    ASSERT_TRUE(answer);
    EXPECT_FALSE(*answer);
    EXPECT_EQ(rev_of(user), before);
  }
};

TEST_P(PeopleStoreContract, AProfileChangesWhereItIsNamedAndOnce) {
  const auto ann = scene_.user("ann");
  const auto before = rev_of(ann);
  expect_raised(ann, before,
                world_->run(people().update_profile(ann, {.display_name = "Ann", .about = {}})));
  expect_unmoved(ann, before + 1,
                 world_->run(people().update_profile(ann, {.display_name = "Ann", .about = {}})));
  expect_raised(ann, before + 1,
                world_->run(people().update_profile(ann, {.display_name = {}, .about = "I am."})));
  const auto found = user_of(ann);
  EXPECT_EQ(found.display_name, "Ann");
  EXPECT_EQ(found.about, "I am.");
  EXPECT_EQ(found.username, "ann");
}

TEST_P(PeopleStoreContract, PrivacyIsEverybodysAtFirstAndChangesByPiece) {
  const auto ann = scene_.user("ann");
  const auto before = rev_of(ann);
  EXPECT_EQ(world_->run(people().privacy(ann)).value(), domain::Privacy{});
  expect_raised(ann, before,
                world_->run(people().update_privacy(ann, {.last_seen = Audience::nobody,
                                                          .direct_messages = {},
                                                          .group_invites = Audience::contacts})));
  expect_unmoved(
      ann, before + 1,
      world_->run(people().update_privacy(
          ann, {.last_seen = Audience::nobody, .direct_messages = {}, .group_invites = {}})));
  const domain::Privacy expected{.last_seen = Audience::nobody,
                                 .direct_messages = Audience::everyone,
                                 .group_invites = Audience::contacts};
  EXPECT_EQ(world_->run(people().privacy(ann)).value(), expected);
  EXPECT_EQ(relation(scene_.user("bob"), ann).privacy, expected);
}

TEST_P(PeopleStoreContract, ARelationLooksFromOneToTheOther) {
  const auto ann = scene_.user("ann");
  const auto bob = scene_.user("bob");
  EXPECT_TRUE(relation(ann, bob).exists);
  EXPECT_FALSE(relation(ann, bob).is_contact);

  expect_raised(bob, 0, world_->run(people().put_contact(bob, ann, at(1))));
  EXPECT_TRUE(relation(ann, bob).is_contact);
  EXPECT_FALSE(relation(bob, ann).is_contact);

  expect_raised(bob, 1, world_->run(people().put_block(bob, ann, at(2))));
  EXPECT_TRUE(relation(ann, bob).has_blocked);
  EXPECT_FALSE(relation(ann, bob).is_blocked);
  EXPECT_TRUE(relation(bob, ann).is_blocked);
  EXPECT_FALSE(relation(bob, ann).has_blocked);

  expect_raised(bob, 2, world_->run(people().remove_block(bob, ann)));
  expect_unmoved(bob, 3, world_->run(people().remove_block(bob, ann)));
  expect_raised(bob, 3, world_->run(people().remove_contact(bob, ann)));
  EXPECT_FALSE(relation(ann, bob).has_blocked);
  EXPECT_FALSE(relation(ann, bob).is_contact);
  EXPECT_EQ(rev_of(ann), 0U) << "what others think of her is no change of hers";
}

TEST_P(PeopleStoreContract, RelationsToManyKeepTheirOrder) {
  const auto ann = scene_.user("ann");
  const auto bob = scene_.user("bob");
  const auto cid = scene_.user("cid");
  ASSERT_TRUE(world_->run(people().put_block(cid, ann, at(1))));
  const auto nobody = scene_.new_id<domain::UserId>();
  const auto found = world_->run(people().relations(ann, {cid, nobody, bob, cid}));
  ASSERT_TRUE(found);
  ASSERT_EQ(found->size(), 4U);
  EXPECT_TRUE(found->at(0).has_blocked);
  EXPECT_FALSE(found->at(1).exists);
  EXPECT_TRUE(found->at(2).exists);
  EXPECT_FALSE(found->at(2).has_blocked);
  EXPECT_TRUE(found->at(3).has_blocked);
  EXPECT_TRUE(world_->run(people().relations(ann, {})).value().empty());
}

TEST_P(PeopleStoreContract, ContactsAreListedOldestFirstInPages) {
  const auto ann = scene_.user("ann");
  std::vector<domain::UserId> others;
  for (int i = 0; i < 5; ++i) others.push_back(scene_.user("user" + std::to_string(i)));
  // The fourth and fifth at one time: then the id decides.
  const std::vector<std::int64_t> times{30, 10, 20, 40, 40};
  for (std::size_t i = 0; i < others.size(); ++i) {
    ASSERT_TRUE(world_->run(people().put_contact(ann, others[i], at(times[i]))));
  }
  std::vector<domain::UserId> expected{others[1], others[2], others[0],
                                       std::min(others[3], others[4]),
                                       std::max(others[3], others[4])};
  std::vector<domain::UserId> listed;
  std::optional<ports::AcquaintancePosition> after;
  for (int page = 0; page < 3; ++page) {
    const auto found = world_->run(people().contacts(ann, after, 2));
    ASSERT_TRUE(found);
    EXPECT_EQ(found->has_more, page < 2);
    for (const auto& each : found->people) {
      listed.push_back(each.user.id);
      after = {.since = each.since, .user_id = each.user.id};
    }
  }
  EXPECT_EQ(listed, expected);
  EXPECT_TRUE(world_->run(people().blocks(ann, {}, 10)).value().people.empty());
}

TEST_P(PeopleStoreContract, AContactIsFoundByItself) {
  const auto ann = scene_.user("ann");
  const auto bob = scene_.user("bob");
  EXPECT_FALSE(world_->run(people().contact(ann, bob)).value());
  ASSERT_TRUE(world_->run(people().put_contact(ann, bob, at(7))));
  const auto found = world_->run(people().contact(ann, bob)).value();
  ASSERT_TRUE(found);
  EXPECT_EQ(found->user.username, "bob");
  EXPECT_EQ(found->since, at(7));
  EXPECT_FALSE(world_->run(people().contact(bob, ann)).value());
}

TEST_P(PeopleStoreContract, PuttingTwiceKeepsTheFirstTime) {
  const auto ann = scene_.user("ann");
  const auto bob = scene_.user("bob");
  ASSERT_TRUE(world_->run(people().put_block(ann, bob, at(5))));
  expect_unmoved(ann, 1, world_->run(people().put_block(ann, bob, at(9))));
  EXPECT_EQ(world_->run(people().blocks(ann, {}, 10)).value().people.at(0).since, at(5));
}

TEST_P(PeopleStoreContract, NobodyIsFoundWhereNobodyIs) {
  const auto ann = scene_.user("ann");
  const auto nobody = scene_.new_id<domain::UserId>();
  const auto code = [](const auto& result) {
    EXPECT_FALSE(result);
    return result ? Errc::internal : result.error().code;
  };
  EXPECT_EQ(code(world_->run(people().user_rev(nobody))), Errc::not_found);
  EXPECT_EQ(code(world_->run(people().privacy(nobody))), Errc::not_found);
  EXPECT_EQ(code(world_->run(people().update_profile(nobody, {}))), Errc::not_found);
  EXPECT_EQ(code(world_->run(people().put_contact(ann, nobody, at(1)))), Errc::not_found);
  EXPECT_EQ(code(world_->run(people().put_block(nobody, ann, at(1)))), Errc::not_found);
  EXPECT_EQ(code(world_->run(people().contacts(nobody, {}, 10))), Errc::not_found);
  EXPECT_EQ(code(world_->run(people().see(nobody, at(1)))), Errc::not_found);
  EXPECT_EQ(code(world_->run(people().delete_account(nobody))), Errc::not_found);
  EXPECT_FALSE(relation(ann, nobody).exists);
}

TEST_P(PeopleStoreContract, LastSeenOnlyRisesAndIsNoChange) {
  const auto ann = scene_.user("ann");
  EXPECT_FALSE(world_->run(people().last_seen(ann)).value());
  ASSERT_TRUE(world_->run(people().see(ann, at(50))));
  ASSERT_TRUE(world_->run(people().see(ann, at(20))));
  EXPECT_EQ(world_->run(people().last_seen(ann)).value(), at(50));
  EXPECT_EQ(rev_of(ann), 0U);
}

TEST_P(PeopleStoreContract, ADeletedAccountIsGoneAndItsNameStaysTaken) {
  const auto ann = scene_.user("ann");
  const auto bob = scene_.user("bob");
  const auto device = scene_.device_of(ann);
  ASSERT_TRUE(world_->run(world_->accounts().add_device(device)));
  ASSERT_TRUE(world_->run(people().put_contact(ann, bob, at(1))));
  ASSERT_TRUE(world_->run(people().put_contact(bob, ann, at(1))));
  ASSERT_TRUE(world_->run(people().delete_account(ann)));
  ASSERT_TRUE(world_->run(people().delete_account(ann))) << "once is enough";

  const auto user = user_of(ann);
  EXPECT_TRUE(user.is_deleted);
  EXPECT_EQ(user.username + user.display_name + user.about, "");
  EXPECT_FALSE(world_->run(world_->accounts().is_signed_in(ann, device.device.id)).value());
  EXPECT_FALSE(world_->run(world_->accounts().find_credentials("ann")));
  EXPECT_TRUE(world_->run(world_->accounts().find_users("an", "", 10)).value().empty());
  EXPECT_FALSE(relation(bob, ann).exists);
  EXPECT_FALSE(world_->run(people().user_rev(ann)));
  EXPECT_TRUE(world_->run(people().contacts(bob, {}, 10)).value().people.at(0).user.is_deleted);

  auto again = scene_.credentials("ann");
  const auto id = again.user.id;
  const auto taken = world_->run(world_->accounts().create(again, scene_.device_of(id)));
  ASSERT_FALSE(taken);
  EXPECT_EQ(taken.error().code, Errc::conflict);
}

TEST_P(PeopleStoreContract, OfManyAtOnceEachRaisesByOne) {
  const auto ann = scene_.user("ann");
  std::vector<Task<Result<std::optional<domain::UserRev>>>> tasks;
  for (int i = 0; i < 8; ++i) {
    tasks.push_back(people().put_contact(ann, scene_.user("user" + std::to_string(i)), at(i)));
  }
  std::vector<domain::UserRev> revs;
  for (const auto& each : world_->run_all(std::move(tasks))) revs.push_back(each.value().value());
  std::ranges::sort(revs);
  EXPECT_EQ(revs, (std::vector<domain::UserRev>{1, 2, 3, 4, 5, 6, 7, 8}));
}

TEST_P(PeopleStoreContract, WhatWasSetOutlivesTheProcess) {
  const auto ann = scene_.user("ann");
  const auto bob = scene_.user("bob");
  ASSERT_TRUE(world_->run(people().put_block(ann, bob, at(3))));
  ASSERT_TRUE(world_->run(people().update_privacy(
      ann, {.last_seen = Audience::contacts, .direct_messages = {}, .group_invites = {}})));
  world_->restart();
  EXPECT_TRUE(relation(ann, bob).is_blocked);
  EXPECT_EQ(relation(bob, ann).privacy.last_seen, Audience::contacts);
  EXPECT_EQ(rev_of(ann), 2U);
}

INSTANTIATE_TEST_SUITE_P(Stores, PeopleStoreContract, testing::ValuesIn(all_adapters()),
                         name_of_adapter);

}  // namespace
}  // namespace knotos::contract
