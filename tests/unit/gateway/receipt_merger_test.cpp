#include "gateway/receipt_merger.hpp"

#include "ports/random_ids.hpp"
#include "support/fake_shards.hpp"
#include "support/manual_timers.hpp"
#include "support/seeded_random.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <vector>

namespace knotos::gateway {
namespace {

using std::chrono::milliseconds;
using Seqs = std::vector<domain::Seq>;

class ReceiptMergerTest : public testing::Test {
 protected:
  void hear(domain::Seq seq, bool is_read = true) { hear_of(ann_, seq, is_read); }
  void hear_of(domain::UserId user, domain::Seq seq, bool is_read = true) {
    merger_.hear({.chat_id = chat_, .user_id = user, .is_read = is_read, .seq = seq, .at = Time{}});
  }

  test::SeededRandom random_{1};
  test::FakeShards shards_;
  test::ManualClock clock_{shards_};
  Seqs told_;
  ReceiptMerger::Tell tell_ = [this](const ports::ReceiptMoved& receipt) {
    told_.push_back(receipt.seq);
  };
  ReceiptMerger merger_ = ReceiptMerger(clock_.timers(0), {.readers_max = 2}, tell_);
  domain::ChatId chat_ = ports::random_id<domain::ChatId>(random_);
  domain::UserId ann_ = ports::random_id<domain::UserId>(random_);
  domain::UserId bob_ = ports::random_id<domain::UserId>(random_);
};

TEST_F(ReceiptMergerTest, TheFirstIsToldAtOnceAndTheLastIsNeverLost) {
  for (domain::Seq seq = 1; seq <= 10; ++seq) hear(seq);
  EXPECT_EQ(told_, Seqs{1});
  clock_.advance(milliseconds(999));
  EXPECT_EQ(told_, Seqs{1});
  clock_.advance(milliseconds(1));
  EXPECT_EQ(told_, (Seqs{1, 10}));
  hear(11);
  EXPECT_EQ(told_, (Seqs{1, 10})) << "a second since the last, not since the first";
  clock_.advance(milliseconds(1'000));
  EXPECT_EQ(told_, (Seqs{1, 10, 11}));
  clock_.advance(milliseconds(1'000));
  EXPECT_EQ(merger_.readers(), 0U);
  EXPECT_EQ(clock_.waiting(), 0U);
}

TEST_F(ReceiptMergerTest, WhatComesTwiceOrLateIsNotToldAgain) {
  hear(5);
  hear(5);
  hear(3);
  hear(9);
  hear(7);
  clock_.advance(milliseconds(5'000));
  EXPECT_EQ(told_, (Seqs{5, 9}));
}

TEST_F(ReceiptMergerTest, ReadersAndKindsDoNotWaitForEachOther) {
  hear(1, true);
  hear(2, false);
  EXPECT_EQ(told_, (Seqs{1, 2}));
}

TEST_F(ReceiptMergerTest, TooManyReadersAtOnceAreLeftToSync) {
  hear_of(ann_, 1);
  hear_of(bob_, 2);
  hear_of(ports::random_id<domain::UserId>(random_), 3);
  EXPECT_EQ(told_, (Seqs{1, 2}));
  clock_.advance(milliseconds(1'000));
  hear_of(ports::random_id<domain::UserId>(random_), 4);
  EXPECT_EQ(told_, (Seqs{1, 2, 4}));
}

/// Whatever comes, in any order: what is told rises, is never told within a second of the one
/// before, and ends at the highest.
TEST_F(ReceiptMergerTest, AnyHistoryEndsAtTheHighest) {
  for (std::uint64_t seed = 1; seed <= 200; ++seed) {
    test::SeededRandom random(seed);
    told_.clear();
    std::vector<SteadyTime> times;
    ReceiptMerger merger(clock_.timers(0), {}, [&](const ports::ReceiptMoved& receipt) {
      told_.push_back(receipt.seq);
      times.push_back(clock_.now());
    });
    domain::Seq highest = 0;
    for (int i = 0; i < 30; ++i) {
      // A duplicate that comes more than a second late would be told again; the bus is not so slow.
      const auto seq = highest + random.below(3);
      if (seq > 0) {
        merger.hear({.chat_id = chat_, .user_id = ann_, .is_read = true, .seq = seq, .at = Time{}});
      }
      highest = std::max(highest, seq);
      clock_.advance(milliseconds(random.below(400)));
    }
    clock_.advance(milliseconds(3'000));
    ASSERT_FALSE(told_.empty()) << "seed " << seed;
    EXPECT_EQ(told_.back(), highest) << "seed " << seed;
    EXPECT_TRUE(std::is_sorted(told_.begin(), told_.end())) << "seed " << seed;
    for (std::size_t i = 1; i < times.size(); ++i) {
      EXPECT_GE(times[i] - times[i - 1], milliseconds(1'000)) << "seed " << seed;
    }
  }
}

}  // namespace
}  // namespace knotos::gateway
