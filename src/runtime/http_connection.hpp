#pragma once

#include "runtime/channel.hpp"
#include "runtime/connection_place.hpp"
#include "runtime/descriptor.hpp"
#include "runtime/http_limits.hpp"
#include "runtime/http_refusal.hpp"
#include "runtime/request_reader.hpp"
#include "runtime/trusted_proxies.hpp"
#include "server/http_exchange.hpp"
#include "server/timers.hpp"

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_set>

namespace knotos::runtime {

class HttpConnection;
class ShardPool;

/// What the connections of a server share: where requests go, and how much is allowed. Constant
/// once it listens.
struct HttpService {
  struct Mount {
    std::string prefix;
    server::HttpHandler handler;
    std::size_t body_bytes_max = 0;
    HttpRefusal refuse;                     ///< Empty: a plain text.
    server::HttpArrivalHandler on_arrival;  ///< Empty: nobody asks.
  };

  HttpLimits limits;
  TrustedProxies proxies;
  std::vector<Mount> mounts;  ///< Longest prefix first.

  /// Null: nobody is there for that path.
  [[nodiscard]] const Mount* find(std::string_view path) const;
};

/// The HTTP connections of one shard, so that they can be told to end. On that shard only.
struct HttpConnections {
  std::unordered_set<HttpConnection*> open;
  bool is_stopping = false;
};

/// One HTTP/1.1 connection: reads a request, hands it on, writes the answer, and again. Callbacks,
/// no coroutine: an idle one is a wait for readability and a timer, without buffer and parser. On
/// its shard only; alive while the loop or an exchange holds it.
class HttpConnection final : public std::enable_shared_from_this<HttpConnection> {
 public:
  /// Read ahead of an answer, at most; more waits in the kernel.
  static constexpr std::size_t kReadAheadMax = 64 * 1024;

  HttpConnection(ShardPool& shards, std::shared_ptr<const HttpService> service,
                 HttpConnections& siblings, Descriptor descriptor, Channel channel,
                 std::string remote_address, ConnectionPlace place);
  HttpConnection(const HttpConnection&) = delete;
  HttpConnection& operator=(const HttpConnection&) = delete;
  ~HttpConnection();

  void start();
  /// Closes it if no request is under way; otherwise after the answer.
  void stop();
  /// Closes it now.
  void cut();

  // For the arrival.
  void refuse_arrival(http::Response response);
  void on_arrival_over(std::move_only_function<void()> call);

  // For the exchange.
  void respond(http::Response response);
  void on_abort(std::move_only_function<void()> call);
  [[nodiscard]] std::unique_ptr<server::Link> take_link();
  /// On the connection's own shard, which is still running.
  [[nodiscard]] bool is_here() const;
  [[nodiscard]] bool is_secure() const { return channel_.is_secure(); }

 private:
  enum class Phase { idle, head, body, answering, writing, closed };

  void wait_readable();
  void on_readable();
  void wait_to_flush();
  void feed(std::string_view bytes);
  void read_request(std::string_view& bytes);
  [[nodiscard]] bool begin_body();
  void announce();
  void end_arrival();
  void dispatch();
  void keep(std::string_view bytes);
  void on_peer_gone(bool is_reset);
  void refuse(unsigned status, std::string_view text);
  void write(std::string_view head, std::string_view body);
  void wait_writable();
  void on_writable();
  void on_written();
  void next_request();
  void deadline(std::chrono::milliseconds after, void (HttpConnection::*then)());
  void on_handshake_late();
  void on_head_late();
  void on_body_late();
  void on_write_late();
  void close();

  ShardPool& shards_;
  const std::size_t shard_;
  std::shared_ptr<const HttpService> service_;
  HttpConnections& siblings_;
  Watched watched_;
  Channel channel_;
  std::string remote_address_;
  ConnectionPlace place_;
  Phase phase_ = Phase::idle;
  bool is_established_ = false;  ///< No TLS handshake is to be waited for.
  bool is_waiting_readable_ = false;
  bool is_waiting_to_flush_ = false;
  bool is_half_closed_ = false;
  bool is_stopping_ = false;
  bool keeps_alive_ = true;
  bool is_http_1_0_ = false;
  bool is_head_request_ = false;
  bool is_announced_ = false;
  server::Timers::Handle timer_ = 0;
  std::unique_ptr<RequestReader> reader_;
  const HttpService::Mount* mount_ = nullptr;
  std::string kept_;  ///< Read and not understood yet: a head's beginning, or what was sent ahead.
  std::string out_;   ///< Of a response, what the peer did not take at once.
  std::size_t out_sent_ = 0;
  std::move_only_function<void()> abort_call_;
  std::move_only_function<void()> arrival_over_call_;
};

}  // namespace knotos::runtime
