#include "gateway/sweeper.hpp"

#include "support/fake_shards.hpp"
#include "support/manual_timers.hpp"

#include <gtest/gtest.h>

#include <utility>
#include <vector>

namespace knotos::gateway {
namespace {

using ports::SyncStore;
using std::chrono::milliseconds;
using std::chrono::seconds;

/// A store of which only the times and the sweeps are asked.
class SweptStore final : public SyncStore {
 public:
  explicit SweptStore(const test::ManualClock& clock) : clock_(clock) {}

  Task<Result<std::string>> epoch() override { co_return fail(Errc::store_unavailable); }
  Task<Result<ports::SyncPage>> sync(ports::SyncQuery /*query*/) override {
    co_return fail(Errc::store_unavailable);
  }
  Task<Result<ports::MovedReceiptsPage>> moved_receipts(
      ports::MovedReceiptsQuery /*query*/) override {
    co_return fail(Errc::store_unavailable);
  }
  Task<Result<std::vector<ports::SyncedChat>>> all_chats(domain::UserId /*user*/) override {
    co_return fail(Errc::store_unavailable);
  }
  Task<Result<Time>> store_time() override {
    if (is_away) co_return fail(Errc::store_unavailable);
    co_return clock_.wall_now();
  }
  Task<Result<Sweep>> changed_since(Time since, std::size_t /*limit*/) override {
    if (is_away) co_return fail(Errc::store_unavailable);
    asked.push_back(since);
    Sweep sweep{
        .chats = {}, .users = {}, .now = clock_.wall_now(), .has_more = false, .next_since = {}};
    if (has_always_more) {
      sweep.has_more = true;
      sweep.next_since = since + milliseconds(1);
    }
    co_return sweep;
  }

  bool is_away = false;
  bool has_always_more = false;
  std::vector<Time> asked;

 private:
  const test::ManualClock& clock_;
};

class SweeperTest : public testing::Test {
 protected:
  SweeperTest() {
    shards_.on(0, [this] { sweeper_.begin(); });
    shards_.run();
  }
  void pass(milliseconds time) {
    for (; time > milliseconds(0); time -= milliseconds(50)) {
      clock_.advance(milliseconds(50));
      shards_.run();
    }
  }

  test::FakeShards shards_;
  test::ManualClock clock_{shards_};
  SweptStore store_{clock_};
  Time began_at_ = clock_.wall_now();
  std::size_t found_ = 0;
  Sweeper sweeper_{{.shards = shards_, .timers = clock_.timers(0), .store = store_},
                   {.pages_max = 3},
                   [this](Time, const SyncStore::Sweep&) { ++found_; }};
};

TEST_F(SweeperTest, AsksEverySecondAndReadsAMarginBack) {
  EXPECT_TRUE(store_.asked.empty());
  pass(seconds(3));
  ASSERT_EQ(store_.asked.size(), 3U);
  EXPECT_EQ(store_.asked[0], began_at_ - seconds(2));
  EXPECT_EQ(store_.asked[1], began_at_ + seconds(1) - seconds(2));
  EXPECT_EQ(store_.asked[2], began_at_ + seconds(2) - seconds(2));
  EXPECT_EQ(found_, 3U);
}

TEST_F(SweeperTest, TooMuchIsReadOnWithTheNextSweep) {
  store_.has_always_more = true;
  pass(seconds(2));
  ASSERT_EQ(store_.asked.size(), 6U);
  for (std::size_t i = 1; i < store_.asked.size(); ++i) {
    EXPECT_EQ(store_.asked[i], store_.asked[i - 1] + milliseconds(1));
  }
  EXPECT_EQ(found_, 6U);
}

TEST_F(SweeperTest, WhatWasNotAnsweredIsAskedAgainFromThere) {
  pass(seconds(1));
  store_.is_away = true;
  pass(seconds(5));
  ASSERT_EQ(store_.asked.size(), 1U);
  store_.is_away = false;
  pass(seconds(1));
  ASSERT_EQ(store_.asked.size(), 2U);
  EXPECT_EQ(store_.asked[1], began_at_ + seconds(1) - seconds(2));
}

TEST_F(SweeperTest, AskedToCompareItLooksAtOnceAndThenASecondLater) {
  pass(milliseconds(500));
  EXPECT_TRUE(store_.asked.empty());
  shards_.on(0, [this] { sweeper_.compare(); });
  shards_.run();
  EXPECT_EQ(store_.asked.size(), 1U);
  pass(milliseconds(900));
  EXPECT_EQ(store_.asked.size(), 1U);
  pass(milliseconds(150));
  EXPECT_EQ(store_.asked.size(), 2U);
}

TEST_F(SweeperTest, AskedWhileItLooksItLooksOnceMore) {
  pass(seconds(1));
  ASSERT_EQ(store_.asked.size(), 1U);
  shards_.on(0, [this] {
    sweeper_.compare();
    sweeper_.compare();
  });
  shards_.run();
  EXPECT_GE(store_.asked.size(), 2U);
  EXPECT_LE(store_.asked.size(), 3U);
}

}  // namespace
}  // namespace knotos::gateway
