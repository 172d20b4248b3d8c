#pragma once

#include "base/shards.hpp"

#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>

#include <cstddef>
#include <functional>
#include <utility>

namespace knotos::test {

/// Shards without threads: all on one loop that the test drives. With one shard the test runs on
/// it; with more it counts as a foreign thread, so that every call takes the detour.
class TestShards final : public Shards {
 public:
  explicit TestShards(boost::asio::io_context& io, std::size_t count = 1)
      : io_(io), count_(count) {}

  [[nodiscard]] std::size_t count() const override { return count_; }
  [[nodiscard]] std::size_t current() const override { return count_ == 1 ? 0 : count_; }
  [[nodiscard]] boost::asio::any_io_executor executor(std::size_t /*shard*/) override {
    return io_.get_executor();
  }
  void post(std::size_t /*shard*/, std::move_only_function<void()> work) override {
    boost::asio::post(io_, std::move(work));
  }

 private:
  boost::asio::io_context& io_;
  std::size_t count_;
};

}  // namespace knotos::test
