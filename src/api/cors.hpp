#pragma once

#include "protocol/http/message.hpp"

#include <string>
#include <string_view>
#include <vector>

namespace knotos::api {

/// Which pages of other origins may read the answers. No cookies are used, so credentials in the
/// sense of CORS never are either. Immutable: any shard.
class Cors {
 public:
  /// "*": any origin. Empty: no CORS headers at all.
  explicit Cors(std::vector<std::string> origins) : origins_(std::move(origins)) {}

  /// Adds what an answer to this request needs.
  void add_headers(const http::Request& request, std::vector<http::Header>& headers) const;
  /// The same for a preflight's answer; `allowed` are the methods of the path.
  void add_preflight_headers(const http::Request& request, std::string_view allowed,
                             std::vector<http::Header>& headers) const;

 private:
  [[nodiscard]] bool allows(std::string_view origin) const;

  std::vector<std::string> origins_;
};

}  // namespace knotos::api
