#pragma once

#include "runtime/http_limits.hpp"
#include "runtime/http_refusal.hpp"
#include "runtime/shard_pool.hpp"
#include "runtime/tls_certificate.hpp"
#include "runtime/trusted_proxies.hpp"
#include "server/http_exchange.hpp"

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>

namespace knotos::runtime {

/// Accepts connections, deals them to the shards in turn, speaks HTTP/1.1 on them and hands
/// requests to whoever is mounted.
///
/// Made, mounted, told to listen, stopped and closed by the thread that owns the shards; destroyed
/// before them. Exchanges may outlive it: they are answered into nothing.
class HttpServer {
 public:
  HttpServer(ShardPool& shards, HttpLimits limits, TrustedProxies proxies = {});
  /// Closes everything.
  ~HttpServer();

  /// Requests whose path begins with `prefix`; the longest prefix wins, and where none fits the
  /// answer is 404. Before `listen`. Called on the connection's shard. `body_bytes_max`: where it
  /// differs from the server's. `refuse`: where a plain text will not do. `on_arrival`: told of
  /// requests whose body does not come together with its head.
  void mount(std::string prefix, server::HttpHandler handler,
             std::optional<std::size_t> body_bytes_max = std::nullopt, HttpRefusal refuse = {},
             server::HttpArrivalHandler on_arrival = {});

  /// Throws std::runtime_error with one clear sentence when the address cannot be had. Returns the
  /// port (for port 0). May be called for several addresses. With a certificate, TLS is spoken
  /// there and nothing else.
  std::uint16_t listen(const std::string& host, std::uint16_t port,
                       std::shared_ptr<const TlsCertificate> certificate = nullptr);

  /// Accepts no more; idle connections are closed, requests under way are answered and their
  /// connections closed then. Returns at once.
  void stop_accepting();
  /// Closes what is left, but for the links that were taken: these are their owners'. Returns when
  /// done. From a thread that is no shard.
  void close_all();

  /// HTTP connections of this server, and links that came from it.
  [[nodiscard]] std::size_t connections() const;

 private:
  struct State;
  std::shared_ptr<State> state_;
};

}  // namespace knotos::runtime
