#pragma once

#include "runtime/http_limits.hpp"
#include "runtime/http_server.hpp"
#include "runtime/shard_pool.hpp"
#include "server/server.hpp"

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <string>

namespace knotos::runtime {

/// A whole Socket.IO server: shards, HTTP and the protocol in one object, for programs that have no
/// composition root of their own.
///
///     runtime::SocketIoHost host({.port = 3000});
///     host.io().of("/").on("echo", …);
///     host.run();
///
/// Made, configured, run and stopped by one thread, which is no shard; handlers run on the shards.
/// Throws std::runtime_error where the address cannot be had.
class SocketIoHost {
 public:
  struct Options {
    std::string host = "127.0.0.1";
    std::uint16_t port = 3000;  ///< 0: a free one.
    std::size_t shards = 0;     ///< Threads that serve; 0: the cores.
    server::Options socketio;
    HttpLimits http;
    /// What `stop` gives links to take what waits for them.
    std::chrono::milliseconds drain{5'000};
  };

  explicit SocketIoHost(Options options);
  /// Stops.
  ~SocketIoHost();
  SocketIoHost(const SocketIoHost&) = delete;
  SocketIoHost& operator=(const SocketIoHost&) = delete;

  /// Configure it before `start`.
  [[nodiscard]] server::Server& io() { return io_; }
  /// For other paths beside Socket.IO's; mount them before `start`.
  [[nodiscard]] HttpServer& http() { return http_; }
  [[nodiscard]] ShardPool& shards() { return shards_; }

  /// Listens and serves, and returns the port.
  std::uint16_t start();
  /// `start`, then waits for SIGINT or SIGTERM, then `stop`.
  void run();
  /// No new links; those that are there end without DISCONNECT, so that clients come back to
  /// whoever serves next. Twice is once.
  void stop();

 private:
  [[nodiscard]] std::size_t links();

  Options options_;
  ShardPool shards_;
  server::Server io_;
  HttpServer http_;
  bool is_running_ = false;
};

}  // namespace knotos::runtime
