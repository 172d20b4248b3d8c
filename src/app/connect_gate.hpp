#pragma once

#include "server/http_exchange.hpp"
#include "services/rate_limiter.hpp"

namespace knotos::app {

/// Limits how many links an address may open. Requests of links that are there pass. Any shard.
class ConnectGate {
 public:
  explicit ConnectGate(services::Rate rate) : limiter_(rate) {}

  /// False: it was too many, and the exchange has its answer (429 with Retry-After).
  [[nodiscard]] bool lets_pass(server::HttpExchange& exchange, SteadyTime now);

 private:
  services::RateLimiter limiter_;
};

}  // namespace knotos::app
