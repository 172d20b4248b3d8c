#include "runtime/shard_timers.hpp"

#include <utility>

namespace knotos::runtime {

ShardTimers::ShardTimers(boost::asio::io_context& loop)
    : alarm_(loop), wheel_(std::chrono::steady_clock::now()) {}

SteadyTime ShardTimers::now() const { return std::chrono::steady_clock::now(); }

Time ShardTimers::wall_now() const { return now_utc(); }

ShardTimers::Handle ShardTimers::at(SteadyTime deadline, std::move_only_function<void()> call) {
  const auto handle = wheel_.add(deadline, std::move(call));
  if (!is_turning_) sleep();
  return handle;
}

void ShardTimers::cancel(Handle handle) {
  // The alarm is left as it is: to wake once for nothing is cheaper than to set it anew each time.
  wheel_.cancel(handle);
}

void ShardTimers::sleep() {
  const auto next = wheel_.next_wake();
  if (!next || (wake_at_ && *wake_at_ <= *next)) return;
  wake_at_ = next;
  alarm_.expires_at(*next);
  alarm_.async_wait([this](const boost::system::error_code& ec) {
    if (ec) return;  // Set anew to an earlier time.
    wake();
  });
}

void ShardTimers::wake() {
  // The guard sets the alarm again even when a callback throws.
  struct Turn {
    ShardTimers& timers;
    explicit Turn(ShardTimers& turned) : timers(turned) { timers.is_turning_ = true; }
    ~Turn() {
      timers.is_turning_ = false;
      timers.sleep();
    }
  } const turn{*this};
  wake_at_.reset();
  wheel_.advance(now());
}

}  // namespace knotos::runtime
