#pragma once

#include "base/shards.hpp"
#include "server/timers.hpp"

#include <boost/asio/io_context.hpp>

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <vector>

namespace knotos::runtime {

/// Shards that run: one thread, one io_context, one mailbox, one timer wheel each.
///
/// Made stopped: executors take work, and `start` runs it. Whoever owns sockets, exchanges, links
/// or timers of a shard is destroyed before the pool, and off the shards only after `stop`.
class ShardPool final : public Shards {
 public:
  /// Work that waits for one shard. More is taken all the same (see Mailbox), and counted.
  static constexpr std::size_t kMailboxMax = 65'536;
  static constexpr std::size_t kScratchBytes = 64 * 1024;

  explicit ShardPool(std::size_t count);
  /// Stops, then destroys the suspended coroutines, timers and posted work of all shards while all
  /// shards are still there to be named by them.
  ~ShardPool() override;

  [[nodiscard]] std::size_t count() const override { return shards_.size(); }
  [[nodiscard]] std::size_t current() const override;
  [[nodiscard]] boost::asio::any_io_executor executor(std::size_t shard) override;
  void post(std::size_t shard, std::move_only_function<void()> work) override;

  [[nodiscard]] server::Timers& timers(std::size_t shard);
  /// One a shard.
  [[nodiscard]] std::vector<server::Timers*> all_timers();
  /// For sockets of that shard.
  [[nodiscard]] boost::asio::io_context& loop(std::size_t shard);
  /// Where the shard reads into. What is in it is good until the callback returns to the loop.
  [[nodiscard]] std::span<std::uint8_t> scratch(std::size_t shard);

  /// Starts a thread for each shard.
  void start();
  /// Ends the loops and joins the threads. Not from a shard. Suspended coroutines are destroyed
  /// with the pool, not before.
  void stop();
  [[nodiscard]] bool is_running() const { return is_running_; }

 private:
  class Shard;
  std::vector<std::unique_ptr<Shard>> shards_;
  bool is_running_ = false;
};

}  // namespace knotos::runtime
