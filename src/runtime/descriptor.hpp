#pragma once

#include "server/link.hpp"

#include <boost/asio/io_context.hpp>
#include <boost/asio/posix/basic_stream_descriptor.hpp>

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <utility>

struct sockaddr_storage;

namespace knotos::runtime {

/// Owns a file descriptor that no loop watches, so that it may move between shards.
class Descriptor {
 public:
  Descriptor() = default;
  explicit Descriptor(int number) : number_(number) {}
  Descriptor(Descriptor&& other) noexcept : number_(other.release()) {}
  Descriptor& operator=(Descriptor&& other) noexcept {
    if (this != &other) {
      reset();
      number_ = other.release();
    }
    return *this;
  }
  ~Descriptor() { reset(); }

  [[nodiscard]] bool is_open() const { return number_ >= 0; }
  [[nodiscard]] int number() const { return number_; }
  [[nodiscard]] int release() { return std::exchange(number_, -1); }
  void reset();

 private:
  int number_ = -1;
};

/// A descriptor that a shard's loop watches. Asio's part is only to say when it is ready: reading
/// and writing are the plain calls below, which need no operation object and no buffer in advance.
using Watched = boost::asio::posix::basic_stream_descriptor<boost::asio::io_context::executor_type>;

enum class Flow : std::uint8_t {
  ok,
  would_block,
  ended,   ///< FIN; only when reading.
  failed,  ///< RST, or any other error.
};

struct Transfer {
  std::size_t bytes = 0;
  Flow flow = Flow::ok;
};

/// One read of what is there. Never blocks.
[[nodiscard]] Transfer receive_now(int descriptor, std::span<std::uint8_t> into);

/// Gathered writes until all is taken or nothing more is. Never blocks, never raises SIGPIPE.
[[nodiscard]] Transfer send_now(int descriptor, std::span<const server::Link::Piece> pieces);

/// Of the peer, without port; an IPv4 address that came over IPv6 is written as IPv4.
[[nodiscard]] std::string address_text(const sockaddr_storage& address);

}  // namespace knotos::runtime
