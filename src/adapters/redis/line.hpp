#pragma once

#include "adapters/redis/connection.hpp"

#include <functional>
#include <memory>
#include <random>
#include <string>
#include <string_view>

namespace knotos::adapters::redis {

/// A connection that is made again whenever it ends, after a pause that doubles up to its limit and
/// is drawn at random below it, so that a fleet does not come back in one moment. On the loop's
/// thread; it outlives the loop's last turn.
class Line {
 public:
  struct Handlers {
    std::function<void()> on_open;
    std::function<void(Reply)> on_reply;
    std::function<void(const std::string& cause)> on_lost;  ///< Also where it was never open.
  };

  /// `name`: for logs.
  Line(boost::asio::io_context& loop, boost::asio::ssl::context& tls, Url url,
       ConnectionLimits limits, std::string name, Handlers handlers);

  void start();
  void stop();
  void send(std::string_view commands);
  [[nodiscard]] bool is_open() const { return is_open_; }

 private:
  void connect();
  void on_end(const std::string& cause);

  boost::asio::io_context& loop_;
  boost::asio::ssl::context& tls_;
  Url url_;
  ConnectionLimits limits_;
  std::string name_;
  Handlers handlers_;
  std::shared_ptr<Connection> connection_;
  boost::asio::steady_timer pause_;
  std::chrono::milliseconds backoff_;
  std::minstd_rand random_;
  bool is_open_ = false;
  bool was_open_ = false;
  bool is_stopped_ = true;
  bool has_complained_ = false;
};

}  // namespace knotos::adapters::redis
