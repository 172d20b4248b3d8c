#pragma once

#include "ports/bus.hpp"

#include <condition_variable>
#include <cstddef>
#include <mutex>
#include <utility>
#include <vector>

namespace knotos::test {

/// What a listener was told, for threads that wait for it.
class BusEar final : public ports::BusListener {
 public:
  void hear(ports::BusEvent event) override {
    const std::scoped_lock lock(mutex_);
    events_.push_back(std::move(event));
    moved_.notify_all();
  }
  void bus_degraded() override { note(&degraded_); }
  void bus_restored() override { note(&restored_); }

  /// Waits until what was heard is enough.
  template <class Enough>
  std::vector<ports::BusEvent> until(Enough enough) {
    std::unique_lock lock(mutex_);
    moved_.wait(lock, [&] { return enough(events_); });
    return events_;
  }
  /// The same, but no longer than until the bus was restored so often: what is lost before that may
  /// be. False: it was.
  template <class Enough>
  bool until_or_restored(Enough enough, std::size_t times) {
    std::unique_lock lock(mutex_);
    moved_.wait(lock, [&] { return enough(events_) || restored_ >= times; });
    return enough(events_);
  }
  std::vector<ports::BusEvent> events(std::size_t count) {
    return until([count](const auto& events) { return events.size() >= count; });
  }
  void wait_degraded(std::size_t times) { wait(degraded_, times); }
  void wait_restored(std::size_t times) { wait(restored_, times); }
  std::size_t heard() {
    const std::scoped_lock lock(mutex_);
    return events_.size();
  }

 private:
  void note(std::size_t* what) {
    const std::scoped_lock lock(mutex_);
    ++*what;
    moved_.notify_all();
  }
  void wait(const std::size_t& what, std::size_t times) {
    std::unique_lock lock(mutex_);
    moved_.wait(lock, [&] { return what >= times; });
  }

  std::mutex mutex_;
  std::condition_variable moved_;
  std::vector<ports::BusEvent> events_;
  std::size_t degraded_ = 0;
  std::size_t restored_ = 0;
};

}  // namespace knotos::test
