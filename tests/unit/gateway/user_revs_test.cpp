#include "gateway/user_revs.hpp"

#include <gtest/gtest.h>

namespace knotos::gateway {
namespace {

TEST(UserRevsTest, WithoutABeginningNothingIsComplete) {
  UserRevs revs;
  revs.hear(1);
  EXPECT_FALSE(revs.has_all(1));
  revs.reach(0);
  EXPECT_TRUE(revs.has_all(1));
}

TEST(UserRevsTest, AMissingOneShowsUntilItComes) {
  UserRevs revs;
  revs.reach(5);
  revs.hear(7);
  revs.hear(8);
  EXPECT_TRUE(revs.has_all(5));
  EXPECT_FALSE(revs.has_all(8));
  revs.hear(6);
  EXPECT_TRUE(revs.has_all(8));
  EXPECT_FALSE(revs.has_all(9));
}

TEST(UserRevsTest, ReachingPassesWhatWasHeardAhead) {
  UserRevs revs;
  revs.reach(5);
  revs.hear(9);
  revs.hear(10);
  revs.reach(8);
  EXPECT_TRUE(revs.has_all(10));
  revs.reach(3);
  EXPECT_TRUE(revs.has_all(10)) << "it never falls";
}

TEST(UserRevsTest, WhatIsForgottenIsMissing) {
  UserRevs revs;
  revs.reach(0);
  const domain::UserRev last = UserRevs::kAheadMax + 10;
  for (domain::UserRev rev = 2; rev <= last; ++rev) revs.hear(rev);
  revs.hear(1);
  EXPECT_TRUE(revs.has_all(UserRevs::kAheadMax + 1));
  EXPECT_FALSE(revs.has_all(last));
}

}  // namespace
}  // namespace knotos::gateway
