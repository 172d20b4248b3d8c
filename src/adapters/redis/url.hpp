#pragma once

#include <cstdint>
#include <expected>
#include <string>
#include <string_view>
#include <vector>

namespace knotos::adapters::redis {

struct Endpoint {
  std::string host;
  std::uint16_t port = 6379;

  bool operator==(const Endpoint&) const = default;
  /// `host:port`, an IPv6 address in brackets.
  [[nodiscard]] std::string to_string() const;
};

/// `redis://[user[:password]@]host[:port][/database]`, `rediss://…` for TLS;
/// `redis-cluster://[user[:password]@]host[:port],host[:port],…` and `rediss-cluster://…` for a
/// cluster. With a password and no user it is that of the default user. Percent escapes are read in
/// user and password.
struct Url {
  Endpoint endpoint;
  std::vector<Endpoint> seeds;  ///< Of a cluster: who may tell of its servers. Else empty.
  bool is_tls = false;
  std::string user;      ///< Empty: the default user.
  std::string password;  ///< Empty: no AUTH.
  unsigned database = 0;

  /// Without what is secret.
  [[nodiscard]] std::string shown() const;
};

/// The error says what is wrong, and nothing of the password.
[[nodiscard]] std::expected<Url, std::string> parse_url(std::string_view text);

}  // namespace knotos::adapters::redis
