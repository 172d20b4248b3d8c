#pragma once

#include "adapters/redis/commands.hpp"
#include "adapters/redis/subscriptions.hpp"

#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace knotos::adapters::redis {

/// One server: a connection for commands and another one for what is subscribed to, since RESP2
/// allows nothing else there. On the loop's thread; it outlives the loop's last turn.
class Node {
 public:
  struct Limits {
    ConnectionLimits connection;
    Commands::Limits commands;
  };

  struct Handlers {
    std::function<void()> on_change;  ///< Look at `is_whole` again.
    std::function<void(const std::string& cause)> on_lost;
    std::function<void(std::string_view channel, std::string text)> on_message;
    /// A channel is not, or no more, this server's.
    std::function<void(const std::string& cause)> on_refused;
  };

  Node(boost::asio::io_context& loop, boost::asio::ssl::context& tls, const Url& url,
       const Limits& limits, Subscriptions::Verbs verbs, Handlers handlers);

  void start();
  /// May be started again.
  void stop();
  /// Begins again with no channel; who waits for one is answered.
  void forget_channels();

  [[nodiscard]] Commands& commands() { return commands_; }
  [[nodiscard]] bool are_commands_open() const { return are_commands_open_; }
  /// Commands get through, and all that is wanted is subscribed to.
  [[nodiscard]] bool is_whole() const { return are_commands_open_ && subscriptions_.is_restored(); }

  void join(const std::vector<std::string>& channels, Subscriptions::Done done);
  void leave(std::string_view channel);
  [[nodiscard]] std::size_t channels() const { return subscriptions_.size(); }

 private:
  void on_reply(Reply reply);
  void on_subscriber_lost(const std::string& cause);
  void send();
  void send_later();

  boost::asio::io_context& loop_;
  Handlers handlers_;
  Commands commands_;
  Line subscriber_;
  Subscriptions subscriptions_;
  bool are_commands_open_ = false;
  bool is_sending_later_ = false;
};

}  // namespace knotos::adapters::redis
