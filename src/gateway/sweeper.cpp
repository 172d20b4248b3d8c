#include "gateway/sweeper.hpp"

#include "base/metrics.hpp"

#include <utility>

namespace knotos::gateway {
namespace {

metrics::Counter sweeps_done("gateway_sweeps_total", "Sweeps of what changed in the store.");
metrics::Counter sweeps_failed("gateway_sweeps_failed_total",
                               "Sweeps that could not read the store, and are made up for.");
metrics::Counter sweeps_cut("gateway_sweeps_cut_total",
                            "Sweeps that found more than one of them reads.");

}  // namespace

void Sweeper::begin() { compare(); }

void Sweeper::compare() {
  if (std::exchange(is_asked_again_, true) || is_sweeping_) return;
  ports_.timers.cancel(std::exchange(timer_, 0));
  is_sweeping_ = true;
  spawn(ports_.shards.executor(ports_.shards.current()), "sweep", sweep());
}

void Sweeper::wait() {
  timer_ = ports_.timers.at(ports_.timers.now() + limits_.every, [this] {
    timer_ = 0;
    compare();
  });
}

Task<void> Sweeper::sweep() {
  while (std::exchange(is_asked_again_, false)) co_await look();
  is_sweeping_ = false;
  wait();
}

Task<void> Sweeper::look() {
  if (!since_) {
    const auto now = co_await ports_.store.store_time();
    if (now) since_ = *now - limits_.margin;
    if (!now) sweeps_failed.add();
    co_return;
  }
  for (std::size_t pages = 0; pages < limits_.pages_max; ++pages) {
    const auto page = co_await ports_.store.changed_since(*since_, limits_.page);
    if (!page) {
      sweeps_failed.add();
      co_return;
    }
    found_(*since_, *page);
    since_ = page->has_more ? page->next_since : page->now - limits_.margin;
    if (page->has_more) continue;
    sweeps_done.add();
    co_return;
  }
  sweeps_cut.add();
}

}  // namespace knotos::gateway
