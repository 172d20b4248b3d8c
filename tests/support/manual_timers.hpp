#pragma once

#include "base/time.hpp"
#include "server/timers.hpp"
#include "support/fake_shards.hpp"

#include <chrono>
#include <cstddef>
#include <functional>
#include <map>
#include <memory>
#include <utility>
#include <vector>

namespace knotos::test {

/// One clock for all shards, moved by the test. What falls due is called on its shard, in the order
/// of the deadlines, each at its exact deadline; the shards run until idle after each.
class ManualClock {
 public:
  explicit ManualClock(FakeShards& shards) : shards_(shards) {
    for (std::size_t shard = 0; shard < shards.count(); ++shard) {
      timers_.push_back(std::make_unique<ShardTimers>(*this, shard));
    }
  }
  ManualClock(const ManualClock&) = delete;
  ManualClock& operator=(const ManualClock&) = delete;

  [[nodiscard]] server::Timers& timers(std::size_t shard) { return *timers_.at(shard); }
  [[nodiscard]] std::vector<server::Timers*> all_timers() {
    std::vector<server::Timers*> all;
    for (auto& timers : timers_) all.push_back(timers.get());
    return all;
  }

  [[nodiscard]] SteadyTime now() const { return now_; }
  [[nodiscard]] Time wall_now() const { return wall_epoch_ + elapsed(); }
  /// Timers that wait.
  [[nodiscard]] std::size_t waiting() const { return waiting_.size(); }

  void advance(Milliseconds by) {
    const auto until = now_ + by;
    shards_.run();
    while (!waiting_.empty() && waiting_.begin()->first.first <= until) {
      auto due = waiting_.extract(waiting_.begin());
      now_ = std::max(now_, due.key().first);
      shards_.on(due.mapped().shard, [&] { due.mapped().call(); });
      shards_.run();
    }
    now_ = until;
  }

  /// Moves the clock and calls nothing: the timers are late.
  void advance_without_timers(Milliseconds by) { now_ += by; }

 private:
  using Key = std::pair<SteadyTime, server::Timers::Handle>;
  struct Entry {
    std::size_t shard;
    std::move_only_function<void()> call;
  };

  class ShardTimers final : public server::Timers {
   public:
    ShardTimers(ManualClock& clock, std::size_t shard) : clock_(clock), shard_(shard) {}

    [[nodiscard]] SteadyTime now() const override { return clock_.now_; }
    [[nodiscard]] Time wall_now() const override { return clock_.wall_now(); }
    [[nodiscard]] Handle at(SteadyTime deadline, std::move_only_function<void()> call) override {
      const auto handle = ++clock_.last_;
      clock_.waiting_.emplace(Key{deadline, handle}, Entry{shard_, std::move(call)});
      return handle;
    }
    void cancel(Handle handle) override {
      std::erase_if(clock_.waiting_,
                    [handle](const auto& entry) { return entry.first.second == handle; });
    }

   private:
    ManualClock& clock_;
    std::size_t shard_;
  };

  [[nodiscard]] Milliseconds elapsed() const {
    return std::chrono::duration_cast<Milliseconds>(now_ - kStart);
  }

  static constexpr SteadyTime kStart{std::chrono::hours(1)};

  FakeShards& shards_;
  std::vector<std::unique_ptr<ShardTimers>> timers_;
  std::map<Key, Entry> waiting_;
  SteadyTime now_ = kStart;
  Time wall_epoch_{std::chrono::sys_days{std::chrono::year{2026} / 11 / 24}};
  server::Timers::Handle last_ = 0;
};

}  // namespace knotos::test
