#include "services/user_rates.hpp"

#include "base/metrics.hpp"
#include "base/names.hpp"

#include <array>

namespace knotos::services {
namespace {

constexpr Names<RateKind, kRateKinds> kNames{{
    {RateKind::marks, "marks"},
    {RateKind::state, "state"},
    {RateKind::chats, "chats"},
    {RateKind::people, "people"},
    {RateKind::sync, "sync"},
    {RateKind::account, "account"},
}};

#define KN_REFUSED(NAME) {"user_rate_limited_total", "What users did too often.", "kind", NAME}
/// In the order of `RateKind`.
std::array<metrics::Counter, kRateKinds> refused{{KN_REFUSED("marks"), KN_REFUSED("state"),
                                                  KN_REFUSED("chats"), KN_REFUSED("people"),
                                                  KN_REFUSED("sync"), KN_REFUSED("account")}};

}  // namespace

std::string_view name_of(RateKind kind) { return name_in(kNames, kind); }

UserRates::UserRates(UserRateLimits limits, const ports::Clock& clock)
    : clock_(clock), limiters_{std::make_unique<RateLimiter>(limits.marks),
                               std::make_unique<RateLimiter>(limits.state),
                               std::make_unique<RateLimiter>(limits.chats),
                               std::make_unique<RateLimiter>(limits.people),
                               std::make_unique<RateLimiter>(limits.sync),
                               std::make_unique<RateLimiter>(limits.account)} {}

RateLimiter::Verdict UserRates::take(RateKind kind, domain::UserId user) {
  const auto verdict = limiter(kind).take(hash_of(user.uuid()), clock_.steady_now());
  if (!verdict.is_allowed) refused[static_cast<std::size_t>(kind)].add();
  return verdict;
}

Result<void> UserRates::check(RateKind kind, domain::UserId user) {
  const auto verdict = take(kind, user);
  if (!verdict.is_allowed) return fail(rate_error(verdict));
  return {};
}

Error rate_error(const RateLimiter::Verdict& verdict) {
  return {.code = Errc::rate_limited,
          .detail = "Too often: wait a little.",
          .fields = {},
          .retry_after = verdict.retry_after,
          .cause = {}};
}

}  // namespace knotos::services
