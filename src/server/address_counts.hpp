#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <mutex>
#include <string>
#include <string_view>
#include <unordered_map>

namespace knotos::server {

/// How many links each address has open, in the whole process. Any thread; striped, so that two
/// seldom meet, and asked only when a link opens or ends. Memory follows the links.
class AddressCounts {
 public:
  /// False, and not counted: it has `max` already.
  [[nodiscard]] bool take(std::string_view address, std::size_t max) {
    auto& stripe = stripe_of(address);
    const std::scoped_lock lock(stripe.mutex);
    auto& count = stripe.counts[std::string(address)];
    if (count >= max) return false;
    ++count;
    return true;
  }
  void give_back(std::string_view address) {
    auto& stripe = stripe_of(address);
    const std::scoped_lock lock(stripe.mutex);
    const auto found = stripe.counts.find(std::string(address));
    if (found != stripe.counts.end() && --found->second == 0) stripe.counts.erase(found);
  }

 private:
  struct alignas(64) Stripe {
    std::mutex mutex;
    std::unordered_map<std::string, std::uint32_t> counts;
  };

  [[nodiscard]] Stripe& stripe_of(std::string_view address) {
    return stripes_[std::hash<std::string_view>{}(address) % stripes_.size()];
  }

  std::array<Stripe, 16> stripes_{};
};

}  // namespace knotos::server
