#pragma once

#include <atomic>
#include <cstddef>
#include <memory>
#include <utility>

namespace knotos::runtime {

/// One of the server's `connections_max` places, held while a descriptor is open. It moves with the
/// descriptor, from the connection to the link. Any thread.
class ConnectionPlace {
 public:
  using Count = std::atomic<std::size_t>;

  ConnectionPlace() = default;
  explicit ConnectionPlace(std::shared_ptr<Count> count) : count_(std::move(count)) { ++*count_; }
  ConnectionPlace(ConnectionPlace&&) noexcept = default;
  ConnectionPlace& operator=(ConnectionPlace&& other) noexcept {
    if (this != &other) {
      leave();
      count_ = std::move(other.count_);
    }
    return *this;
  }
  ~ConnectionPlace() { leave(); }

  void leave() {
    if (count_) --*count_;
    count_.reset();
  }

 private:
  std::shared_ptr<Count> count_;
};

}  // namespace knotos::runtime
