#include "services/rate_limiter.hpp"

#include "base/metrics.hpp"

#include <algorithm>

namespace knotos::services {
namespace {

using Ticks = SteadyTime::duration;

metrics::Counter events_refused("rate_limited_total", "Events refused because of a rate.");

std::chrono::milliseconds rounded_up(Ticks duration) {
  return std::chrono::ceil<std::chrono::milliseconds>(duration);
}

struct Pace {
  Ticks interval;   ///< Between two events at the rate.
  Ticks tolerance;  ///< How far a key may be ahead of it: the burst.
};

/// Of a rate that is on.
Pace pace_of(const Rate& rate) {
  const Ticks interval = std::chrono::duration_cast<Ticks>(rate.window) / rate.count;
  return {.interval = interval, .tolerance = interval * (rate.burst > 0 ? rate.burst : rate.count)};
}

}  // namespace

RateLimiter::Verdict RateLimiter::take(std::uint64_t key, SteadyTime now) {
  if (!is_on()) return {};
  const auto [interval, tolerance] = pace_of(rate_);
  if (interval <= Ticks::zero()) return {};

  auto& stripe = stripe_of(key);
  const std::scoped_lock lock(stripe.mutex);
  if (++stripe.takes_since_sweep >= kSweepEvery) {
    stripe.takes_since_sweep = 0;
    std::erase_if(stripe.due_at, [now](const auto& entry) { return entry.second <= now; });
  }

  const auto found = stripe.due_at.find(key);
  const auto due_now = found == stripe.due_at.end() ? now : std::max(found->second, now);
  const auto due_next = due_now + interval;
  if (due_next - now > tolerance) {
    events_refused.add();
    return {.is_allowed = false,
            .retry_after = rounded_up(due_next - now - tolerance),
            .remaining = 0,
            .reset_after = rounded_up(due_now - now)};
  }
  if (found == stripe.due_at.end()) {
    stripe.due_at.emplace(key, due_next);
  } else {
    found->second = due_next;
  }
  return {.is_allowed = true,
          .retry_after = {},
          .remaining = static_cast<std::uint32_t>((tolerance - (due_next - now)) / interval),
          .reset_after = rounded_up(due_next - now)};
}

RateLimiter::Verdict RateLimiter::peek(std::uint64_t key, SteadyTime now) {
  if (!is_on()) return {};
  const auto [interval, tolerance] = pace_of(rate_);
  if (interval <= Ticks::zero()) return {};
  auto& stripe = stripe_of(key);
  const std::scoped_lock lock(stripe.mutex);
  const auto found = stripe.due_at.find(key);
  const auto due = found == stripe.due_at.end() ? now : std::max(found->second, now);
  const auto left = tolerance - (due - now);
  return {
      .is_allowed = left >= interval,
      .retry_after = left >= interval ? std::chrono::milliseconds() : rounded_up(interval - left),
      .remaining = static_cast<std::uint32_t>(std::max(left, Ticks::zero()) / interval),
      .reset_after = rounded_up(due - now)};
}

}  // namespace knotos::services
