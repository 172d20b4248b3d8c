#pragma once

#include "server/http_exchange.hpp"
#include "support/fake_link.hpp"
#include "support/fake_shards.hpp"

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

namespace knotos::test {

/// All values of a header, joined by `; `.
inline std::string header_of(const http::Response& response, std::string_view name) {
  std::string values;
  for (const auto& header : response.headers) {
    if (header.name == name) values += (values.empty() ? "" : "; ") + header.value;
  }
  return values;
}

/// A request whose answer the test reads. Made on the shard of its connection, the one that is
/// current when it is made.
class FakeExchange final : public server::HttpExchange {
 public:
  FakeExchange(FakeShards& shards, http::Request request)
      : shards_(shards),
        shard_(shards.current()),
        request_(std::move(request)),
        peer_(std::make_shared<FakePeer>(shards)) {}

  [[nodiscard]] const http::Request& request() const override { return request_; }
  [[nodiscard]] bool is_secure() const override { return false; }
  void respond(http::Response response) override {
    KN_ASSERT(shards_.current() == shard_);  // An answer comes home to its own shard.
    KN_ASSERT(!response_ && !link_is_taken_);
    if (is_aborted_) return;
    response_ = std::move(response);
  }
  void on_abort(std::move_only_function<void()> call) override { on_abort_ = std::move(call); }
  [[nodiscard]] std::unique_ptr<server::Link> take_link() override {
    KN_ASSERT(shards_.current() == shard_);
    if (is_aborted_) return nullptr;
    link_is_taken_ = true;
    return std::make_unique<FakeLink>(peer_, request_.remote_address);
  }

  /// The peer goes away.
  void abort() {
    is_aborted_ = true;
    auto call = std::exchange(on_abort_, nullptr);
    if (call && !response_) shards_.on(shard_, [&] { call(); });
  }

  /// Empty until it was answered.
  [[nodiscard]] const std::optional<http::Response>& response() const { return response_; }
  [[nodiscard]] bool link_is_taken() const { return link_is_taken_; }
  /// The other end of the link, once it was taken. What it sends before arrives first.
  [[nodiscard]] const std::shared_ptr<FakePeer>& peer() const { return peer_; }

 private:
  FakeShards& shards_;
  std::size_t shard_;
  http::Request request_;
  std::shared_ptr<FakePeer> peer_;
  std::optional<http::Response> response_;
  std::move_only_function<void()> on_abort_;
  bool is_aborted_ = false;
  bool link_is_taken_ = false;
};

}  // namespace knotos::test
