#include "runtime/trusted_proxies.hpp"

#include <boost/asio/ip/address_v4.hpp>
#include <boost/asio/ip/address_v6.hpp>
#include <boost/beast/core/string.hpp>

#include <algorithm>
#include <charconv>
#include <optional>
#include <ranges>

namespace knotos::runtime {
namespace {

namespace ip = boost::asio::ip;

constexpr unsigned kBits = 128;
constexpr unsigned kMappedBits = 96;  ///< Of an IPv6 address, before the IPv4 address in it.
/// Hops beyond are not looked at: a chain is two or three proxies long.
constexpr std::size_t kHopsMax = 32;

std::optional<ip::address> parse_address(std::string_view text) {
  boost::system::error_code ec;
  auto address = ip::make_address(std::string(text), ec);
  if (ec) return std::nullopt;
  // IPv4 in IPv6's clothes, as a socket for both has it.
  if (address.is_v6() && address.to_v6().is_v4_mapped())
    address = ip::make_address_v4(ip::v4_mapped, address.to_v6());
  return address;
}

ip::address_v6 as_v6(const ip::address& address) {
  return address.is_v6() ? address.to_v6() : ip::make_address_v6(ip::v4_mapped, address.to_v4());
}

bool same_prefix(const ip::address_v6& one, const ip::address_v6& other, unsigned bits) {
  const auto left = one.to_bytes();
  const auto right = other.to_bytes();
  for (unsigned bit = 0; bit < bits; ++bit) {
    const auto mask = 0x80U >> (bit % 8);
    if (((left[bit / 8] ^ right[bit / 8]) & mask) != 0) return false;
  }
  return true;
}

std::string_view trimmed(std::string_view text) {
  const auto first = text.find_first_not_of(" \t");
  if (first == std::string_view::npos) return {};
  return text.substr(first, text.find_last_not_of(" \t") - first + 1);
}

/// `192.0.2.1`, `192.0.2.1:4711`, `2001:db8::1`, `[2001:db8::1]:4711`.
std::string_view without_port(std::string_view hop) {
  if (hop.starts_with('[')) return hop.substr(1, hop.find(']') - 1);
  return std::ranges::count(hop, ':') == 1 ? hop.substr(0, hop.find(':')) : hop;
}

/// The chain as it was written, hop by hop, over all headers of that name.
std::vector<std::string_view> hops_of(const http::Request& head) {
  std::vector<std::string_view> hops;
  for (const auto& header : head.headers) {
    if (!boost::beast::iequals(header.name, "X-Forwarded-For")) continue;
    for (const auto hop : std::views::split(std::string_view(header.value), ','))
      hops.push_back(trimmed(std::string_view(hop.begin(), hop.end())));
  }
  return hops;
}

}  // namespace

bool TrustedProxies::add(std::string_view network) {
  const auto slash = network.find('/');
  const auto address = parse_address(network.substr(0, slash));
  if (!address) return false;
  const unsigned offset = address->is_v4() ? kMappedBits : 0;
  auto bits = kBits - offset;
  if (slash != std::string_view::npos) {
    const auto text = network.substr(slash + 1);
    const auto* end = text.data() + text.size();
    unsigned given = 0;
    const auto parsed = std::from_chars(text.data(), end, given);
    if (parsed.ec != std::errc() || parsed.ptr != end || given > bits) return false;
    bits = given;
  }
  networks_.push_back({.prefix = as_v6(*address), .bits = bits + offset});
  names_.emplace_back(network);
  return true;
}

bool TrustedProxies::trusts(const ip::address& address) const {
  return std::ranges::any_of(networks_, [full = as_v6(address)](const Network& network) {
    return same_prefix(full, network.prefix, network.bits);
  });
}

std::string TrustedProxies::client_address(const std::string& peer,
                                           const http::Request& head) const {
  if (networks_.empty()) return peer;
  const auto from = parse_address(peer);
  if (!from || !trusts(*from)) return peer;
  std::string nearest = peer;
  const auto hops = hops_of(head);
  for (const auto hop : hops | std::views::reverse | std::views::take(kHopsMax)) {
    const auto address = parse_address(without_port(hop));
    // What is no address was not written by a proxy.
    if (!address) break;
    nearest = address->to_string();
    if (!trusts(*address)) break;
  }
  return nearest;
}

}  // namespace knotos::runtime
