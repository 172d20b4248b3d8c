#include "runtime/blocking_pool.hpp"

#include "base/assert.hpp"
#include "base/log.hpp"
#include "base/metrics.hpp"
#include "runtime/log_gate.hpp"
#include "runtime/thread_name.hpp"

#include <condition_variable>
#include <deque>
#include <mutex>
#include <optional>
#include <thread>
#include <vector>

namespace knotos::runtime {
namespace {

metrics::Counter jobs_refused("blocking_jobs_refused_total",
                              "Jobs that found the queue of their blocking pool full.");
metrics::Counter jobs_failed("blocking_jobs_failed_total",
                             "Jobs on a blocking pool that threw: each is a bug.");
metrics::Gauge jobs_waiting("blocking_jobs_waiting", "Jobs in the queues of the blocking pools.");
LogGate refused_gate;

}  // namespace

struct BlockingPool::State {
  const std::string name;
  const std::size_t queue_max;
  std::mutex mutex;
  std::condition_variable changed;
  std::deque<Job> queue;
  bool is_stopping = false;
  std::vector<std::thread> threads;

  /// The next job; nullopt when stopped and empty.
  std::optional<Job> next() {
    std::unique_lock lock(mutex);
    changed.wait(lock, [this] { return is_stopping || !queue.empty(); });
    if (queue.empty()) return std::nullopt;
    std::optional<Job> job(std::move(queue.front()));
    queue.pop_front();
    jobs_waiting.add(-1);
    return job;
  }
};

BlockingPool::BlockingPool(std::string name, std::size_t threads, std::size_t queue_max)
    : state_(new State{.name = std::move(name),
                       .queue_max = queue_max,
                       .mutex = {},
                       .changed = {},
                       .queue = {},
                       .threads = {}}) {
  KN_ASSERT(threads > 0 && queue_max > 0);
  for (std::size_t started = 0; started < threads; ++started) {
    state_->threads.emplace_back([state = state_.get()] {
      name_this_thread(state->name);
      while (auto job = state->next()) (*job)();
    });
  }
}

BlockingPool::~BlockingPool() { stop(); }

void BlockingPool::stop() {
  {
    const std::scoped_lock lock(state_->mutex);
    state_->is_stopping = true;
  }
  state_->changed.notify_all();
  for (auto& thread : state_->threads) {
    if (thread.joinable()) thread.join();
  }
}

bool BlockingPool::submit(Job& job) {
  {
    const std::scoped_lock lock(state_->mutex);
    if (!state_->is_stopping && state_->queue.size() < state_->queue_max) {
      state_->queue.push_back(std::move(job));
      jobs_waiting.add();
      state_->changed.notify_one();
      return true;
    }
  }
  jobs_refused.add();
  if (refused_gate.opens()) log::warning("blocking pool is full", {{"pool", state_->name}});
  return false;
}

std::unexpected<Error> BlockingPool::job_failed(std::string what) const {
  jobs_failed.add();
  log::error("job on a blocking pool failed", {{"pool", state_->name}, {"what", what}});
  return fail_because(Errc::internal, std::move(what));
}

}  // namespace knotos::runtime
