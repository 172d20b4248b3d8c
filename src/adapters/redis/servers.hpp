#pragma once

#include "adapters/redis/node.hpp"
#include "adapters/redis/slots.hpp"
#include "base/task.hpp"

#include <boost/asio/steady_timer.hpp>

#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

namespace knotos::adapters::redis {

/// What a URL names: one server, or a cluster, whose servers are found by asking. A command goes to
/// the master of its key's slot, a channel is subscribed to at the master of its own.
///
/// When the map of slots changes, because a master died or slots were moved, all channels are said
/// again, as after an outage: that is rare, and needs no second way.
class Servers {
 public:
  struct Handlers {
    /// `is_whole`: all that is wanted is subscribed to, and commands get through. `cause`: why not,
    /// if that is known.
    std::function<void(bool is_whole, const std::string& cause)> on_state;
    std::function<void(std::string_view channel, std::string text)> on_message;
  };

  Servers(boost::asio::io_context& loop, boost::asio::ssl::context& tls, const Url& url,
          const Node::Limits& limits, Handlers handlers);

  // On the loop's thread.
  void start();
  void stop();
  void join(const std::vector<std::string>& channels, Subscriptions::Done done);
  void leave(const std::string& channel);
  [[nodiscard]] std::size_t channels() const { return joins_.size(); }

  /// How an envelope is published.
  [[nodiscard]] std::string_view publish_verb() const {
    return is_cluster() ? "SPUBLISH" : "PUBLISH";
  }

  struct Ask {
    std::string key;
    std::string text;
  };
  /// Any thread. `key`: the one key, or sharded channel, of the command. Errors, by `done`:
  /// store_unavailable (no connection, or refused), overloaded.
  void submit(std::string_view key, Commands::Command command);
  /// Any thread; answers on the caller's executor, in the order of the commands.
  [[nodiscard]] Task<std::vector<Result<Reply>>> ask_all(std::vector<Ask> asks);

 private:
  struct Member {
    std::unique_ptr<Node> node;
    bool is_used = false;
    bool has_failed = false;  ///< Since it was started.
  };

  [[nodiscard]] bool is_cluster() const { return !url_.seeds.empty(); }
  Member& use(const Endpoint& endpoint);
  void drop(Member& member);
  [[nodiscard]] Node* node_of(std::uint16_t slot);
  [[nodiscard]] bool is_whole() const;
  void look();
  void on_lost(Member& member, const std::string& cause);

  void tick();
  void ask_for_map();
  void on_map(const Endpoint& asked, const Result<Reply>& reply);
  void follow(SlotMap map);
  void route(Commands::Command command);
  void answer(Commands::Command command, Result<Reply> reply);
  void hold(Commands::Command command);
  void send_held();

  boost::asio::io_context& loop_;
  boost::asio::ssl::context& tls_;
  Url url_;
  Node::Limits limits_;
  Handlers handlers_;
  /// By address; never forgotten, since a connection outlives the loop's last turn.
  std::map<std::string, Member> members_;
  Node* only_ = nullptr;  ///< Where it is no cluster.
  std::unordered_map<std::string, std::size_t> joins_;

  // Of a cluster.
  SlotMap map_;
  boost::asio::steady_timer timer_;
  bool has_map_ = false;
  bool is_asking_ = false;
  bool is_doubtful_ = true;  ///< Somebody said that the map is not right.
  bool must_rejoin_ = false;
  std::size_t ticks_ = 0;
  std::size_t asked_ = 0;
  std::deque<Commands::Command> held_;  ///< Kept ones that no server took.
  std::size_t held_bytes_ = 0;
};

}  // namespace knotos::adapters::redis
