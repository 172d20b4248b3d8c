#include "conformance/websocket_echo.hpp"

#include "base/digest.hpp"
#include "protocol/websocket/encoder.hpp"
#include "protocol/websocket/handshake.hpp"
#include "server/link.hpp"

#include <array>
#include <utility>

namespace knotos::conformance {

/// While what it owes is not taken, it does not read: a peer that only sends holds back itself.
class WebSocketEcho::Connection final : public server::LinkEvents {
 public:
  Connection(Shard& shard, std::unique_ptr<server::Link> link, websocket::DecoderLimits limits)
      : shard_(shard), link_(std::move(link)), decoder_(limits) {}

  void start(std::string opening) {
    owed_ = std::move(opening);
    link_->start(*this);
    write();
  }

  void on_bytes(std::span<const std::uint8_t> bytes) override {
    while (!is_closing_) {
      const auto event = decoder_.next(bytes, shard_.scratch);
      if (!event) break;
      answer(*event);
    }
    write();
  }
  void on_writable() override { write(); }
  void on_end(server::LinkEnd) override { shard_.connections.erase(this); }

 private:
  void answer(const websocket::Event& event) {
    using websocket::Opcode;
    if (const auto* const message = std::get_if<websocket::Message>(&event)) {
      websocket::append_frame(owed_, message->is_text ? Opcode::text : Opcode::binary,
                              message->payload);
    } else if (const auto* const ping = std::get_if<websocket::Ping>(&event)) {
      websocket::append_frame(owed_, Opcode::pong, ping->payload);
    } else if (const auto* const close = std::get_if<websocket::Close>(&event)) {
      websocket::append_close_frame(owed_, close->code, close->reason);
      is_closing_ = true;
    } else if (const auto* const failure = std::get_if<websocket::Failure>(&event)) {
      websocket::append_close_frame(owed_, failure->code);
      is_closing_ = true;
    }
  }

  /// The last call in whatever calls it: it may destroy this.
  void write() {
    if (taken_ < owed_.size()) {
      const std::array<server::Link::Piece, 1> pieces{as_octets(owed_).subspan(taken_)};
      taken_ += link_->write(pieces);
    }
    const bool is_behind = taken_ < owed_.size();
    if (!is_behind) {
      owed_.clear();
      taken_ = 0;
      if (is_closing_) {
        link_->close();
        shard_.connections.erase(this);
        return;
      }
    }
    if (std::exchange(is_behind_, is_behind) != is_behind) link_->set_reading(!is_behind);
  }

  Shard& shard_;
  std::unique_ptr<server::Link> link_;
  websocket::Decoder decoder_;
  std::string owed_;
  std::size_t taken_ = 0;
  bool is_behind_ = false;
  bool is_closing_ = false;
};

WebSocketEcho::WebSocketEcho(Shards& shards, websocket::DecoderLimits limits)
    : shards_(shards), limits_(limits), per_shard_(shards.count()) {}

WebSocketEcho::~WebSocketEcho() = default;

void WebSocketEcho::serve(const std::shared_ptr<server::HttpExchange>& exchange) {
  const auto opening = websocket::check_opening(exchange->request());
  if (!opening) return exchange->respond(websocket::refusal_response(opening.error()));
  auto link = exchange->take_link();
  if (!link) return;
  auto& shard = per_shard_[shards_.current()];
  auto connection = std::make_unique<Connection>(shard, std::move(link), limits_);
  auto& started = *connection;
  shard.connections.emplace(&started, std::move(connection));
  started.start(websocket::opening_response(*opening));
}

}  // namespace knotos::conformance
