#pragma once

#include "runtime/timer_wheel.hpp"
#include "server/timers.hpp"

#include <boost/asio/io_context.hpp>
#include <boost/asio/steady_timer.hpp>

#include <optional>

namespace knotos::runtime {

/// One shard's timers: its wheel, turned by one Asio timer that sleeps until the wheel has
/// something to do. A shard without timers does not tick. On its shard only.
class ShardTimers final : public server::Timers {
 public:
  explicit ShardTimers(boost::asio::io_context& loop);

  [[nodiscard]] SteadyTime now() const override;
  [[nodiscard]] Time wall_now() const override;
  [[nodiscard]] Handle at(SteadyTime deadline, std::move_only_function<void()> call) override;
  void cancel(Handle handle) override;

  /// Destroys all callbacks uncalled.
  void clear() { wheel_.clear(); }

 private:
  void sleep();
  void wake();

  boost::asio::basic_waitable_timer<std::chrono::steady_clock,
                                    boost::asio::wait_traits<std::chrono::steady_clock>,
                                    boost::asio::io_context::executor_type>
      alarm_;
  TimerWheel wheel_;
  std::optional<SteadyTime> wake_at_;
  bool is_turning_ = false;
};

}  // namespace knotos::runtime
