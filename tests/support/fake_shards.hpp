#pragma once

#include "base/shards.hpp"

#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>

#include <cstddef>
#include <functional>
#include <memory>
#include <utility>
#include <vector>

namespace knotos::test {

/// Shards without threads: each is a queue that the test runs, on the test's own thread, so that
/// every interleaving can be written down. Coroutines on `executor` work.
class FakeShards final : public Shards {
 public:
  explicit FakeShards(std::size_t count = 1) : current_(count) {
    for (std::size_t i = 0; i < count; ++i) {
      contexts_.push_back(std::make_unique<boost::asio::io_context>(1));
    }
  }

  [[nodiscard]] std::size_t count() const override { return contexts_.size(); }
  [[nodiscard]] std::size_t current() const override { return current_; }
  [[nodiscard]] boost::asio::any_io_executor executor(std::size_t shard) override {
    return contexts_.at(shard)->get_executor();
  }
  void post(std::size_t shard, std::move_only_function<void()> work) override {
    boost::asio::post(*contexts_.at(shard), std::move(work));
  }

  /// Calls `work` as if on the shard, now.
  template <class Work>
  decltype(auto) on(std::size_t shard, Work&& work) {
    const Place place(*this, shard);
    return std::forward<Work>(work)();
  }

  /// Runs one piece of work of the shard; false if none waits.
  bool run_one(std::size_t shard) {
    const Place place(*this, shard);
    contexts_.at(shard)->restart();
    return contexts_.at(shard)->poll_one() != 0;
  }

  /// Runs all shards in turn until nothing waits.
  void run() {
    for (bool is_busy = true; is_busy;) {
      is_busy = false;
      for (std::size_t shard = 0; shard < contexts_.size(); ++shard) {
        is_busy = run_one(shard) || is_busy;
      }
    }
  }

 private:
  class Place {
   public:
    Place(FakeShards& shards, std::size_t shard)
        : shards_(shards), before_(std::exchange(shards.current_, shard)) {}
    Place(const Place&) = delete;
    Place& operator=(const Place&) = delete;
    ~Place() { shards_.current_ = before_; }

   private:
    FakeShards& shards_;
    std::size_t before_;
  };

  std::vector<std::unique_ptr<boost::asio::io_context>> contexts_;
  std::size_t current_;
};

}  // namespace knotos::test
