#pragma once

#include <netinet/in.h>

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace knotos::bench {

/// Where the server is. IPv4 or a name that resolves to it; a load generator is pointed at what it
/// stands beside.
struct Target {
  std::string host;
  std::uint16_t port = 0;
  sockaddr_in address{};

  /// For the Host header.
  [[nodiscard]] std::string authority() const { return host + ":" + std::to_string(port); }
};

/// `http://host[:port][/]`, resolved. nullopt: not of that form, or nobody knows the host.
[[nodiscard]] std::optional<Target> parse_target(std::string_view url);

/// A non-blocking TCP socket that is on its way to the target, Nagle off; -1 with errno.
[[nodiscard]] int begin_connecting(const Target& target);

/// The error of a socket since it was last asked, as text; empty: none.
[[nodiscard]] std::string socket_error(int descriptor);

}  // namespace knotos::bench
