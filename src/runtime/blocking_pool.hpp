#pragma once

#include "base/error.hpp"
#include "base/task.hpp"

#include <boost/asio/append.hpp>
#include <boost/asio/associated_executor.hpp>
#include <boost/asio/async_result.hpp>
#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/post.hpp>

#include <cstddef>
#include <functional>
#include <memory>
#include <string>
#include <type_traits>
#include <utility>

namespace knotos::runtime {

/// Threads for what blocks: drivers, password hashes. Any thread may call it.
///
/// The queue is bounded: full means `overloaded` at once, so a slow disk is felt by those who wait
/// for it and not as a queue that grows. Jobs begin in the order in which they were given; with one
/// thread they also end in it.
class BlockingPool {
 public:
  BlockingPool(std::string name, std::size_t threads, std::size_t queue_max);
  /// Stops.
  ~BlockingPool();

  /// Runs `job` on a thread of the pool and answers on the caller's executor. The pool outlives the
  /// call. Errors: overloaded (also after `stop`), internal if the job throws, and the job's own.
  template <class T>
  [[nodiscard]] Task<Result<T>> run(std::move_only_function<Result<T>()> job);

  using Job = std::move_only_function<void()>;

  /// For what answers by itself. False, and `job` untouched, when there is no room or after `stop`.
  /// The job does not throw.
  [[nodiscard]] bool submit(Job& job);

  /// Takes nothing more, finishes what was queued and joins.
  void stop();

 private:
  /// Logs and counts what a job threw.
  [[nodiscard]] std::unexpected<Error> job_failed(std::string what) const;

  template <class T>
  [[nodiscard]] Result<T> call(std::move_only_function<Result<T>()>& job) const;

  struct State;
  std::unique_ptr<State> state_;
};

template <class T>
Task<Result<T>> BlockingPool::run(std::move_only_function<Result<T>()> job) {
  // Not a coroutine: it lives in the frame of this one until the answer is there.
  auto start = [this, &job](auto handler) {
    auto work = boost::asio::make_work_guard(handler);
    auto answer = [handler = std::move(handler), work = std::move(work)](Result<T> result) mutable {
      boost::asio::post(boost::asio::append(std::move(handler), std::move(result)));
      work.reset();
    };
    // Shared, because a refused job must give its handler back for the refusal.
    auto waiting = std::make_shared<decltype(answer)>(std::move(answer));
    Job queued = [this, waiting, owned = std::move(job)]() mutable {
      auto result = call<T>(owned);
      // What the job holds is released on this thread, before anybody hears of the result.
      owned = nullptr;
      (*waiting)(std::move(result));
    };
    if (!submit(queued)) (*waiting)(fail(Errc::overloaded));
  };
  co_return co_await boost::asio::async_initiate<const boost::asio::use_awaitable_t<>,
                                                 void(Result<T>)>(std::move(start),
                                                                  boost::asio::use_awaitable);
}

template <class T>
Result<T> BlockingPool::call(std::move_only_function<Result<T>()>& job) const {
  try {
    return job();
  } catch (const std::exception& exception) {
    return job_failed(exception.what());
  } catch (...) {
    return job_failed("not a std::exception");
  }
}

}  // namespace knotos::runtime
