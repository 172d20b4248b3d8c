#pragma once

#include "base/time.hpp"

#include <cstdint>
#include <functional>

namespace knotos::server {

/// Timers of one shard, asked for by deadline. The runtime has them on a wheel, the simulator on
/// its virtual clock.
class Timers {
 public:
  /// Names a timer; never reused while the process lives. 0: none.
  using Handle = std::uint64_t;

  virtual ~Timers() = default;

  [[nodiscard]] virtual SteadyTime now() const = 0;
  [[nodiscard]] virtual Time wall_now() const = 0;

  /// Calls once, on this shard, at the deadline or up to 10 ms after it, never before, never inside
  /// this call.
  [[nodiscard]] virtual Handle at(SteadyTime deadline, std::move_only_function<void()> call) = 0;
  /// It will not be called. Unknown and past handles are ignored.
  virtual void cancel(Handle handle) = 0;
};

}  // namespace knotos::server
