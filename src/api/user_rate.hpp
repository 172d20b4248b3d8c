#pragma once

#include "api/call.hpp"
#include "services/message_service.hpp"
#include "services/user_rates.hpp"

/// The rates of users, and the headers that tell them (draft-ietf-httpapi-ratelimit-headers): on
/// every answer of a route that has one, refusals included.
namespace knotos::api {

/// Counts one of the caller's. Errors: rate_limited.
[[nodiscard]] Result<void> take_rate(services::UserRates& rates, services::RateKind kind,
                                     Call& call);

/// How the caller stands to a rate that was counted elsewhere. `name` is the policy's.
void add_rate_headers(std::string_view name, const Rate& rate,
                      const services::RateLimiter::Verdict& verdict, Call& call);

}  // namespace knotos::api
