#include "bench/histogram.hpp"

#include <algorithm>
#include <bit>
#include <cmath>

namespace knotos::bench {

void Histogram::record(Duration value) {
  value = std::max(value, Duration::zero());
  ++buckets_[bucket_of(static_cast<std::uint64_t>(value.count()) / 1000)];
  ++count_;
  max_ = std::max(max_, value);
}

void Histogram::add(const Histogram& other) {
  for (std::size_t i = 0; i < kBuckets; ++i) buckets_[i] += other.buckets_[i];
  count_ += other.count_;
  max_ = std::max(max_, other.max_);
}

Histogram::Duration Histogram::at(double rank) const {
  if (count_ == 0) return Duration::zero();
  const auto wanted = std::max<std::uint64_t>(
      1, static_cast<std::uint64_t>(std::ceil(rank * static_cast<double>(count_))));
  std::uint64_t seen = 0;
  for (std::size_t i = 0; i < kBuckets; ++i) {
    seen += buckets_[i];
    if (seen >= wanted) return std::min<Duration>(max_, std::chrono::microseconds(upper_end(i)));
  }
  return max_;
}

/// Below 128 µs a bucket is a microsecond wide; above, a power of two is cut into 128.
std::size_t Histogram::bucket_of(std::uint64_t microseconds) {
  constexpr std::uint64_t kLinearEnd = 1U << kHalfBits;
  if (microseconds < kLinearEnd) return static_cast<std::size_t>(microseconds);
  const auto power = static_cast<unsigned>(std::bit_width(microseconds)) - 1 - kHalfBits;
  const auto mantissa = (microseconds >> power) - kLinearEnd;
  const auto bucket = ((static_cast<std::size_t>(power) + 1) << kHalfBits) + mantissa;
  return std::min(bucket, kBuckets - 1);
}

std::uint64_t Histogram::upper_end(std::size_t bucket) {
  constexpr std::uint64_t kLinearEnd = 1U << kHalfBits;
  if (bucket < kLinearEnd) return bucket + 1;
  const auto power = (bucket >> kHalfBits) - 1;
  const auto mantissa = (bucket & (kLinearEnd - 1)) + kLinearEnd;
  return (mantissa + 1) << power;
}

}  // namespace knotos::bench
