#pragma once

#include "base/shards.hpp"
#include "server/http_exchange.hpp"
#include "server/timers.hpp"

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

/// The only home of threads, sockets and timers.
namespace knotos::runtime {

/// Shards that run: one thread and one io_context each.
///
/// Made stopped; `run` blocks until `stop`. Between shards go values in a bounded mailbox with one
/// wake-up a batch.
class ShardPool final : public Shards {
 public:
  explicit ShardPool(std::size_t count);
  ~ShardPool() override;

  [[nodiscard]] std::size_t count() const override;
  [[nodiscard]] std::size_t current() const override;
  [[nodiscard]] boost::asio::any_io_executor executor(std::size_t shard) override;
  void post(std::size_t shard, std::move_only_function<void()> work) override;

  [[nodiscard]] server::Timers& timers(std::size_t shard);
  /// One a shard.
  [[nodiscard]] std::vector<server::Timers*> all_timers();

  /// Starts a thread for each shard.
  void start();
  /// Ends the loops and joins the threads. Suspended coroutines are destroyed with the pool, not
  /// before.
  void stop();

 private:
  class Shard;
  std::vector<std::unique_ptr<Shard>> shards_;
};

/// Threads for what blocks. The queue is bounded: full means `overloaded` at once.
class BlockingPool {
 public:
  BlockingPool(std::string name, std::size_t threads, std::size_t queue_max);
  ~BlockingPool();

  /// Runs `job` on a thread of the pool and answers on the caller's executor. Errors: overloaded,
  /// and the job's own.
  template <class T>
  [[nodiscard]] Task<Result<T>> run(std::move_only_function<Result<T>()> job);

  /// Finishes what was queued and joins.
  void stop();

 private:
  struct State;
  std::unique_ptr<State> state_;
};

struct HttpLimits {
  std::size_t header_bytes_max = 16 * 1024;
  std::size_t headers_max = 100;
  std::size_t body_bytes_max = 1'000'000;
  std::chrono::milliseconds header_timeout{
      10'000};  ///< From the first byte of a request to the end of its headers.
  std::chrono::milliseconds body_timeout{30'000};        ///< For the body.
  std::chrono::milliseconds keep_alive_timeout{75'000};  ///< Between two requests.
  std::chrono::milliseconds write_timeout{30'000};  ///< For a response that the peer does not take.
  std::size_t connections_max = 18'000;             ///< Of the process; more are closed at once.
};

/// Accepts connections, deals them to the shards in turn, speaks HTTP/1.1 on them and hands
/// requests to whoever is mounted.
class HttpServer {
 public:
  HttpServer(ShardPool& shards, HttpLimits limits);
  ~HttpServer();

  /// Requests whose path begins with `prefix`; the longest prefix wins. Before `listen`. Called on
  /// the connection's shard.
  void mount(std::string prefix, server::HttpHandler handler);

  /// Throws std::runtime_error with one clear sentence when the address cannot be had. Returns the
  /// port (for port 0).
  std::uint16_t listen(const std::string& host, std::uint16_t port);

  /// Accepts no more; idle connections are closed, requests under way are answered.
  void stop_accepting();
  /// Closes what is left. From any thread; returns when done.
  void close_all();

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace knotos::runtime
