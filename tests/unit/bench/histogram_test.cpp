#include "bench/histogram.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <random>
#include <vector>

namespace knotos::bench {
namespace {

using std::chrono::microseconds;

TEST(HistogramTest, HoldsNothingAtFirst) {
  const Histogram histogram;
  EXPECT_EQ(histogram.count(), 0U);
  EXPECT_EQ(histogram.at(0.99).count(), 0);
  EXPECT_EQ(histogram.max().count(), 0);
}

TEST(HistogramTest, FindsRanksWithinOnePartIn128OfTheTruth) {
  std::mt19937_64 random(7);
  Histogram histogram;
  std::vector<microseconds> values;
  for (int i = 0; i < 20'000; ++i) {
    // From a microsecond to half an hour, as many of each power of two.
    const auto bits = 1 + random() % 31;
    values.emplace_back(1 + random() % (1ULL << bits));
    histogram.record(values.back());
  }
  std::ranges::sort(values);
  for (const double rank : {0.001, 0.01, 0.25, 0.5, 0.9, 0.99, 0.999, 1.0}) {
    const auto index = static_cast<std::size_t>(rank * static_cast<double>(values.size())) - 1;
    const auto truth = std::chrono::nanoseconds(values[index]);
    EXPECT_GE(histogram.at(rank), truth) << rank;
    EXPECT_LE(histogram.at(rank).count(), truth.count() + truth.count() / 128 + 1000) << rank;
  }
  EXPECT_EQ(histogram.max(), values.back());
}

TEST(HistogramTest, NeverAnswersMoreThanTheLargest) {
  Histogram histogram;
  histogram.record(microseconds(1'000'003));
  EXPECT_EQ(histogram.at(0.5), microseconds(1'000'003));
}

TEST(HistogramTest, CountsWhatLiesBeyondItsEndsAtThem) {
  Histogram histogram;
  histogram.record(std::chrono::nanoseconds(-5));
  histogram.record(std::chrono::hours(24 * 365));
  EXPECT_EQ(histogram.count(), 2U);
  EXPECT_LE(histogram.at(0.5), microseconds(1));
  EXPECT_EQ(histogram.max(), std::chrono::hours(24 * 365));
}

TEST(HistogramTest, AddsUp) {
  Histogram one;
  Histogram other;
  for (int i = 0; i < 99; ++i) one.record(microseconds(10));
  other.record(microseconds(5'000));
  one.add(other);
  EXPECT_EQ(one.count(), 100U);
  EXPECT_LE(one.at(0.99), microseconds(11));
  EXPECT_EQ(one.at(1.0), microseconds(5'000));
}

}  // namespace
}  // namespace knotos::bench
