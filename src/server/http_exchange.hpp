#pragma once

#include "protocol/http/message.hpp"
#include "server/link.hpp"

#include <functional>
#include <memory>

namespace knotos::server {

/// One HTTP request that waits for its answer. Lives on the shard of its connection; may be
/// answered later, from there. Dropping it unanswered answers 500.
class HttpExchange {
 public:
  virtual ~HttpExchange() = default;

  [[nodiscard]] virtual const http::Request& request() const = 0;
  /// The request came over TLS.
  [[nodiscard]] virtual bool is_secure() const = 0;

  /// At most once. Nothing happens if the peer has gone.
  virtual void respond(http::Response response) = 0;

  /// Called once if the peer goes away before the answer. Replaces an earlier one.
  virtual void on_abort(std::move_only_function<void()> call) = 0;

  /// Instead of an answer: the bare connection, for a protocol that takes over (the 101 is the
  /// caller's to write). Null if the peer has gone. Not started yet, so it may move to another
  /// shard.
  [[nodiscard]] virtual std::unique_ptr<Link> take_link() = 0;
};

using HttpHandler = std::function<void(std::shared_ptr<HttpExchange>)>;

/// A request whose head has come and whose body is still on its way: what goes by who is first must
/// not wait for a body. On the shard of its connection.
class HttpArrival {
 public:
  virtual ~HttpArrival() = default;

  /// The request without its body.
  [[nodiscard]] virtual const http::Request& head() const = 0;
  /// Answers it now, and closes the connection. Nothing happens once the body has come.
  virtual void refuse(http::Response response) = 0;
  /// Called once, when the body has come (before the exchange is handed on) or never will.
  virtual void on_over(std::move_only_function<void()> call) = 0;
};

using HttpArrivalHandler = std::function<void(std::shared_ptr<HttpArrival>)>;

}  // namespace knotos::server
