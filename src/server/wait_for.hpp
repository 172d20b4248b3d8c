#pragma once

#include "base/task.hpp"

#include <memory>
#include <utility>

namespace knotos::server {

/// A callback's answer as a task: the callback delivers to `answer` on the waiter's shard.
template <class T>
[[nodiscard]] Task<T> wait_for(std::shared_ptr<OneShot<T>> answer) {
  co_return co_await answer->wait();
}

}  // namespace knotos::server
