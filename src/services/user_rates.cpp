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
    {RateKind::members, "members"},
    {RateKind::changes, "changes"},
}};

#define KN_REFUSED(NAME) {"user_rate_limited_total", "What users did too often.", "kind", NAME}
/// In the order of `RateKind`.
std::array<metrics::Counter, kRateKinds> refused{
    {KN_REFUSED("marks"), KN_REFUSED("state"), KN_REFUSED("chats"), KN_REFUSED("people"),
     KN_REFUSED("sync"), KN_REFUSED("account"), KN_REFUSED("members"), KN_REFUSED("changes")}};

}  // namespace

std::string_view name_of(RateKind kind) { return name_in(kNames, kind); }

UserRates::UserRates(UserRateLimits limits, const ports::Clock& clock, ports::RateBoard* board)
    : clock_(clock) {
  const auto put = [this, board](RateKind kind, const Rate& rate) {
    limiters_[static_cast<std::size_t>(kind)] = std::make_unique<RateLimiter>(
        rate, RateLimiter::Fleet{.board = board, .name = std::string(name_of(kind))});
  };
  put(RateKind::marks, limits.marks);
  put(RateKind::state, limits.state);
  put(RateKind::chats, limits.chats);
  put(RateKind::people, limits.people);
  put(RateKind::sync, limits.sync);
  put(RateKind::account, limits.account);
  put(RateKind::members, limits.members);
  put(RateKind::changes, limits.changes);
}

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
