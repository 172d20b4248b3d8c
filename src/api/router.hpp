#pragma once

#include "api/call.hpp"
#include "api/reply.hpp"
#include "base/task.hpp"
#include "services/user_rates.hpp"

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

namespace knotos::api {

/// Starts a coroutine that owns the call. Lives as long as the Api.
using Handler = std::function<Task<Result<Reply>>(CallPtr)>;

/// Who may ask.
enum class Access : std::uint8_t {
  open,
  limited,  ///< Open, and counted against the rate of the peer's address.
  signed_in,
};

/// A member coroutine as a handler. `routes` outlives it.
template <class Routes>
[[nodiscard]] Handler handled_by(Routes& routes, Task<Result<Reply>> (Routes::*handler)(CallPtr)) {
  return [&routes, handler](CallPtr call) { return (routes.*handler)(std::move(call)); };
}

struct Route {
  std::string method;
  std::string path;  ///< The template: `/v1/chats/{chatId}`.
  Access access = Access::signed_in;
  Handler handler;
  /// What it counts as, of what its user does.
  std::optional<services::RateKind> rate = std::nullopt;
};

/// Finds the route of a method and path. Filled once, then read from all shards.
class Router {
 public:
  struct Found {
    const Route* route = nullptr;
    std::vector<std::pair<std::string_view, std::string>> parameters;
  };
  struct WrongMethod {
    std::string allowed;  ///< The value of an Allow header.
  };
  struct Unknown {};

  void add(Route route);
  /// In the order of their adding.
  [[nodiscard]] std::vector<const Route*> routes() const;

  /// `path` as it came: its segments are decoded one by one, so that an escaped slash stays inside
  /// one. HEAD finds what GET does. OPTIONS is WrongMethod on every path that is known.
  [[nodiscard]] std::variant<Found, WrongMethod, Unknown> find(std::string_view method,
                                                               std::string_view path) const;

 private:
  struct Entry {
    Route route;
    std::vector<std::string> segments;
  };

  std::vector<std::unique_ptr<const Entry>> entries_;  ///< Their addresses are handed out.
};

}  // namespace knotos::api
