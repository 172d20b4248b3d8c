#include "services/rate_limiter.hpp"

#include <gtest/gtest.h>

namespace knotos::services {
namespace {

using std::chrono::milliseconds;

constexpr SteadyTime kStart = SteadyTime{} + std::chrono::hours(1);

TEST(RateLimiterTest, ABurstPassesAndThenOneAnInterval) {
  RateLimiter rates({20, std::chrono::seconds(10), 10});
  for (std::uint32_t count = 0; count < 10; ++count) {
    const auto verdict = rates.take(1, kStart);
    EXPECT_TRUE(verdict.is_allowed);
    EXPECT_EQ(verdict.remaining, 9 - count);
  }
  const auto refused = rates.take(1, kStart);
  EXPECT_FALSE(refused.is_allowed);
  EXPECT_EQ(refused.retry_after, milliseconds(500));
  EXPECT_EQ(refused.reset_after, milliseconds(5000));
  EXPECT_FALSE(rates.take(1, kStart + milliseconds(499)).is_allowed);
  EXPECT_TRUE(rates.take(1, kStart + milliseconds(500)).is_allowed);
  EXPECT_FALSE(rates.take(1, kStart + milliseconds(500)).is_allowed);
}

TEST(RateLimiterTest, OverALongTimeNoMoreThanTheRateAndOneBurstPass) {
  RateLimiter rates({20, std::chrono::seconds(10), 10});
  int passed = 0;
  for (int step = 0; step < 10'000; ++step) {
    if (rates.take(1, kStart + milliseconds(10 * step)).is_allowed) ++passed;
  }
  EXPECT_EQ(passed, 10 + 199);
}

TEST(RateLimiterTest, WhoRestsHasTheWholeBurstAgain) {
  RateLimiter rates({10, std::chrono::seconds(1), 3});
  for (int count = 0; count < 3; ++count) EXPECT_TRUE(rates.take(1, kStart).is_allowed);
  const auto later = kStart + std::chrono::minutes(1);
  for (int count = 0; count < 3; ++count) EXPECT_TRUE(rates.take(1, later).is_allowed);
  EXPECT_FALSE(rates.take(1, later).is_allowed);
}

TEST(RateLimiterTest, ARefusalCostsNothing) {
  RateLimiter rates({1, std::chrono::seconds(1), 1});
  EXPECT_TRUE(rates.take(1, kStart).is_allowed);
  for (int count = 0; count < 100; ++count) EXPECT_FALSE(rates.take(1, kStart).is_allowed);
  EXPECT_TRUE(rates.take(1, kStart + std::chrono::seconds(1)).is_allowed);
}

TEST(RateLimiterTest, KeysDoNotShare) {
  RateLimiter rates({1, std::chrono::seconds(1), 1});
  EXPECT_TRUE(rates.take(1, kStart).is_allowed);
  EXPECT_TRUE(rates.take(2, kStart).is_allowed);
  EXPECT_FALSE(rates.take(1, kStart).is_allowed);
}

TEST(RateLimiterTest, WithoutABurstTheWholeCountMayComeAtOnce) {
  RateLimiter rates({5, std::chrono::seconds(1), 0});
  for (int count = 0; count < 5; ++count) EXPECT_TRUE(rates.take(1, kStart).is_allowed);
  EXPECT_FALSE(rates.take(1, kStart).is_allowed);
}

TEST(RateLimiterTest, ZeroSwitchesItOff) {
  RateLimiter rates({0, std::chrono::seconds(1), 0});
  EXPECT_FALSE(rates.is_on());
  for (int count = 0; count < 1000; ++count) EXPECT_TRUE(rates.take(1, kStart).is_allowed);
}

TEST(RateLimiterTest, ForgettingKeysAtRestForgetsNobodyElse) {
  RateLimiter rates({1, std::chrono::hours(1), 1});
  EXPECT_TRUE(rates.take(7, kStart).is_allowed);
  // Enough others that every stripe is swept.
  for (std::uint64_t key = 1000; key < 311'000; ++key) {
    static_cast<void>(rates.take(key, kStart + std::chrono::minutes(1)));
  }
  EXPECT_FALSE(rates.take(7, kStart + std::chrono::minutes(2)).is_allowed);
}

}  // namespace
}  // namespace knotos::services
