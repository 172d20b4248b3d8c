#pragma once

#include "base/task.hpp"

#include <boost/asio/io_context.hpp>

#include <exception>
#include <memory>
#include <optional>
#include <stdexcept>
#include <utility>

/// Drives coroutines on the test's own thread: no thread, no sleep, one order of things for one
/// program.
namespace knotos::test {

/// A task that was started and may not have ended yet. Cheap to copy.
template <class T>
class Started {
 public:
  Started(boost::asio::io_context& io, Task<T> task) {
    boost::asio::co_spawn(io, std::move(task), [end = end_](std::exception_ptr thrown, T value) {
      end->thrown = std::move(thrown);
      end->value.emplace(std::move(value));
    });
  }

  [[nodiscard]] bool is_done() const { return end_->value.has_value(); }

  /// What it answered. Rethrows what it threw. Pre: `is_done()`.
  [[nodiscard]] const T& get() const {
    if (!is_done()) throw std::logic_error("the task has not ended");
    if (end_->thrown) std::rethrow_exception(end_->thrown);
    return *end_->value;
  }

 private:
  struct End {
    std::exception_ptr thrown;
    std::optional<T> value;
  };
  std::shared_ptr<End> end_ = std::make_shared<End>();
};

template <>
class Started<void> {
 public:
  Started(boost::asio::io_context& io, Task<void> task) {
    boost::asio::co_spawn(io, std::move(task), [end = end_](std::exception_ptr thrown) {
      end->thrown = std::move(thrown);
      end->is_done = true;
    });
  }

  [[nodiscard]] bool is_done() const { return end_->is_done; }

  void get() const {
    if (!is_done()) throw std::logic_error("the task has not ended");
    if (end_->thrown) std::rethrow_exception(end_->thrown);
  }

 private:
  struct End {
    std::exception_ptr thrown;
    bool is_done = false;
  };
  std::shared_ptr<End> end_ = std::make_shared<End>();
};

template <class T>
[[nodiscard]] Started<T> start(boost::asio::io_context& io, Task<T> task) {
  return Started<T>(io, std::move(task));
}

/// Runs everything that can run now.
inline void run_ready(boost::asio::io_context& io) {
  io.restart();
  io.poll();
}

/// Drives `io` until the task has ended, and no further. Throws where it waits for something that
/// never comes.
template <class T>
T run(boost::asio::io_context& io, Task<T> task) {
  const auto started = start(io, std::move(task));
  io.restart();
  while (!started.is_done()) {
    if (io.run_one() == 0) throw std::logic_error("the task waits for something that never comes");
  }
  return started.get();
}

/// The same on a loop of its own, for what touches no shard.
template <class T>
T run(Task<T> task) {
  boost::asio::io_context io{1};
  return run(io, std::move(task));
}

}  // namespace knotos::test
