#pragma once

#include "protocol/http/message.hpp"
#include "webapp/pack.hpp"

#include <string_view>

namespace knotos::webapp {

/// Serves the web client: its files, and its page under every path that is one of its routes.
/// Nothing here changes after construction, so any shard may ask. The pack outlives it.
class Webapp {
 public:
  /// Throws std::runtime_error where the pack is not one. Empty: a server that was built without
  /// the client, which says so at `/`.
  explicit Webapp(std::string_view pack);

  /// The path, as it came, is the client's and nobody else's.
  [[nodiscard]] bool owns(std::string_view path) const;

  /// To a request whose path is owned: 200, 304, or 405 for what is neither GET nor HEAD. The body
  /// is there for HEAD too: whoever writes the response leaves it out.
  [[nodiscard]] http::Response respond(const http::Request& request) const;

 private:
  [[nodiscard]] const Asset* find(std::string_view path) const;

  Assets assets_;
};

}  // namespace knotos::webapp
