#pragma once

#include "protocol/http/message.hpp"

#include <boost/asio/ip/address.hpp>

#include <string>
#include <string_view>
#include <vector>

namespace knotos::runtime {

/// Who may say by `X-Forwarded-For` whom they speak for. Limits that go by address go by that one
/// then. Nobody else is believed: a client could claim to be anybody.
class TrustedProxies {
 public:
  /// A network as operators write it: `10.0.0.0/8`, `fd00::/8`, or one address. False: neither.
  [[nodiscard]] bool add(std::string_view network);
  [[nodiscard]] bool empty() const { return networks_.empty(); }
  /// As they were added.
  [[nodiscard]] const std::vector<std::string>& names() const { return names_; }

  /// The peer's address, or where the peer is trusted the last one of the chain that is not: what
  /// stands before it was said by the client. Without port.
  [[nodiscard]] std::string client_address(const std::string& peer,
                                           const http::Request& head) const;

 private:
  struct Network {
    boost::asio::ip::address_v6 prefix;  ///< IPv4 as `::ffff:…`.
    unsigned bits = 128;
  };

  [[nodiscard]] bool trusts(const boost::asio::ip::address& address) const;

  std::vector<Network> networks_;
  std::vector<std::string> names_;
};

}  // namespace knotos::runtime
