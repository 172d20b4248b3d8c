#pragma once

#include "base/assert.hpp"
#include "protocol/http/message.hpp"
#include "server/server.hpp"
#include "support/fake_exchange.hpp"
#include "support/fake_link.hpp"
#include "support/fake_shards.hpp"
#include "support/manual_timers.hpp"

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <random>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace knotos::test {

/// What a WebSocket client has received: one frame of the server.
struct Frame {
  unsigned opcode = 0;  ///< 1 text, 2 binary, 8 close, 10 pong.
  std::string payload;

  bool operator==(const Frame&) const = default;
};

/// A client's frame, masked, in one piece.
inline std::string client_frame(unsigned opcode, std::string_view payload) {
  static constexpr std::array<char, 4> kKey{'\x11', '\x22', '\x33', '\x44'};
  std::string frame(1, static_cast<char>(0x80U | opcode));
  const auto size = payload.size();
  if (size < 126) {
    frame += static_cast<char>(0x80U | size);
  } else {
    const bool is_short = size < 65'536;
    frame += static_cast<char>(0x80U | (is_short ? 126U : 127U));
    for (std::size_t i = is_short ? 2 : 8; i > 0; --i) {
      frame += static_cast<char>((size >> (8 * (i - 1))) & 0xFFU);
    }
  }
  frame.append(kKey.data(), kKey.size());
  for (std::size_t i = 0; i < size; ++i) {
    frame += static_cast<char>(payload[i] ^ kKey.at(i % 4));
  }
  return frame;
}

/// A WebSocket client at the other end of a link.
class FakeWebSocket {
 public:
  explicit FakeWebSocket(std::shared_ptr<FakePeer> peer) : peer_(std::move(peer)) {}

  void send(std::string_view text) { peer_->send(client_frame(1, text)); }
  void send_binary(std::string_view bytes) { peer_->send(client_frame(2, bytes)); }
  void send_ping(std::string_view payload) { peer_->send(client_frame(9, payload)); }
  void send_close() { peer_->send(client_frame(8, "")); }

  /// Complete frames since the last call.
  std::vector<Frame> take() {
    pending_ += peer_->take_received();
    skip_response();
    std::vector<Frame> frames;
    while (auto frame = take_frame()) frames.push_back(std::move(*frame));
    return frames;
  }
  /// Payloads of the text frames since the last call.
  std::vector<std::string> take_texts() {
    std::vector<std::string> texts;
    for (auto& frame : take()) {
      if (frame.opcode == 1) texts.push_back(std::move(frame.payload));
    }
    return texts;
  }

  [[nodiscard]] FakePeer& peer() const { return *peer_; }
  /// The status line and headers that opened it.
  [[nodiscard]] const std::string& response() const { return response_; }

 private:
  void skip_response() {
    if (!response_.empty() || !pending_.starts_with("HTTP/")) return;
    const auto end = pending_.find("\r\n\r\n");
    if (end == std::string::npos) return;
    response_ = pending_.substr(0, end + 4);
    pending_.erase(0, end + 4);
  }

  std::optional<Frame> take_frame() {
    const auto byte = [this](std::size_t i) -> std::uint64_t {
      return static_cast<unsigned char>(pending_[i]);
    };
    if (pending_.size() < 2) return std::nullopt;
    std::uint64_t size = byte(1) & 0x7FU;
    std::size_t header = 2;
    if (size >= 126) {
      const std::size_t bytes = size == 126 ? 2 : 8;
      if (pending_.size() < header + bytes) return std::nullopt;
      size = 0;
      for (std::size_t i = 0; i < bytes; ++i) size = size << 8U | byte(header + i);
      header += bytes;
    }
    if (pending_.size() < header + size) return std::nullopt;
    Frame frame{.opcode = static_cast<unsigned>(byte(0) & 0xFU),
                .payload = pending_.substr(header, size)};
    pending_.erase(0, header + size);
    return frame;
  }

  std::shared_ptr<FakePeer> peer_;
  std::string response_;
  std::string pending_;
};

/// A Socket.IO server on fakes, and ways to reach it.
class FakeWorld {
 public:
  explicit FakeWorld(std::size_t shard_count = 1, server::Options options = {},
                     std::uint64_t seed = 1)
      : shards(shard_count),
        clock(shards),
        random_(seed),
        server(shards, clock.all_timers(), std::move(options), [this](auto bytes) {
          for (auto& byte : bytes) byte = static_cast<std::uint8_t>(random_());
        }) {}

  FakeShards shards;
  ManualClock clock;

 private:
  std::mt19937_64 random_;

 public:
  server::Server server;

  std::shared_ptr<FakeExchange> ask(http::Request request, std::size_t shard = 0) {
    auto exchange = shards.on(
        shard, [&] { return std::make_shared<FakeExchange>(shards, std::move(request)); });
    shards.on(shard, [&] { server.serve(exchange); });
    return exchange;
  }
  std::shared_ptr<FakeExchange> get(std::string_view query, std::size_t shard = 0) {
    return ask(request("GET", query), shard);
  }
  std::shared_ptr<FakeExchange> post(std::string_view query, std::string body,
                                     std::size_t shard = 0) {
    auto made = request("POST", query);
    made.body = std::move(body);
    return ask(std::move(made), shard);
  }
  /// The exchange of an upgrade; `shards.run()` and look at `link_is_taken`.
  std::shared_ptr<FakeExchange> upgrade(std::string_view query, std::size_t shard = 0) {
    auto made = request("GET", query);
    made.headers = {{"Host", "localhost"},
                    {"Upgrade", "websocket"},
                    {"Connection", "Upgrade"},
                    {"Sec-WebSocket-Version", "13"},
                    {"Sec-WebSocket-Key", "dGhlIHNhbXBsZSBub25jZQ=="}};
    return ask(std::move(made), shard);
  }

  static http::Request request(std::string method, std::string_view query) {
    return {.method = std::move(method),
            .target = "/socket.io/?" + std::string(query),
            .headers = {{"Host", "localhost"}},
            .body = {},
            .remote_address = "192.0.2.1"};
  }

  /// A session on polling: its sid.
  std::string open_polling(std::size_t shard = 0) {
    const auto exchange = get("EIO=4&transport=polling", shard);
    shards.run();
    KN_ASSERT(exchange->response() && exchange->response()->status == 200);
    return sid_in(exchange->response()->body);
  }
  /// A WebSocket that has its open packet.
  FakeWebSocket open_websocket(std::size_t shard = 0) {
    FakeWebSocket client(upgrade("EIO=4&transport=websocket", shard)->peer());
    shards.run();
    const auto texts = client.take_texts();
    KN_ASSERT(texts.size() == 1 && texts[0].starts_with("0{"));
    return client;
  }
  /// One that has joined a namespace: `packet` as in `40{"token":"x"}`.
  FakeWebSocket connect(std::string_view packet = "40", std::size_t shard = 0) {
    auto client = open_websocket(shard);
    client.send(packet);
    shards.run();
    return client;
  }

  static std::string sid_in(std::string_view open_packet) {
    static constexpr std::string_view kKey = R"("sid":")";
    const auto begin = open_packet.find(kKey);
    KN_ASSERT(begin != std::string_view::npos);
    return std::string(open_packet.substr(begin + kKey.size(), 20));
  }
};

}  // namespace knotos::test
