#pragma once

#include "base/error.hpp"
#include "ports/world.hpp"
#include "protocol/http/message.hpp"
#include "services/rate_limiter.hpp"

#include <string>
#include <string_view>
#include <vector>

namespace knotos::api {

/// The key of an address in a rate limiter: itself for IPv4, its /64 for IPv6, since whoever has
/// one address of a /64 has them all.
[[nodiscard]] std::uint64_t rate_key_of_address(std::string_view address);

/// The rate of requests an address may make on some routes, and the headers that tell it
/// (draft-ietf-httpapi-ratelimit-headers). Any shard.
class AddressRate {
 public:
  /// `name` is the policy's, a constant.
  AddressRate(std::string_view name, Rate rate, const ports::Clock& clock)
      : name_(name), limiter_(rate), clock_(clock) {}

  /// Counts one request, and adds the headers to what its answer will have. Errors: rate_limited.
  [[nodiscard]] Result<void> take(std::string_view address, std::vector<http::Header>& headers);

 private:
  std::string_view name_;
  services::RateLimiter limiter_;
  const ports::Clock& clock_;
};

}  // namespace knotos::api
