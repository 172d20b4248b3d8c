#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string_view>

namespace knotos::server {

/// Why the bytes ended.
enum class LinkEnd : std::uint8_t {
  closed_by_peer,  ///< FIN.
  failed,          ///< RST, or an error of the transport.
};

/// What a link tells its owner, on the owner's shard, never inside a call that the owner makes.
class LinkEvents {
 public:
  virtual ~LinkEvents() = default;

  /// Bytes from the peer. The view dies when the call returns. The owner may close the link inside
  /// it, and may destroy it.
  virtual void on_bytes(std::span<const std::uint8_t> bytes) = 0;
  /// After a `write` that took less than all: it would take some now.
  virtual void on_writable() = 0;
  /// The last call. Not after `close`.
  virtual void on_end(LinkEnd end) = 0;
};

/// A stream of bytes to a peer: a socket, TLS over a socket, or the simulator's. It lives on one
/// shard; before `start`, it may be handed to another. No buffer of its own while idle. Destroying
/// it closes it at once.
class Link {
 public:
  using Piece = std::span<const std::uint8_t>;

  virtual ~Link() = default;

  /// On the shard that will own it. Bytes that came with the upgrade request arrive first. `events`
  /// outlives the link.
  virtual void start(LinkEvents& events) = 0;

  /// One gathered write of as much as the transport takes now. Returns the bytes taken; if that is
  /// less than all of them, `on_writable` follows. After the end it takes nothing.
  [[nodiscard]] virtual std::size_t write(std::span<const Piece> pieces) = 0;

  /// Stops or goes on reading. Reading is on at the start.
  virtual void set_reading(bool is_on) = 0;

  /// Ends it in good order: what was taken is still sent, then FIN. Nothing is heard of it any
  /// more.
  virtual void close() = 0;

  /// Of the peer, without port.
  [[nodiscard]] virtual std::string_view remote_address() const = 0;
};

}  // namespace knotos::server
