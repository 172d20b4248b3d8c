#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>

namespace knotos::runtime {

/// Lets one log line a second through, for what can happen thousands of times a second. A counter
/// beside it tells the true number. Any thread.
class LogGate {
 public:
  [[nodiscard]] bool opens() {
    using std::chrono::steady_clock;
    const auto second =
        std::chrono::duration_cast<std::chrono::seconds>(steady_clock::now().time_since_epoch())
            .count();
    auto last = last_.load(std::memory_order_relaxed);
    return last != second && last_.compare_exchange_strong(last, second, std::memory_order_relaxed);
  }

 private:
  std::atomic<std::int64_t> last_ = -1;
};

}  // namespace knotos::runtime
