#include "app/connect_gate.hpp"

#include "base/metrics.hpp"

#include <chrono>
#include <functional>
#include <string>

namespace knotos::app {
namespace {

metrics::Counter links_refused("links_rate_limited_total",
                               "Handshakes refused because their address opened too many.");

}  // namespace

bool ConnectGate::lets_pass(server::HttpExchange& exchange, SteadyTime now) {
  if (!limiter_.is_on()) return true;
  const auto& request = exchange.request();
  if (request.method == "OPTIONS") return true;
  const auto sid = http::Query(request.query()).get("sid");
  if (sid && !sid->empty()) return true;
  const auto verdict = limiter_.take(std::hash<std::string>{}(request.remote_address), now);
  if (verdict.is_allowed) return true;
  links_refused.add();
  const auto seconds = std::chrono::ceil<std::chrono::seconds>(verdict.retry_after).count();
  exchange.respond({.status = 429,
                    .headers = {{"Content-Type", "text/plain; charset=UTF-8"},
                                {"Cache-Control", "no-store"},
                                {"Retry-After", std::to_string(seconds)}},
                    .body = "Too many connections from this address.\n",
                    .closes_connection = true});
  return false;
}

}  // namespace knotos::app
