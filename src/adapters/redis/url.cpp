#include "adapters/redis/url.hpp"

#include "adapters/redis/whole_number.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <optional>
#include <ranges>
#include <utility>

namespace knotos::adapters::redis {
namespace {

struct Scheme {
  std::string_view text;
  bool is_tls;
  bool is_cluster;
};
constexpr std::array<Scheme, 4> kSchemes{{{"redis://", false, false},
                                          {"rediss://", true, false},
                                          {"redis-cluster://", false, true},
                                          {"rediss-cluster://", true, true}}};
constexpr std::size_t kSeedsMax = 64;
constexpr unsigned kDatabaseMax = 65'535;

std::optional<std::string> unescape(std::string_view text) {
  std::string out;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] != '%') {
      out += text[i];
      continue;
    }
    unsigned value = 0;
    const auto digits = text.substr(i + 1, 2);
    const auto* end = digits.data() + digits.size();
    const auto [stop, fault] = std::from_chars(digits.data(), end, value, 16);
    if (digits.size() != 2 || stop != end || fault != std::errc()) return std::nullopt;
    out += static_cast<char>(value);
    i += 2;
  }
  return out;
}

/// Takes `host`, `host:port`, `[v6]`, `[v6]:port`.
std::expected<Endpoint, std::string> read_endpoint(std::string_view text) {
  Endpoint endpoint;
  std::string_view port;
  if (text.starts_with('[')) {
    const auto end = text.find(']');
    if (end == std::string_view::npos) return std::unexpected("the IPv6 address has no end");
    endpoint.host = text.substr(1, end - 1);
    port = text.substr(end + 1);
  } else {
    const auto colon = text.find(':');
    endpoint.host = text.substr(0, colon);
    port = colon == std::string_view::npos ? std::string_view() : text.substr(colon);
  }
  if (endpoint.host.empty()) return std::unexpected("it names no host");
  if (endpoint.host.contains(',')) {
    return std::unexpected("it names more than one host: a cluster is redis-cluster://");
  }
  if (port.empty()) return endpoint;
  const auto number = port.starts_with(':') ? whole<std::uint16_t>(port.substr(1)) : std::nullopt;
  if (!number || *number == 0) return std::unexpected("its port is no number from 1 to 65535");
  endpoint.port = *number;
  return endpoint;
}

}  // namespace

std::string Endpoint::to_string() const {
  const bool is_v6 = host.contains(':');
  return (is_v6 ? "[" + host + "]" : host) + ":" + std::to_string(port);
}

std::string Url::shown() const {
  std::string servers;
  for (const auto& seed : seeds) servers += (servers.empty() ? "" : ",") + seed.to_string();
  const auto scheme = std::string(is_tls ? "rediss" : "redis");
  if (!seeds.empty()) return scheme + "-cluster://" + servers;
  return scheme + "://" + endpoint.to_string() + "/" + std::to_string(database);
}

std::expected<Url, std::string> parse_url(std::string_view text) {
  const auto* const scheme = std::ranges::find_if(
      kSchemes, [text](const Scheme& each) { return text.starts_with(each.text); });
  if (scheme == kSchemes.end()) {
    return std::unexpected(
        "a Redis URL begins with redis://, rediss://, redis-cluster:// or rediss-cluster://");
  }
  Url url;
  url.is_tls = scheme->is_tls;
  text.remove_prefix(scheme->text.size());

  if (const auto slash = text.rfind('/'); slash != std::string_view::npos) {
    const auto database = text.substr(slash + 1);
    text = text.substr(0, slash);
    if (!database.empty()) {
      const auto number = whole<unsigned>(database);
      if (!number || *number > kDatabaseMax) {
        return std::unexpected("what follows the last / is no number of a database");
      }
      url.database = *number;
    }
  }
  if (const auto at = text.rfind('@'); at != std::string_view::npos) {
    const auto who = text.substr(0, at);
    const auto colon = who.find(':');
    const auto user = unescape(who.substr(0, colon));
    const auto password =
        colon == std::string_view::npos ? std::string() : unescape(who.substr(colon + 1));
    if (!user || !password) return std::unexpected("its user or password has a bad % escape");
    if (password->empty()) return std::unexpected("it names a user without a password");
    url.user = *user;
    url.password = *password;
    text = text.substr(at + 1);
  }
  if (!scheme->is_cluster) {
    auto endpoint = read_endpoint(text);
    if (!endpoint) return std::unexpected(std::move(endpoint.error()));
    url.endpoint = std::move(*endpoint);
    return url;
  }
  if (url.database != 0) return std::unexpected("a cluster has no database but 0");
  for (const auto part : std::views::split(text, ',')) {
    auto seed = read_endpoint(std::string_view(part));
    if (!seed) return std::unexpected(std::move(seed.error()));
    url.seeds.push_back(std::move(*seed));
  }
  if (url.seeds.empty()) return std::unexpected("it names no host");
  if (url.seeds.size() > kSeedsMax) return std::unexpected("it names more than 64 servers");
  return url;
}

}  // namespace knotos::adapters::redis
