#include "runtime/shard_pool.hpp"

#include "base/assert.hpp"
#include "base/log.hpp"
#include "base/metrics.hpp"
#include "runtime/log_gate.hpp"
#include "runtime/mailbox.hpp"
#include "runtime/shard_timers.hpp"
#include "runtime/thread_name.hpp"

#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/post.hpp>

#include <array>
#include <exception>
#include <string>
#include <thread>
#include <utility>

namespace knotos::runtime {
namespace {

metrics::Counter mailbox_over_bound("mailbox_over_bound_total",
                                    "Work posted to a shard whose mailbox was beyond its bound.");
metrics::Counter callbacks_failed("callbacks_failed_total",
                                  "Callbacks on a shard that threw: each is a bug.");
LogGate over_bound_gate;

struct Here {
  const ShardPool* pool = nullptr;
  std::size_t shard = 0;
};
thread_local Here here;

void report_failure(const std::exception_ptr& thrown) {
  callbacks_failed.add();
  try {
    std::rethrow_exception(thrown);
  } catch (const std::exception& exception) {
    log::error("callback on a shard failed", {{"what", exception.what()}});
  } catch (...) {
    log::error("callback on a shard failed");
  }
}

/// An io_context whose waiting handlers can be destroyed while it still stands.
class Loop : public boost::asio::io_context {
 public:
  Loop() : boost::asio::io_context(1) {}
  void destroy_handlers() { shutdown(); }
};

}  // namespace

class ShardPool::Shard {
 public:
  explicit Shard(std::size_t index) : index_(index) {}

  Loop& loop() { return loop_; }
  ShardTimers& timers() { return timers_; }
  std::span<std::uint8_t> scratch() { return scratch_; }

  void post(Mailbox::Work work) {
    const auto pushed = mailbox_.push(std::move(work));
    if (pushed.is_over_bound) {
      mailbox_over_bound.add();
      if (over_bound_gate.opens()) log::warning("mailbox beyond its bound", {{"shard", index_}});
    }
    if (pushed.needs_wake) boost::asio::post(loop_, [this] { drain(); });
  }

  void start(const ShardPool& pool) {
    loop_.restart();
    thread_ = std::thread([this, &pool] {
      here = {.pool = &pool, .shard = index_};
      name_this_thread("shard-" + std::to_string(index_));
      run();
    });
  }

  void stop() { loop_.stop(); }
  void join() { thread_.join(); }

  void close_mailbox() { const auto dropped = mailbox_.close(); }
  void destroy_handlers() {
    loop_.destroy_handlers();
    timers_.clear();
  }

 private:
  void run() {
    const auto work = boost::asio::make_work_guard(loop_);
    while (!loop_.stopped()) {
      try {
        loop_.run();
      } catch (...) {
        report_failure(std::current_exception());
      }
    }
  }

  void drain() {
    mailbox_.take(batch_);
    for (auto& work : batch_) {
      try {
        // Taken out, so that what it holds is released in its turn, not at the end of the batch.
        auto taken = std::exchange(work, nullptr);
        taken();
      } catch (...) {
        report_failure(std::current_exception());
      }
      // A stopped shard runs nothing more; the rest of the batch is dropped.
      if (loop_.stopped()) break;
    }
    batch_.clear();
  }

  const std::size_t index_;
  Loop loop_;
  Mailbox mailbox_{kMailboxMax};
  std::vector<Mailbox::Work> batch_;
  ShardTimers timers_{loop_};
  std::array<std::uint8_t, kScratchBytes> scratch_{};
  std::thread thread_;
};

ShardPool::ShardPool(std::size_t count) {
  KN_ASSERT(count > 0);
  for (std::size_t index = 0; index < count; ++index) {
    shards_.push_back(std::make_unique<Shard>(index));
  }
}

ShardPool::~ShardPool() {
  stop();
  // Frames that die may post, cancel timers and name executors of other shards: so all of them go
  // before any shard does.
  for (auto& shard : shards_) shard->close_mailbox();
  for (auto& shard : shards_) shard->destroy_handlers();
}

std::size_t ShardPool::current() const { return here.pool == this ? here.shard : count(); }

boost::asio::any_io_executor ShardPool::executor(std::size_t shard) {
  return shards_[shard]->loop().get_executor();
}

void ShardPool::post(std::size_t shard, std::move_only_function<void()> work) {
  shards_[shard]->post(std::move(work));
}

server::Timers& ShardPool::timers(std::size_t shard) { return shards_[shard]->timers(); }

std::vector<server::Timers*> ShardPool::all_timers() {
  std::vector<server::Timers*> all;
  for (auto& shard : shards_) all.push_back(&shard->timers());
  return all;
}

boost::asio::io_context& ShardPool::loop(std::size_t shard) { return shards_[shard]->loop(); }

std::span<std::uint8_t> ShardPool::scratch(std::size_t shard) { return shards_[shard]->scratch(); }

void ShardPool::start() {
  KN_ASSERT(!is_running_);
  is_running_ = true;
  for (auto& shard : shards_) shard->start(*this);
}

void ShardPool::stop() {
  if (!is_running_) return;
  KN_ASSERT(current() == count());
  for (auto& shard : shards_) shard->stop();
  for (auto& shard : shards_) shard->join();
  is_running_ = false;
}

}  // namespace knotos::runtime
