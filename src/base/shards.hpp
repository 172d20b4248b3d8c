#pragma once

#include "base/task.hpp"
#include "base/uuid.hpp"

#include <boost/asio/any_io_executor.hpp>

#include <cstddef>
#include <functional>

namespace knotos {

/// The shards of this process, as everything above the runtime sees them: numbered executors, one
/// thread each. What belongs to a shard is touched on that shard only. Any thread may call these.
class Shards {
 public:
  virtual ~Shards() = default;

  [[nodiscard]] virtual std::size_t count() const = 0;
  /// The shard that the caller runs on; `count()` on a foreign thread.
  [[nodiscard]] virtual std::size_t current() const = 0;
  [[nodiscard]] virtual boost::asio::any_io_executor executor(std::size_t shard) = 0;

  /// Runs `work` on the shard, later (never inside this call), in the order of the calls from one
  /// thread to one shard. Work posted to a shard that has stopped is dropped.
  virtual void post(std::size_t shard, std::move_only_function<void()> work) = 0;

  /// Where the state of a chat, a user or anything else with an id lives in this process.
  template <class Tag>
  [[nodiscard]] std::size_t home_of(const Id<Tag>& id) const {
    return (std::hash<Id<Tag>>{}(id) >> 7U) % count();
  }
};

namespace detail {

template <class T>
[[nodiscard]] Task<T> run_there(boost::asio::any_io_executor there, Task<T> task) {
  co_return co_await boost::asio::co_spawn(there, std::move(task), boost::asio::use_awaitable);
}

}  // namespace detail

/// Runs `task` on the shard and comes back to the caller's executor with its result. No detour when
/// already there. To be awaited where it is called.
template <class T>
[[nodiscard]] Task<T> run_on(Shards& shards, std::size_t shard, Task<T> task) {
  if (shards.current() == shard) return task;
  return detail::run_there(shards.executor(shard), std::move(task));
}

}  // namespace knotos
