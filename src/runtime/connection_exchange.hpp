#pragma once

#include "runtime/http_connection.hpp"
#include "server/http_exchange.hpp"

#include <memory>
#include <utility>

namespace knotos::runtime {

/// One request of a connection and the way to answer it.
class ConnectionExchange final : public server::HttpExchange {
 public:
  ConnectionExchange(std::shared_ptr<HttpConnection> connection, http::Request request)
      : connection_(std::move(connection)), request_(std::move(request)) {}
  ConnectionExchange(const ConnectionExchange&) = delete;
  ConnectionExchange& operator=(const ConnectionExchange&) = delete;
  ~ConnectionExchange() override {
    // With the shards stopped there is nobody to answer to.
    if (!is_over_ && connection_->is_here()) {
      connection_->respond({.status = 500, .headers = {}, .body = {}, .closes_connection = true});
    }
  }

  [[nodiscard]] const http::Request& request() const override { return request_; }
  [[nodiscard]] bool is_secure() const override { return connection_->is_secure(); }

  void respond(http::Response response) override {
    if (std::exchange(is_over_, true)) return;
    connection_->respond(std::move(response));
  }

  void on_abort(std::move_only_function<void()> call) override {
    if (!is_over_) connection_->on_abort(std::move(call));
  }

  [[nodiscard]] std::unique_ptr<server::Link> take_link() override {
    if (std::exchange(is_over_, true)) return nullptr;
    return connection_->take_link();
  }

 private:
  std::shared_ptr<HttpConnection> connection_;
  http::Request request_;
  bool is_over_ = false;
};

/// A request of a connection whose body is on its way.
class ConnectionArrival final : public server::HttpArrival {
 public:
  ConnectionArrival(std::weak_ptr<HttpConnection> connection, http::Request head)
      : connection_(std::move(connection)), head_(std::move(head)) {}

  [[nodiscard]] const http::Request& head() const override { return head_; }

  void refuse(http::Response response) override {
    if (const auto connection = connection_.lock()) connection->refuse_arrival(std::move(response));
  }

  void on_over(std::move_only_function<void()> call) override {
    if (const auto connection = connection_.lock()) connection->on_arrival_over(std::move(call));
  }

 private:
  std::weak_ptr<HttpConnection> connection_;  // It ends with its connection, not the other way.
  http::Request head_;
};

}  // namespace knotos::runtime
