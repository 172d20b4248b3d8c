#include "api/address_rate.hpp"

#include "api/reply.hpp"
#include "base/metrics.hpp"

#include <arpa/inet.h>

#include <array>
#include <functional>

namespace knotos::api {
namespace {

metrics::Counter refused("api_rate_limited_total",
                         "Requests refused because their address made too many.", "policy", "auth");

}  // namespace

std::uint64_t rate_key_of_address(std::string_view address) {
  const std::string text(address);
  std::array<char, 16> bytes{};
  constexpr std::string_view kMappedIpv4("\0\0\0\0\0\0\0\0\0\0\xff\xff", 12);
  std::string_view network = text;
  if (inet_pton(AF_INET6, text.c_str(), bytes.data()) == 1) {
    const std::string_view all(bytes.data(), bytes.size());
    network = all.starts_with(kMappedIpv4) ? all : all.substr(0, 8);
  }
  return std::hash<std::string_view>{}(network);
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
