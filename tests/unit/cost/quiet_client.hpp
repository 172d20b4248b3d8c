#pragma once

#include "server/http_exchange.hpp"
#include "server/link.hpp"
#include "support/fake_client.hpp"

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>

namespace knotos::test {

/// The peer of a link that takes everything and only counts, so that what is counted beside it is
/// the server's.
struct QuietPeer {
  server::LinkEvents* events = nullptr;
  std::size_t writes = 0;
  std::size_t pieces = 0;
  std::size_t bytes = 0;
  std::size_t takes = SIZE_MAX;  ///< Of each write.
};

class QuietLink final : public server::Link {
 public:
  explicit QuietLink(QuietPeer& peer) : peer_(peer) {}
  ~QuietLink() override { peer_.events = nullptr; }

  void start(server::LinkEvents& events) override { peer_.events = &events; }
  [[nodiscard]] std::size_t write(std::span<const Piece> pieces) override {
    std::size_t offered = 0;
    for (const auto& piece : pieces) offered += piece.size();
    ++peer_.writes;
    peer_.pieces += pieces.size();
    peer_.bytes += offered;
    return std::min(offered, peer_.takes);
  }
  void set_reading(bool /*is_on*/) override {}
  void close() override { peer_.events = nullptr; }
  [[nodiscard]] std::string_view remote_address() const override { return "192.0.2.1"; }

 private:
  QuietPeer& peer_;
};

/// The upgrade request of such a peer.
class QuietExchange final : public server::HttpExchange {
 public:
  explicit QuietExchange(QuietPeer& peer) : peer_(peer) {
    request_ = FakeWorld::request("GET", "EIO=4&transport=websocket");
    request_.headers = {{"Host", "localhost"},
                        {"Upgrade", "websocket"},
                        {"Connection", "Upgrade"},
                        {"Sec-WebSocket-Version", "13"},
                        {"Sec-WebSocket-Key", "dGhlIHNhbXBsZSBub25jZQ=="}};
  }

  [[nodiscard]] const http::Request& request() const override { return request_; }
  [[nodiscard]] bool is_secure() const override { return false; }
  void respond(http::Response /*response*/) override {}
  void on_abort(std::move_only_function<void()> /*call*/) override {}
  [[nodiscard]] std::unique_ptr<server::Link> take_link() override {
    return std::make_unique<QuietLink>(peer_);
  }

 private:
  QuietPeer& peer_;
  http::Request request_;
};

/// Opens a link for the peer and joins the namespace with what CONNECT says.
inline void connect_quietly(FakeWorld& world, QuietPeer& peer, const std::string& auth = "") {
  world.shards.on(0, [&] { world.server.serve(std::make_shared<QuietExchange>(peer)); });
  world.shards.run();
  const auto frame = client_frame(1, "40" + auth);
  world.shards.on(0, [&] {
    peer.events->on_bytes({reinterpret_cast<const std::uint8_t*>(frame.data()), frame.size()});
  });
  world.shards.run();
}

}  // namespace knotos::test
