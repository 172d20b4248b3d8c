#pragma once

#include "base/assert.hpp"
#include "base/log.hpp"

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/async_result.hpp>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>

#include <exception>
#include <functional>
#include <optional>
#include <string_view>
#include <utility>

namespace knotos {

/// What ends: a use case, a handler, a loop. Parameters are owned values: no references, views or
/// spans (docs/adr/0003-coroutines.md).
template <class T = void>
using Task = boost::asio::awaitable<T>;

/// A value that one coroutine waits for and somebody else delivers, once. Both on the same
/// executor. Whoever drops it undelivered leaves the waiter suspended: always deliver.
template <class T>
class OneShot {
 public:
  OneShot() = default;
  OneShot(const OneShot&) = delete;
  OneShot& operator=(const OneShot&) = delete;

  void deliver(T value) {
    KN_ASSERT(!value_ && !is_taken_);
    if (!waiter_) {
      value_ = std::move(value);
      return;
    }
    is_taken_ = true;
    auto waiter = std::exchange(waiter_, nullptr);
    // Posted, not called: the deliverer's own invariants must hold before the waiter goes on.
    boost::asio::post(executor_, [waiter = std::move(waiter), value = std::move(value)]() mutable {
      waiter(std::move(value));
    });
  }

  /// At most one waiter.
  [[nodiscard]] Task<T> wait() {
    if (value_) {
      is_taken_ = true;
      auto value = std::move(*value_);
      value_.reset();
      co_return value;
    }
    executor_ = co_await boost::asio::this_coro::executor;
    auto value =
        co_await boost::asio::async_initiate<const boost::asio::use_awaitable_t<>&, void(T)>(
            [this](auto handler) {
              waiter_ = [handler = std::move(handler)](T delivered) mutable {
                std::move(handler)(std::move(delivered));
              };
            },
            boost::asio::use_awaitable);
    co_return value;
  }

 private:
  std::optional<T> value_;
  bool is_taken_ = false;
  boost::asio::any_io_executor executor_;
  // Not asio's any_completion_handler: that of Boost 1.81 wraps itself without end when moved.
  std::move_only_function<void(T)> waiter_;
};

/// Starts a task that nobody waits for. What it throws is a bug of ours: logged and counted, never
/// lost.
void spawn(const boost::asio::any_io_executor& executor, std::string_view name, Task<void> task);

}  // namespace knotos
