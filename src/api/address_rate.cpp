#include "api/address_rate.hpp"

#include "api/reply.hpp"
#include "base/metrics.hpp"

#include <algorithm>
#include <functional>

namespace knotos::api {
namespace {

metrics::Counter refused("api_rate_limited_total",
                         "Requests refused because their address made too many.", "policy", "auth");

constexpr std::ptrdiff_t kGroups = 8;  ///< Of an IPv6 address.
constexpr std::size_t kNetworkGroups = 4;

std::ptrdiff_t groups_of(std::string_view text) {
  return text.empty() ? 0 : std::ranges::count(text, ':') + 1;
}

/// The first half of an IPv6 address, its `::` written out. The text comes from the socket's own
/// address, so its form is known.
std::string ipv6_network(std::string_view address) {
  std::string groups(address.substr(0, address.find('%')));
  if (const auto gap = groups.find("::"); gap != std::string::npos) {
    const auto before = groups.substr(0, gap);
    const auto after = groups.substr(gap + 2);
    std::string zeros;
    for (auto i = groups_of(before) + groups_of(after); i < kGroups; ++i) zeros += "0:";
    groups = before + (before.empty() ? "" : ":") + zeros + after;
  }
  std::size_t end = 0;
  for (std::size_t i = 0; i < kNetworkGroups; ++i) end = groups.find(':', end) + 1;
  return groups.substr(0, end);
}

}  // namespace

std::uint64_t rate_key_of_address(std::string_view address) {
  // One with dots is IPv4, perhaps in IPv6's clothes.
  const bool is_ipv6 = address.contains(':') && !address.contains('.');
  return std::hash<std::string>{}(is_ipv6 ? ipv6_network(address) : std::string(address));
}

Result<void> AddressRate::take(std::string_view address, std::vector<http::Header>& headers) {
  if (!limiter_.is_on()) return {};
  const auto verdict = limiter_.take(rate_key_of_address(address), clock_.steady_now());
  const auto quoted_name = "\"" + std::string(name_) + "\"";
  const auto& rate = limiter_.rate();
  headers.push_back({"RateLimit-Policy", quoted_name + ";q=" + std::to_string(rate.count) +
                                             ";w=" + seconds_text(rate.window)});
  headers.push_back({"RateLimit", quoted_name + ";r=" + std::to_string(verdict.remaining) +
                                      ";t=" + seconds_text(verdict.reset_after)});
  if (verdict.is_allowed) return {};
  refused.add();
  Error error{.code = Errc::rate_limited, .detail = {}, .fields = {}, .cause = {}};
  error.retry_after = verdict.retry_after;
  return fail(std::move(error));
}

}  // namespace knotos::api
