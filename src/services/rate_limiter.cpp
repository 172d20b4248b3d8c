#include "services/rate_limiter.hpp"

#include "base/metrics.hpp"

#include <algorithm>
#include <utility>

namespace knotos::services {
namespace {

using Ticks = SteadyTime::duration;

metrics::Counter events_refused("rate_limited_total", "Events refused because of a rate.");
metrics::Counter lots_told("rate_lots_told_total", "What users did, told to the fleet's board.");
metrics::Counter lots_lost("rate_lots_lost_total",
                           "What users did and the fleet's board may not know.");

/// Of a burst there are this many lots.
constexpr int kLots = 16;
/// What other processes allowed beyond this many bursts is not held against a key here, so that
/// nobody waits long for a wrong answer of the board.
constexpr int kBurstsOwedMax = 2;

std::chrono::milliseconds rounded_up(Ticks duration) {
  return std::chrono::ceil<std::chrono::milliseconds>(duration);
}

}  // namespace

RateLimiter::RateLimiter(Rate rate, Fleet fleet) : books_(std::make_shared<Books>()) {
  books_->rate = rate;
  books_->fleet = std::move(fleet);
}

SteadyTime RateLimiter::Stripe::due_of(std::uint64_t key, SteadyTime now) const {
  const auto found = accounts.find(key);
  return found == accounts.end() ? now : std::max(found->second.due_at, now);
}

std::chrono::milliseconds RateLimiter::Books::next_lot(Account& account) const {
  const auto lot = std::chrono::floor<std::chrono::milliseconds>(account.untold);
  if (fleet.board == nullptr || account.is_telling || lot == lot.zero()) return {};
  if (account.untold < rate.tolerance() / kLots) return {};
  account.untold -= lot;
  account.is_telling = true;
  return lot;
}

RateLimiter::Verdict RateLimiter::take(std::uint64_t key, SteadyTime now) {
  if (!is_on()) return {};
  std::chrono::milliseconds lot{0};
  const auto verdict = count(key, now, lot);
  if (lot > lot.zero()) tell(books_, key, now, lot);
  if (!verdict.is_allowed) events_refused.add();
  return verdict;
}

RateLimiter::Verdict RateLimiter::count(std::uint64_t key, SteadyTime now,
                                        std::chrono::milliseconds& lot) {
  const auto interval = books_->rate.interval();
  const auto tolerance = books_->rate.tolerance();
  auto& stripe = books_->stripe_of(key);
  const std::scoped_lock lock(stripe.mutex);
  if (++stripe.takes_since_sweep >= kSweepEvery) {
    stripe.takes_since_sweep = 0;
    std::erase_if(stripe.accounts, [now](const auto& entry) { return entry.second.due_at <= now; });
  }

  const auto due_now = stripe.due_of(key, now);
  const auto due_next = due_now + interval;
  if (due_next - now > tolerance) {
    return {.is_allowed = false,
            .retry_after = rounded_up(due_next - now - tolerance),
            .remaining = 0,
            .reset_after = rounded_up(due_now - now)};
  }
  auto& account = stripe.accounts[key];
  account.due_at = due_next;
  account.untold += interval;
  lot = books_->next_lot(account);
  return {.is_allowed = true,
          .retry_after = {},
          .remaining = static_cast<std::uint32_t>((tolerance - (due_next - now)) / interval),
          .reset_after = rounded_up(due_next - now)};
}

void RateLimiter::give_back(std::uint64_t key) {
  if (!is_on()) return;
  auto& stripe = books_->stripe_of(key);
  const std::scoped_lock lock(stripe.mutex);
  const auto found = stripe.accounts.find(key);
  if (found == stripe.accounts.end()) return;
  found->second.due_at -= books_->rate.interval();
  // Below zero where the board was told of it already: less is told next.
  found->second.untold -= books_->rate.interval();
}

void RateLimiter::tell(const std::shared_ptr<Books>& books, std::uint64_t key, SteadyTime now,
                       std::chrono::milliseconds lot) {
  books->fleet.board->spend(books->fleet.name, key, lot,
                            [books, key, now](Result<std::chrono::milliseconds> owed) {
                              if (owed) return hear(books, key, now, *owed);
                              lots_lost.add();
                              auto& stripe = books->stripe_of(key);
                              const std::scoped_lock lock(stripe.mutex);
                              const auto found = stripe.accounts.find(key);
                              if (found != stripe.accounts.end()) found->second.is_telling = false;
                            });
}

/// What was allowed since the lot went out is not in the answer, and goes out next.
void RateLimiter::hear(const std::shared_ptr<Books>& books, std::uint64_t key, SteadyTime told_at,
                       std::chrono::milliseconds owed) {
  lots_told.add();
  std::chrono::milliseconds lot{0};
  {
    auto& stripe = books->stripe_of(key);
    const std::scoped_lock lock(stripe.mutex);
    const auto found = stripe.accounts.find(key);
    if (found == stripe.accounts.end()) return;
    auto& account = found->second;
    const auto everywhere = std::min<Ticks>(owed, books->rate.tolerance() * kBurstsOwedMax);
    account.due_at = std::max(account.due_at, told_at + everywhere + account.untold);
    account.is_telling = false;
    lot = books->next_lot(account);
  }
  if (lot > lot.zero()) tell(books, key, told_at, lot);
}

RateLimiter::Verdict RateLimiter::peek(std::uint64_t key, SteadyTime now) {
  if (!is_on()) return {};
  const auto interval = books_->rate.interval();
  const auto tolerance = books_->rate.tolerance();
  auto& stripe = books_->stripe_of(key);
  const std::scoped_lock lock(stripe.mutex);
  const auto due = stripe.due_of(key, now);
  const auto left = tolerance - (due - now);
  return {
      .is_allowed = left >= interval,
      .retry_after = left >= interval ? std::chrono::milliseconds() : rounded_up(interval - left),
      .remaining = static_cast<std::uint32_t>(std::max(left, Ticks::zero()) / interval),
      .reset_after = rounded_up(due - now)};
}

}  // namespace knotos::services
