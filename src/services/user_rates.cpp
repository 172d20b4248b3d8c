#include "services/user_rates.hpp"

#include "base/metrics.hpp"
#include "base/names.hpp"

namespace knotos::services {
namespace {

constexpr Names<RateKind, kRateKinds> kNames{{
    {RateKind::marks, "marks"},
    {RateKind::typing, "typing"},
    {RateKind::presence, "presence"},
    {RateKind::state, "state"},
    {RateKind::reactions, "reactions"},
    {RateKind::chats, "chats"},
    {RateKind::members, "members"},
    {RateKind::people, "people"},
    {RateKind::sync, "sync"},
}};

#define KN_REFUSED(NAME) {"user_rate_limited_total", "What users did too often.", "kind", NAME}
std::array<metrics::Counter, kRateKinds> refused{
    {KN_REFUSED("marks"), KN_REFUSED("typing"), KN_REFUSED("presence"), KN_REFUSED("state"),
     KN_REFUSED("reactions"), KN_REFUSED("chats"), KN_REFUSED("members"), KN_REFUSED("people"),
     KN_REFUSED("sync")}};

}  // namespace

std::string_view name_of(RateKind kind) { return name_in(kNames, kind); }

UserRates::UserRates(UserRateLimits limits, const ports::Clock& clock)
    : clock_(clock), limiters_{std::make_unique<RateLimiter>(limits.marks),
                               std::make_unique<RateLimiter>(limits.typing),
                               std::make_unique<RateLimiter>(limits.presence),
                               std::make_unique<RateLimiter>(limits.state),
                               std::make_unique<RateLimiter>(limits.reactions),
                               std::make_unique<RateLimiter>(limits.chats),
                               std::make_unique<RateLimiter>(limits.members),
                               std::make_unique<RateLimiter>(limits.people),
                               std::make_unique<RateLimiter>(limits.sync)} {}

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
