#pragma once

#include "runtime/connection_place.hpp"
#include "runtime/descriptor.hpp"

#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/steady_timer.hpp>

#include <cstdint>
#include <functional>
#include <memory>
#include <string>

namespace knotos::runtime {

/// A listening socket on one loop. Where the process runs out of descriptors, waiting peers are
/// closed rather than left to hang, by a descriptor held in reserve, and accepting pauses. Alive
/// while its loop waits for it.
class HttpAcceptor final : public std::enable_shared_from_this<HttpAcceptor> {
 public:
  /// Called on the loop's thread for each connection: non-blocking, TCP_NODELAY.
  using Accepted = std::function<void(Descriptor, std::string remote_address)>;

  /// Binds and listens. Throws std::runtime_error with one clear sentence.
  HttpAcceptor(boost::asio::io_context& loop, const std::string& host, std::uint16_t port,
               Accepted accepted);

  [[nodiscard]] std::uint16_t port() const { return port_; }

  /// On the loop's thread.
  void start() { wait(); }
  void stop();

 private:
  void wait();
  void accept_all();
  void shed();
  void pause();

  boost::asio::ip::tcp::acceptor acceptor_;
  boost::asio::steady_timer pause_;
  Accepted accepted_;
  Descriptor reserve_;
  std::uint16_t port_ = 0;
};

}  // namespace knotos::runtime
