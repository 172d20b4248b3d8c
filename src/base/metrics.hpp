#pragma once

#include <array>
#include <atomic>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

/// Counters that cost the road one relaxed add on a cache line of the thread's own, summed when
/// somebody scrapes. Each is defined once, at namespace scope, beside the code it counts; it
/// registers itself.
namespace knotos::metrics {

inline constexpr std::size_t kLanes = 16;

/// The calling thread's lane. Threads are dealt lanes in turn.
[[nodiscard]] std::size_t lane();

struct Sample {
  std::string_view name;
  std::string_view help;
  std::string_view label_name;   ///< Empty: none.
  std::string_view label_value;  ///< Names and labels are constants.
  bool is_gauge;
  std::int64_t value;
};

/// Rises only. Prometheus name without the `knotos_` prefix; ends in `_total` by convention.
class Counter {
 public:
  Counter(std::string_view name, std::string_view help, std::string_view label_name = {},
          std::string_view label_value = {});
  Counter(const Counter&) = delete;
  Counter& operator=(const Counter&) = delete;

  void add(std::int64_t amount = 1) {
    lanes_[lane()].value.fetch_add(amount, std::memory_order_relaxed);
  }
  [[nodiscard]] std::int64_t value() const;

 protected:
  struct alignas(64) Lane {
    std::atomic<std::int64_t> value = 0;
  };
  Counter(std::string_view name, std::string_view help, std::string_view label_name,
          std::string_view label_value, bool is_gauge);

 private:
  std::array<Lane, kLanes> lanes_{};
};

/// Rises and falls: `add(1)`, `add(-1)`.
class Gauge : public Counter {
 public:
  Gauge(std::string_view name, std::string_view help, std::string_view label_name = {},
        std::string_view label_value = {})
      : Counter(name, help, label_name, label_value, true) {}
};

/// All that exist, in the order of their names.
[[nodiscard]] std::vector<Sample> collect();

}  // namespace knotos::metrics
