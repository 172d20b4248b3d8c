#pragma once

#include <array>
#include <chrono>
#include <cstdint>

namespace knotos::bench {

/// Durations in HDR buckets: each is found again within 1 part in 128, from 1 µs to 71 minutes,
/// in 26 KiB and a few nanoseconds. Longer ones count as the longest.
class Histogram {
 public:
  using Duration = std::chrono::nanoseconds;

  void record(Duration value);
  void add(const Histogram& other);

  [[nodiscard]] std::uint64_t count() const { return count_; }
  [[nodiscard]] Duration max() const { return max_; }
  /// The upper end of the bucket that holds the value of that rank (0 to 1), but no more than
  /// `max`; zero without values.
  [[nodiscard]] Duration at(double rank) const;

 private:
  static constexpr unsigned kHalfBits = 7;  ///< 128 buckets for each power of two.
  static constexpr unsigned kPowers = 26;
  static constexpr std::size_t kBuckets = (kPowers + 1U) << kHalfBits;

  [[nodiscard]] static std::size_t bucket_of(std::uint64_t microseconds);
  [[nodiscard]] static std::uint64_t upper_end(std::size_t bucket);

  std::array<std::uint64_t, kBuckets> buckets_{};
  std::uint64_t count_ = 0;
  Duration max_{0};
};

}  // namespace knotos::bench
