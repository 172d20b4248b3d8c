#pragma once

#include "server/link.hpp"
#include "support/fake_shards.hpp"

#include <algorithm>
#include <cstdint>
#include <limits>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace knotos::test {

/// The peer's end of a `FakeLink`: what the test holds on to.
class FakePeer {
 public:
  static constexpr std::size_t kEverything = std::numeric_limits<std::size_t>::max();

  explicit FakePeer(FakeShards& shards) : shards_(shards) {}

  /// Bytes to the server; they wait while it does not read.
  void send(std::string_view bytes) {
    unread_ += bytes;
    deliver();
  }
  /// From now on the transport takes so many bytes more, then none.
  void take_only(std::size_t bytes) { room_ = bytes; }
  /// It takes so many bytes more now, and says so.
  void take_more(std::size_t bytes = kEverything) {
    room_ = bytes;
    if (!is_blocked_ || events_ == nullptr) return;
    is_blocked_ = false;
    shards_.on(shard_, [this] { events_->on_writable(); });
  }
  void end(server::LinkEnd how = server::LinkEnd::closed_by_peer) {
    if (events_ == nullptr) return;
    auto* const events = events_;
    events_ = nullptr;
    shards_.on(shard_, [=] { events->on_end(how); });
  }

  /// Everything that the server has written.
  [[nodiscard]] const std::string& received() const { return received_; }
  /// What was received since the last call.
  [[nodiscard]] std::string take_received() {
    auto fresh = received_.substr(taken_);
    taken_ = received_.size();
    return fresh;
  }
  /// Gathered writes: the bytes of each that were taken.
  [[nodiscard]] const std::vector<std::string>& writes() const { return writes_; }
  [[nodiscard]] bool is_closed() const { return is_closed_; }
  /// Closed without `Link::close`: what was taken may be lost.
  [[nodiscard]] bool is_cut() const { return is_cut_; }
  [[nodiscard]] bool is_started() const { return is_started_; }
  [[nodiscard]] std::size_t shard() const { return shard_; }

 private:
  friend class FakeLink;

  void deliver() {
    if (!is_reading_ || events_ == nullptr || unread_.empty()) return;
    const auto bytes = std::exchange(unread_, {});
    shards_.on(shard_, [&] {
      events_->on_bytes({reinterpret_cast<const std::uint8_t*>(bytes.data()), bytes.size()});
    });
  }

  FakeShards& shards_;
  server::LinkEvents* events_ = nullptr;
  std::size_t shard_ = 0;
  std::size_t room_ = kEverything;
  std::size_t taken_ = 0;
  std::string unread_;
  std::string received_;
  std::vector<std::string> writes_;
  bool is_blocked_ = false;
  bool is_started_ = false;
  bool is_reading_ = true;
  bool is_closed_ = false;
  bool is_cut_ = false;
};

/// A link that ends in a `FakePeer`.
class FakeLink final : public server::Link {
 public:
  explicit FakeLink(std::shared_ptr<FakePeer> peer, std::string remote_address = "192.0.2.1")
      : peer_(std::move(peer)), remote_address_(std::move(remote_address)) {}
  ~FakeLink() override {
    peer_->events_ = nullptr;
    if (!peer_->is_closed_) peer_->is_cut_ = true;
    peer_->is_closed_ = true;
  }

  void start(server::LinkEvents& events) override {
    auto peer = peer_;
    peer->events_ = &events;
    peer->shard_ = peer->shards_.current();
    peer->is_started_ = true;
    // Never inside the call that starts it.
    peer->shards_.post(peer->shard_, [peer] { peer->deliver(); });
  }

  [[nodiscard]] std::size_t write(std::span<const Piece> pieces) override {
    if (peer_->is_closed_ || peer_->events_ == nullptr) return 0;
    std::string bytes;
    std::size_t offered = 0;
    for (const auto& piece : pieces) {
      offered += piece.size();
      const auto size = std::min(piece.size(), peer_->room_);
      bytes.append(reinterpret_cast<const char*>(piece.data()), size);
      if (peer_->room_ != FakePeer::kEverything) peer_->room_ -= size;
      if (size < piece.size()) break;
    }
    // `offered` may be short of the rest after a break, but then it is more than was taken.
    peer_->is_blocked_ = bytes.size() < offered;
    peer_->received_ += bytes;
    peer_->writes_.push_back(bytes);
    return bytes.size();
  }

  void set_reading(bool is_on) override {
    peer_->is_reading_ = is_on;
    auto peer = peer_;
    if (is_on) peer->shards_.post(peer->shard_, [peer] { peer->deliver(); });
  }

  void close() override {
    peer_->events_ = nullptr;
    peer_->is_closed_ = true;
  }

  [[nodiscard]] std::string_view remote_address() const override { return remote_address_; }

 private:
  std::shared_ptr<FakePeer> peer_;
  std::string remote_address_;
};

}  // namespace knotos::test
