#pragma once

#include <atomic>
#include <cstddef>
#include <memory>
#include <utility>

namespace knotos::services {

/// One piece of work under way, counted for as long as its coroutine lives. The count is shared,
/// since the coroutine may be destroyed after the service that began it.
class InFlight {
 public:
  explicit InFlight(std::shared_ptr<std::atomic<std::size_t>> count) : count_(std::move(count)) {
    count_->fetch_add(1);
  }
  ~InFlight() { count_->fetch_sub(1); }
  InFlight(const InFlight&) = delete;
  InFlight& operator=(const InFlight&) = delete;

 private:
  std::shared_ptr<std::atomic<std::size_t>> count_;
};

}  // namespace knotos::services
