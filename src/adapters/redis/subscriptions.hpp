#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

namespace knotos::adapters::redis {

/// Which channels this process wants, and which the server has said yes to. Sans-I/O: whoever owns
/// the connection tells what becomes of it, sends what `take_commands` gives, and passes on what
/// the server confirms. On one thread.
///
/// Joins and leaves that come close together leave in one command; those that cancel out leave in
/// none.
class Subscriptions {
 public:
  struct Verbs {
    std::string_view join;
    std::string_view leave;
    /// A command names at most so many channels.
    std::size_t channels_per_command = 1;
  };
  static constexpr Verbs kPlain{"SUBSCRIBE", "UNSUBSCRIBE", 1'000};
  /// Of a cluster, where the channels of one command must all live in one slot.
  static constexpr Verbs kSharded{"SSUBSCRIBE", "SUNSUBSCRIBE", 1};

  explicit Subscriptions(Verbs verbs = kPlain) : verbs_(verbs) {}

  using Done = std::move_only_function<void()>;

  /// Counted. `done` is called when all of them are confirmed; at once where they are, or while
  /// there is no connection.
  void join(const std::vector<std::string>& channels, Done done);
  void leave(std::string_view channel);

  /// A new connection: everything has to be said again.
  void connected();
  /// What waited is answered: it will be subscribed by the next connection.
  void disconnected();
  /// Forgets all channels. Pre: there is no connection.
  void clear() { channels_.clear(); }

  /// What the server must be told; empty: nothing.
  [[nodiscard]] std::string take_commands();
  /// The server has done one of the commands for this channel; they come in order. False: nobody
  /// asked for it.
  bool confirmed(std::string_view channel);

  /// What was wanted when this connection began is confirmed.
  [[nodiscard]] bool is_restored() const { return is_connected_ && unrestored_ == 0; }
  [[nodiscard]] std::size_t size() const { return channels_.size(); }

 private:
  struct Waiting {
    std::size_t left = 0;
    Done done;
  };
  struct Channel {
    std::size_t joins = 0;
    bool is_subscribed = false;  ///< By the last command that was sent.
    bool is_dirty = false;
    std::size_t unconfirmed = 0;  ///< Commands that were sent.
    std::vector<std::shared_ptr<Waiting>> waiting;
  };
  using Channels = std::unordered_map<std::string, Channel>;

  void mark(Channels::iterator at);
  static void answer(Channel& channel, std::vector<Done>& ready);
  void forget_if_done(Channels::iterator at);

  Verbs verbs_;
  bool is_connected_ = false;
  Channels channels_;
  std::vector<std::string> dirty_;
  /// Channels that the connection began with and that are not confirmed; confirmations come in the
  /// order of the commands.
  std::size_t unrestored_ = 0;
};

}  // namespace knotos::adapters::redis
