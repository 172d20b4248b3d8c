#pragma once

#include "base/rate.hpp"

#include <algorithm>
#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <mutex>
#include <string>
#include <string_view>
#include <unordered_map>

namespace knotos::server {

/// How many links each address has open, and how fast it opens them (GCRA: one time stamp), in the
/// whole process. Any thread; striped, so that two seldom meet, and asked only when a link opens or
/// ends. Memory follows the addresses in use.
class Addresses {
 public:
  struct Limits {
    std::size_t links_max = 0;  ///< Open at a time. 0: no limit, and they are not counted.
    Rate opening;
  };

  enum class Verdict : std::uint8_t { taken, too_many_links, too_fast };
  struct Outcome {
    Verdict verdict = Verdict::taken;
    std::chrono::milliseconds retry_after{0};  ///< With too_fast.
  };

  explicit Addresses(Limits limits) : limits_(limits) {}

  /// Counts a link that is opened, if it may.
  [[nodiscard]] Outcome take(std::string_view address, SteadyTime now) {
    if (limits_.links_max == 0 && !limits_.opening.is_on()) return {};
    auto& stripe = stripe_of(address);
    const std::scoped_lock lock(stripe.mutex);
    stripe.forget(now);
    auto& known = stripe.addresses[std::string(address)];
    if (limits_.links_max > 0 && known.links >= limits_.links_max) {
      return {.verdict = Verdict::too_many_links};
    }
    if (limits_.opening.is_on()) {
      const auto due_at = std::max(known.due_at, now) + limits_.opening.interval();
      const auto ahead = due_at - now - limits_.opening.tolerance();
      if (ahead > SteadyTime::duration::zero()) {
        return {.verdict = Verdict::too_fast,
                .retry_after = std::chrono::ceil<std::chrono::milliseconds>(ahead)};
      }
      known.due_at = due_at;
    }
    if (limits_.links_max > 0) ++known.links;
    return {};
  }

  /// A link that was taken has ended.
  void give_back(std::string_view address) {
    if (limits_.links_max == 0) return;
    auto& stripe = stripe_of(address);
    const std::scoped_lock lock(stripe.mutex);
    const auto found = stripe.addresses.find(std::string(address));
    if (found != stripe.addresses.end() && found->second.links > 0) --found->second.links;
  }

 private:
  struct Address {
    std::uint32_t links = 0;
    SteadyTime due_at;  ///< When it will be at rest.
  };

  struct alignas(64) Stripe {
    static constexpr std::size_t kForgetEvery = 1'024;

    std::mutex mutex;
    std::unordered_map<std::string, Address> addresses;
    std::size_t takes = 0;

    /// Now and then, those that are at rest.
    void forget(SteadyTime now) {
      if (++takes < kForgetEvery) return;
      takes = 0;
      std::erase_if(addresses, [now](const auto& entry) {
        return entry.second.links == 0 && entry.second.due_at <= now;
      });
    }
  };

  [[nodiscard]] Stripe& stripe_of(std::string_view address) {
    return stripes_[std::hash<std::string_view>{}(address) % stripes_.size()];
  }

  Limits limits_;
  std::array<Stripe, 16> stripes_{};
};

}  // namespace knotos::server
