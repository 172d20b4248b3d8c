#include "contract/scene.hpp"

#include <gtest/gtest.h>

#include <algorithm>

namespace knotos::contract {
namespace {

class InviteStoreContract : public ContractTest {
 protected:
  domain::UserId ann_ = scene_.user("ann");
  domain::UserId bob_ = scene_.user("bob");
  domain::ChatId group_ = scene_.group({ann_, bob_});

  ports::Invite invite(const std::string& code, std::uint32_t uses_max = 0) {
    return {.code = code,
            .chat_id = group_,
            .creator_id = ann_,
            .expires_at = {},
            .uses_max = uses_max,
            .created_at = scene_.next_time()};
  }
  void put(const ports::Invite& invite) {
    ASSERT_TRUE(world_->run(world_->invites().put_invite(invite, 100)));
  }
  Result<ports::Invite> find(const std::string& code) {
    return world_->run(world_->invites().find_invite(code));
  }
  Result<ports::Invite> use(const std::string& code, Time now = at(0)) {
    return world_->run(world_->invites().use_invite(code, now));
  }
};

TEST_P(InviteStoreContract, WhatIsPutComesBackNewestFirst) {
  auto one = invite("one", 3);
  one.expires_at = at(5'000);
  const auto other = invite("other");
  put(one);
  put(other);
  world_->restart();
  EXPECT_EQ(find("one").value(), one);
  EXPECT_EQ(world_->run(world_->invites().invites(group_)).value(), (std::vector{other, one}));
  const auto stranger = scene_.group({bob_});
  EXPECT_TRUE(world_->run(world_->invites().invites(stranger))->empty());
  EXPECT_EQ(find("none").error().code, Errc::not_found);
}

TEST_P(InviteStoreContract, AChatHasSoManyAndNoMore) {
  put(invite("one"));
  put(invite("other"));
  const auto refused = world_->run(world_->invites().put_invite(invite("third"), 2));
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, Errc::conflict);
  EXPECT_FALSE(find("third"));
}

TEST_P(InviteStoreContract, OnlyItsOwnChatRemovesIt) {
  put(invite("one"));
  const auto stranger = scene_.group({bob_});
  EXPECT_FALSE(world_->run(world_->invites().remove_invite(stranger, "one")).value());
  EXPECT_TRUE(world_->run(world_->invites().remove_invite(group_, "one")).value());
  EXPECT_FALSE(world_->run(world_->invites().remove_invite(group_, "one")).value());
  EXPECT_FALSE(use("one"));
}

TEST_P(InviteStoreContract, ItEndsWithItsTime) {
  auto timed = invite("timed");
  timed.expires_at = at(1'000);
  put(timed);
  EXPECT_TRUE(use("timed", at(999)));
  EXPECT_EQ(use("timed", at(1'000)).error().code, Errc::not_found);
  EXPECT_EQ(find("timed")->uses, 1U);
}

TEST_P(InviteStoreContract, OfManyWhoAskForTheLastUsesSoManyGetThem) {
  put(invite("few", 3));
  std::vector<Task<Result<ports::Invite>>> tasks;
  for (int i = 0; i < 20; ++i) tasks.push_back(world_->invites().use_invite("few", at(0)));
  const auto answers = world_->run_all(std::move(tasks));
  EXPECT_EQ(std::ranges::count_if(answers, [](const auto& each) { return each.has_value(); }), 3);
  EXPECT_EQ(find("few")->uses, 3U);
  ASSERT_TRUE(world_->run(world_->invites().return_invite_use("few")));
  EXPECT_TRUE(use("few"));
  EXPECT_FALSE(use("few"));
}

TEST_P(InviteStoreContract, GivingBackWhatNobodyTookIsNothing) {
  put(invite("one", 1));
  ASSERT_TRUE(world_->run(world_->invites().return_invite_use("one")));
  ASSERT_TRUE(world_->run(world_->invites().return_invite_use("none")));
  EXPECT_TRUE(use("one"));
  EXPECT_FALSE(use("one"));
}

INSTANTIATE_TEST_SUITE_P(Adapters, InviteStoreContract, testing::ValuesIn(all_adapters()),
                         name_of_adapter);

}  // namespace
}  // namespace knotos::contract
