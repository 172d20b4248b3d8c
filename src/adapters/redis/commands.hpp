#pragma once

#include "adapters/redis/line.hpp"
#include "base/error.hpp"

#include <cstddef>
#include <cstdint>
#include <deque>
#include <functional>
#include <mutex>
#include <string>
#include <vector>

namespace knotos::adapters::redis {

/// Commands and their answers over one connection: all that wait go out together, and answers come
/// in order. Any thread may submit; the rest is on the loop's thread.
class Commands {
 public:
  using Done = std::move_only_function<void(Result<Reply>)>;

  struct Command {
    std::string text;
    /// Waits for a connection, and is sent again where the answer was lost; else it fails then.
    bool is_kept = false;
    Done done;               ///< On the loop's thread; may be empty.
    std::uint16_t slot = 0;  ///< Of a cluster: where its key lives.
  };

  struct Limits {
    std::size_t bytes_max = std::size_t{16} * 1024 * 1024;  ///< Of commands without an answer.
  };

  struct Handlers {
    std::function<void()> on_open;
    std::function<void(const std::string& cause)> on_lost;
  };

  Commands(boost::asio::io_context& loop, boost::asio::ssl::context& tls, const Url& url,
           ConnectionLimits connection, Limits limits, Handlers handlers);

  void start() { line_.start(); }
  void stop();

  /// Any thread. Errors, by `done`: store_unavailable (no connection), overloaded.
  void submit(Command command);
  [[nodiscard]] bool is_open() const { return line_.is_open(); }
  /// The kept ones that have no answer, oldest first. Pre: stopped.
  [[nodiscard]] std::deque<Command> take_kept();

 private:
  void take_submitted();
  void send_waiting();
  void on_reply(Reply reply);
  void on_lost(const std::string& cause);
  void finish(Command& command, Result<Reply> reply);
  void forget_bytes(const Command& command);

  boost::asio::io_context& loop_;
  Limits limits_;
  Handlers handlers_;
  Line line_;

  std::mutex mutex_;
  std::vector<Command> submitted_;
  bool is_awake_ = false;
  std::size_t bytes_ = 0;

  std::deque<Command> waiting_;
  std::deque<Command> in_flight_;
};

}  // namespace knotos::adapters::redis
