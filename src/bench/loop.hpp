#pragma once

#include "base/time.hpp"

#include <cstdint>
#include <functional>
#include <vector>

namespace knotos::bench {

/// Whoever has a descriptor in the loop.
class Watcher {
 public:
  virtual ~Watcher() = default;
  /// Readable, writable or broken: see epoll(7). It may be late by a turn: check that the
  /// descriptor is still open.
  virtual void on_ready(std::uint32_t events) = 0;
  /// At the end of the turn in which `ask_for_flush` was called.
  virtual void on_flush() {}
};

/// One thread, one epoll. A watcher must not be destroyed inside a turn.
class Loop {
 public:
  /// Throws std::system_error where the kernel gives no epoll.
  Loop();
  ~Loop();
  Loop(const Loop&) = delete;
  Loop& operator=(const Loop&) = delete;

  void watch(int descriptor, Watcher& watcher, std::uint32_t events);
  void change(int descriptor, Watcher& watcher, std::uint32_t events);
  void forget(int descriptor);

  void ask_for_flush(Watcher& watcher) { flushing_.push_back(&watcher); }

  /// Waits for what happens until `until` at the latest, and tells the watchers.
  void turn(SteadyTime until);
  /// Turns until `is_done` says so, which is asked after every turn. False: `until` came first.
  bool run(SteadyTime until, const std::function<bool()>& is_done);

  /// When bytes last came: read once for all that came together.
  [[nodiscard]] SteadyTime read_at() const { return read_at_; }
  void note_read() { read_at_ = std::chrono::steady_clock::now(); }

  /// Called each turn before it waits; answers when it wants to be called at the latest.
  void set_pacer(std::function<SteadyTime()> pacer) { pacer_ = std::move(pacer); }

 private:
  int epoll_ = -1;
  SteadyTime read_at_;
  std::vector<Watcher*> flushing_;
  std::vector<Watcher*> flushing_now_;
  std::function<SteadyTime()> pacer_;
};

}  // namespace knotos::bench
