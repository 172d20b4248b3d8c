#pragma once

#include "adapters/redis/servers.hpp"
#include "base/shards.hpp"
#include "ports/bus.hpp"
#include "ports/bus_codec.hpp"

#include <atomic>
#include <chrono>
#include <memory>
#include <string>

namespace knotos::adapters::redis {

/// Redis, one server or a cluster, as a process uses it: a thread with its loop and the
/// connections.
///
/// The bus on top of it: what is published is heard here at once, on the publisher's thread, and
/// goes to the others by PUBLISH (in a cluster SPUBLISH); the echo is dropped. What others publish
/// is read by the loop and decoded and heard on the home shard of its chat or user.
///
/// While a connection is away the bus is degraded: durable events wait up to a limit and are
/// published when it is back; others are dropped.
class RedisBus final : public ports::Bus {
 public:
  struct Ports {
    Shards& shards;
    const ports::BusCodec& codec;
  };

  struct Limits {
    Node::Limits servers;
    /// Of envelopes that were read and not heard yet.
    std::size_t unheard_bytes_max = std::size_t{64} * 1024 * 1024;
    std::chrono::milliseconds start_time{5'000};
  };

  /// Connects. Throws std::runtime_error, with nothing secret in it, where that does not work: the
  /// server cannot be reached, or does not want us.
  RedisBus(const Url& url, Ports ports, Limits limits);
  /// After the shards have stopped.
  ~RedisBus() override;

  void publish(ports::BusEvent event) override;
  [[nodiscard]] Task<Result<void>> join_chats(std::vector<domain::ChatId> chats) override;
  void leave_chat(domain::ChatId chat) override;
  [[nodiscard]] Task<Result<void>> join_user(domain::UserId user) override;
  void leave_user(domain::UserId user) override;
  [[nodiscard]] Task<Result<void>> join_presences(std::vector<domain::UserId> users) override;
  void leave_presence(domain::UserId user) override;
  void listen(ports::BusListener* listener) override;

  /// For what else lives in the same server.
  [[nodiscard]] Servers& servers() { return *servers_; }

 private:
  class Loop;

  [[nodiscard]] Task<Result<void>> join(std::vector<std::string> channels);
  void leave(const ports::BusChannel& channel);
  void on_state(bool is_whole, const std::string& cause);
  void show_channels();
  void hear(std::string_view channel_name, std::string text);
  void decode(const ports::BusChannel& channel, const std::string& text);
  /// False: `start_problem_` says why, once the loop has stopped.
  [[nodiscard]] bool starts_within(std::chrono::milliseconds time);

  Ports ports_;
  Limits limits_;
  std::atomic<ports::BusListener*> listener_{nullptr};
  std::atomic<std::size_t> unheard_bytes_ = 0;

  // Of the loop's thread, from here on.
  std::unique_ptr<Loop> loop_;
  std::unique_ptr<Servers> servers_;
  bool is_degraded_ = true;
  std::size_t channels_shown_ = 0;
  std::string start_problem_;
  std::move_only_function<void(bool)> on_start_;
};

}  // namespace knotos::adapters::redis
