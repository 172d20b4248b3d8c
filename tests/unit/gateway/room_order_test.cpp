#include "gateway/room_order.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <random>

namespace knotos::gateway {
namespace {

/// A message that took its place at `place` and was last changed at `rev`.
SharedMessage message(domain::Rev place, domain::Rev rev) {
  auto made = std::make_shared<domain::Message>();
  made->place = place;
  made->rev = rev;
  return made;
}

SharedMessage fresh(domain::Rev rev) { return message(rev, rev); }

std::vector<domain::Rev> revs(const std::vector<OrderedChange>& changes) {
  std::vector<domain::Rev> out;
  for (const auto& change : changes) out.push_back(change.message->rev);
  return out;
}

using Revs = std::vector<domain::Rev>;

TEST(RoomOrderTest, PassesTheNextAndDropsWhatWasDelivered) {
  RoomOrder order;
  (void)order.settle(4);
  EXPECT_EQ(revs(order.hear(5, fresh(5))), Revs{5});
  EXPECT_EQ(revs(order.hear(5, fresh(5))), Revs{});
  EXPECT_EQ(revs(order.hear(3, fresh(3))), Revs{});
  EXPECT_EQ(order.delivered(), 5U);
  EXPECT_FALSE(order.has_gap());
}

TEST(RoomOrderTest, AHintWaitsForTheStoreAndTheChangeItselfTakesItsPlace) {
  RoomOrder order;
  (void)order.settle(4);
  EXPECT_EQ(revs(order.hear(5, nullptr)), Revs{});
  EXPECT_EQ(revs(order.hear(6, fresh(6))), Revs{});
  EXPECT_TRUE(order.has_gap());
  EXPECT_EQ(revs(order.hear(5, fresh(5))), (Revs{5, 6}));
  EXPECT_FALSE(order.has_gap());
  EXPECT_EQ(revs(order.hear(7, nullptr)), Revs{});
  EXPECT_EQ(revs(order.repair({fresh(7)}, 7)), Revs{7});
  EXPECT_FALSE(order.has_gap());
}

TEST(RoomOrderTest, HoldsWhatComesTooEarlyUntilTheGapCloses) {
  RoomOrder order;
  (void)order.settle(0);
  EXPECT_EQ(revs(order.hear(3, fresh(3))), Revs{});
  EXPECT_EQ(revs(order.hear(2, fresh(2))), Revs{});
  EXPECT_TRUE(order.has_gap());
  EXPECT_EQ(revs(order.hear(1, fresh(1))), (Revs{1, 2, 3}));
  EXPECT_FALSE(order.has_gap());
}

TEST(RoomOrderTest, WaitsUntilItKnowsWhereTheRoomStands) {
  RoomOrder order;
  EXPECT_EQ(revs(order.hear(7, fresh(7))), Revs{});
  EXPECT_EQ(revs(order.hear(8, fresh(8))), Revs{});
  EXPECT_FALSE(order.is_settled());
  EXPECT_EQ(revs(order.settle(7)), Revs{8});
  EXPECT_EQ(revs(order.settle(3)), Revs{});
  EXPECT_EQ(order.delivered(), 8U);
}

TEST(RoomOrderTest, RepairBridgesSupersededNumbers) {
  RoomOrder order;
  (void)order.settle(2);
  (void)order.hear(9, fresh(9));
  // The message of rev 3 was edited at 5 and 7; that of rev 1 at 4; 6 is a new one; 8 its edit.
  const auto out = order.repair({message(1, 4), message(3, 7), message(6, 8)}, 8);
  EXPECT_EQ(revs(out), (Revs{4, 7, 8, 9}));
  EXPECT_EQ(out[0].prev_rev, 2U);
  EXPECT_FALSE(out[0].is_new);
  EXPECT_EQ(out[1].prev_rev, 4U);
  EXPECT_TRUE(out[1].is_new) << "the room never saw it";
  EXPECT_TRUE(out[2].is_new);
  EXPECT_EQ(out[3].prev_rev, 8U);
  EXPECT_FALSE(order.has_gap());
}

TEST(RoomOrderTest, RepairIgnoresWhatWasHeardMeanwhile) {
  RoomOrder order;
  (void)order.settle(1);
  (void)order.hear(3, fresh(3));
  EXPECT_EQ(revs(order.hear(2, fresh(2))), (Revs{2, 3}));
  EXPECT_EQ(revs(order.repair({fresh(2), fresh(3)}, 3)), Revs{});
  EXPECT_EQ(order.delivered(), 3U);
}

TEST(RoomOrderTest, ForgetsWhatTheStoreDoesNotKnow) {
  RoomOrder order;
  (void)order.settle(1);
  (void)order.hear(900, fresh(900));
  EXPECT_TRUE(order.has_gap());
  EXPECT_EQ(order.held(), Revs{900});
  EXPECT_EQ(order.forget({900, 901}), 1U);
  EXPECT_FALSE(order.has_gap());
}

TEST(RoomOrderTest, ABurstBehindAGapIsBounded) {
  RoomOrder order;
  (void)order.settle(0);
  for (domain::Rev rev = 2; rev < 10'000; ++rev) (void)order.hear(rev, fresh(rev));
  EXPECT_EQ(order.held().size(), RoomOrder::kHeldMax);
  EXPECT_EQ(order.hear(1, fresh(1)).size(), RoomOrder::kHeldMax + 1);
}

/// Whatever the bus does, what leaves rises, each says what it follows, and with a repair at the
/// end nothing is missing.
TEST(RoomOrderTest, AnyOrderOfArrivalEndsAtTheSameState) {
  for (unsigned seed = 1; seed <= 500; ++seed) {
    std::mt19937 random(seed);
    const domain::Rev last = 1 + random() % 40;
    std::vector<domain::Rev> arrivals;
    for (domain::Rev rev = 1; rev <= last; ++rev) {
      for (unsigned copies = random() % 3; copies > 0; --copies) arrivals.push_back(rev);
    }
    std::ranges::shuffle(arrivals, random);

    RoomOrder order;
    (void)order.settle(0);
    std::vector<OrderedChange> delivered;
    const auto take = [&delivered](std::vector<OrderedChange> changes) {
      std::ranges::move(changes, std::back_inserter(delivered));
    };
    for (const auto rev : arrivals) take(order.hear(rev, fresh(rev)));
    std::vector<SharedMessage> missing;
    for (domain::Rev rev = order.delivered() + 1; rev <= last; ++rev) missing.push_back(fresh(rev));
    take(order.repair(missing, last));

    domain::Rev hi = 0;
    for (const auto& change : delivered) {
      ASSERT_EQ(change.prev_rev, hi) << "seed " << seed;
      ASSERT_TRUE(change.is_new) << "seed " << seed;
      hi = change.message->rev;
    }
    ASSERT_EQ(hi, last) << "seed " << seed;
    ASSERT_FALSE(order.has_gap()) << "seed " << seed;
  }
}

}  // namespace
}  // namespace knotos::gateway
