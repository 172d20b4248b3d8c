#include "services/rate_limiter.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <string>
#include <utility>
#include <vector>

namespace knotos::services {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

constexpr SteadyTime kStart = SteadyTime{} + std::chrono::hours(1);

/// Adds up as Redis does, by a clock that the test moves, and answers at once or when told to.
class FakeRateBoard final : public ports::RateBoard {
 public:
  void spend(std::string_view rate, std::uint64_t key, milliseconds spent, Heard heard) override {
    ++asked;
    if (is_away) return heard(fail_because(Errc::store_unavailable, "away"));
    auto& due = due_[{std::string(rate), key}];
    due = std::max(due, now) + spent;
    auto answer = [heard = std::move(heard), owed = due - now]() mutable {
      heard(std::chrono::ceil<milliseconds>(owed));
    };
    if (holds) {
      held_.emplace_back(std::move(answer));
    } else {
      answer();
    }
  }
  void answer_all() {
    for (auto& each : std::exchange(held_, {})) each();
  }

  SteadyTime now = kStart;
  bool is_away = false;
  bool holds = false;
  int asked = 0;

 private:
  std::map<std::pair<std::string, std::uint64_t>, SteadyTime> due_;
  std::vector<std::move_only_function<void()>> held_;
};

class FleetRateTest : public testing::Test {
 protected:
  /// How many of `count` pass.
  int pass(RateLimiter& rates, int count, std::uint64_t key = 1) {
    int passed = 0;
    for (int i = 0; i < count; ++i) {
      if (rates.take(key, board_.now).is_allowed) ++passed;
    }
    return passed;
  }

  FakeRateBoard board_;
  const Rate rate_{20, seconds(10), 10};
  RateLimiter one_{rate_, {.board = &board_, .name = "messages"}};
  RateLimiter other_{rate_, {.board = &board_, .name = "messages"}};
};

TEST_F(FleetRateTest, WhatOneProcessAllowedIsHeldAgainstTheKeyInTheOther) {
  EXPECT_EQ(pass(one_, 20), 10);
  EXPECT_EQ(pass(other_, 20), 1) << "the first is allowed before the other processes are heard of";
  EXPECT_EQ(pass(other_, 20, 2), 10) << "another key";
  RateLimiter another_rate(rate_, {.board = &board_, .name = "events"});
  EXPECT_EQ(pass(another_rate, 20), 10);
}

TEST_F(FleetRateTest, OverALongTimeNoMoreThanTheRatePassesThroughAll) {
  int passed = 0;
  for (int step = 0; step < 10'000; ++step) {
    board_.now = kStart + milliseconds(10 * step);
    passed += pass(one_, 1) + pass(other_, 1);
  }
  EXPECT_GE(passed, 199);
  EXPECT_LE(passed, 199 + 2 * 10);
}

TEST_F(FleetRateTest, NobodyWaitsForAnAnswerAndTheDebtIsPaidAfterIt) {
  board_.holds = true;
  EXPECT_EQ(pass(one_, 20), 10);
  EXPECT_EQ(pass(other_, 20), 10) << "as if it were alone";
  board_.holds = false;
  board_.answer_all();
  board_.now += seconds(5);
  (void)pass(one_, 1);
  (void)pass(other_, 1);
  EXPECT_EQ(pass(one_, 1) + pass(other_, 1), 0) << "each has a burst, and both had two";
}

TEST_F(FleetRateTest, LotsOfAKeyAreToldOneAtATimeAndNotForEachEvent) {
  const Rate often{2'000, seconds(10), 0};
  RateLimiter rates(often, {.board = &board_, .name = "marks"});
  EXPECT_EQ(pass(rates, 1'000), 1'000);
  EXPECT_EQ(board_.asked, 8);
  board_.asked = 0;
  board_.holds = true;
  EXPECT_EQ(pass(rates, 500), 500);
  EXPECT_EQ(board_.asked, 1);
}

TEST_F(FleetRateTest, WithoutTheBoardEachCountsForItself) {
  board_.is_away = true;
  EXPECT_EQ(pass(one_, 20), 10);
  EXPECT_EQ(pass(other_, 20), 10);
  board_.is_away = false;
  board_.now += seconds(60);
  EXPECT_EQ(pass(one_, 20), 10);
  EXPECT_EQ(pass(other_, 20), 1) << "and together again when it is back";
}

TEST_F(FleetRateTest, AnAnswerThatIsFarTooHighHoldsNobodyForLong) {
  for (int process = 0; process < 20; ++process) {
    board_.holds = true;
    RateLimiter each(rate_, {.board = &board_, .name = "messages"});
    (void)pass(each, 10);
  }
  board_.holds = false;
  board_.answer_all();
  (void)pass(one_, 1);
  const auto verdict = one_.peek(1, board_.now);
  EXPECT_FALSE(verdict.is_allowed);
  EXPECT_LE(verdict.retry_after, seconds(10));
}

TEST_F(FleetRateTest, AnAnswerAfterTheEndOfTheLimiterHarmsNothing) {
  board_.holds = true;
  {
    RateLimiter rates(rate_, {.board = &board_, .name = "messages"});
    EXPECT_EQ(pass(rates, 1), 1);
  }
  board_.answer_all();
}

}  // namespace
}  // namespace knotos::services
