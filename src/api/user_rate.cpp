#include "api/user_rate.hpp"

#include "api/reply.hpp"

namespace knotos::api {

Result<void> take_rate(services::UserRates& rates, services::RateKind kind, Call& call) {
  const auto& rate = rates.rate(kind);
  if (rate.count == 0) return {};
  const auto verdict = rates.take(kind, call.caller.user_id);
  add_rate_headers(name_of(kind), rate, verdict, call);
  if (!verdict.is_allowed) return fail(services::rate_error(verdict));
  return {};
}

void add_rate_headers(std::string_view name, const Rate& rate,
                      const services::RateLimiter::Verdict& verdict, Call& call) {
  if (rate.count == 0) return;
  const auto quoted_name = "\"" + std::string(name) + "\"";
  call.answer_headers.push_back(
      {"RateLimit-Policy",
       quoted_name + ";q=" + std::to_string(rate.count) + ";w=" + seconds_text(rate.window)});
  call.answer_headers.push_back({"RateLimit", quoted_name +
                                                  ";r=" + std::to_string(verdict.remaining) +
                                                  ";t=" + seconds_text(verdict.reset_after)});
}

}  // namespace knotos::api
