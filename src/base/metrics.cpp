#include "base/metrics.hpp"

#include <algorithm>
#include <mutex>
#include <tuple>

namespace knotos::metrics {
namespace {

struct Entry {
  Sample sample;
  const Counter* counter;
};

struct Registry {
  std::mutex mutex;
  std::vector<Entry> entries;
};

Registry& registry() {
  static Registry instance;
  return instance;
}

}  // namespace

std::size_t lane() {
  static std::atomic<std::size_t> next = 0;
  thread_local const std::size_t mine = next.fetch_add(1, std::memory_order_relaxed) % kLanes;
  return mine;
}

Counter::Counter(std::string_view name, std::string_view help, std::string_view label_name,
                 std::string_view label_value)
    : Counter(name, help, label_name, label_value, false) {}

Counter::Counter(std::string_view name, std::string_view help, std::string_view label_name,
                 std::string_view label_value, bool is_gauge) {
  const std::scoped_lock lock(registry().mutex);
  registry().entries.push_back({{name, help, label_name, label_value, is_gauge, 0}, this});
}

std::int64_t Counter::value() const {
  std::int64_t sum = 0;
  for (const auto& each : lanes_) sum += each.value.load(std::memory_order_relaxed);
  return sum;
}

std::vector<Sample> collect() {
  std::vector<Sample> samples;
  const std::scoped_lock lock(registry().mutex);
  for (const auto& entry : registry().entries) {
    samples.push_back(entry.sample);
    samples.back().value = entry.counter->value();
  }
  std::ranges::sort(
      samples, {}, [](const Sample& s) { return std::tuple(s.name, s.label_name, s.label_value); });
  return samples;
}

}  // namespace knotos::metrics
