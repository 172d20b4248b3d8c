#pragma once

#include "adapters/redis/resp.hpp"
#include "adapters/redis/url.hpp"

#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/ssl/context.hpp>
#include <boost/asio/ssl/stream.hpp>
#include <boost/asio/steady_timer.hpp>

#include <array>
#include <chrono>
#include <functional>
#include <memory>
#include <string>
#include <string_view>

namespace knotos::adapters::redis {

/// How connections to a server behave.
struct ConnectionLimits {
  std::chrono::milliseconds open_time{3'000};  ///< From the name to the answered greeting.
  std::chrono::milliseconds ping_after{1'000};
  std::chrono::milliseconds silence_max{4'000};  ///< Then it counts as dead.
  std::chrono::milliseconds backoff_min{50};
  std::chrono::milliseconds backoff_max{2'000};
  std::size_t reply_bytes_max = std::size_t{64} * 1024 * 1024;
};

/// One connection to a server, from its opening to its end: plain or by TLS, signed in, on its
/// database, told to be alive by PING. It is opened once; whoever wants another one makes another
/// one. On the loop's thread.
class Connection : public std::enable_shared_from_this<Connection> {
 public:
  struct Handlers {
    std::function<void()> on_open;
    std::function<void(Reply)> on_reply;  ///< Not of the greeting's commands and not of PING.
    /// At most once; after it nothing is called.
    std::function<void(std::string cause)> on_end;
  };

  Connection(boost::asio::io_context& loop, boost::asio::ssl::context& tls, Url url,
             ConnectionLimits limits, Handlers handlers);

  void open();
  /// Goes out with all else that was sent in this turn of the loop.
  void send(std::string_view commands);
  /// Without a word to the handlers.
  void abandon();

 private:
  using Tcp = boost::asio::ip::tcp;

  void on_resolved(const Tcp::resolver::results_type& found);
  void on_connected();
  void greet();
  void read();
  void on_read(std::size_t bytes);
  [[nodiscard]] bool take(Reply reply);
  [[nodiscard]] bool take_greeting(const Reply& reply);
  void write();
  void watch();
  void end(std::string cause);

  Url url_;
  ConnectionLimits limits_;
  Handlers handlers_;
  Tcp::resolver resolver_;
  boost::asio::ssl::stream<Tcp::socket> stream_;
  boost::asio::steady_timer timer_;
  ReplyReader replies_;
  std::array<char, std::size_t{64} * 1024> scratch_{};
  std::string waiting_;
  std::string writing_;
  std::size_t greetings_left_ = 0;
  std::chrono::steady_clock::time_point heard_at_;
  bool is_open_ = false;
  bool is_over_ = false;
};

}  // namespace knotos::adapters::redis
