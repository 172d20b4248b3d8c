#include "runtime/http_acceptor.hpp"

#include "base/log.hpp"
#include "base/metrics.hpp"
#include "runtime/log_gate.hpp"

#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>

#include <cerrno>
#include <stdexcept>
#include <system_error>

namespace knotos::runtime {
namespace {

using boost::asio::ip::tcp;
using boost::system::error_code;

/// Connections taken in one turn, so that a storm of them leaves room for those that are there.
constexpr int kAcceptsPerTurn = 64;
constexpr auto kPause = std::chrono::milliseconds(50);

metrics::Counter connections_accepted("connections_accepted_total", "Connections accepted.");
metrics::Counter accepts_failed("accepts_failed_total",
                                "Accepts that failed, mostly for want of descriptors.");

Descriptor open_reserve() { return Descriptor(::open("/dev/null", O_RDONLY | O_CLOEXEC)); }

[[noreturn]] void fail_to_listen(const std::string& host, std::uint16_t port,
                                 const error_code& ec) {
  throw std::runtime_error("cannot listen on " + host + ":" + std::to_string(port) + ": " +
                           ec.message());
}

}  // namespace

HttpAcceptor::HttpAcceptor(boost::asio::io_context& loop, const std::string& host,
                           std::uint16_t port, Accepted accepted)
    : acceptor_(loop), pause_(loop), accepted_(std::move(accepted)), reserve_(open_reserve()) {
  error_code ec;
  const auto found =
      tcp::resolver(loop).resolve(host, std::to_string(port), tcp::resolver::passive, ec);
  if (ec || found.empty()) fail_to_listen(host, port, ec);
  const auto endpoint = found.begin()->endpoint();
  acceptor_.open(endpoint.protocol(), ec);
  if (!ec) acceptor_.set_option(tcp::acceptor::reuse_address(true), ec);
  if (!ec) acceptor_.bind(endpoint, ec);
  if (!ec) acceptor_.listen(tcp::acceptor::max_listen_connections, ec);
  if (!ec) acceptor_.native_non_blocking(true, ec);
  if (ec) fail_to_listen(host, port, ec);
  port_ = acceptor_.local_endpoint().port();
}

void HttpAcceptor::stop() {
  error_code ignored;
  acceptor_.close(ignored);
  pause_.cancel();
}

void HttpAcceptor::wait() {
  if (!acceptor_.is_open()) return;
  acceptor_.async_wait(tcp::acceptor::wait_read, [self = shared_from_this()](const error_code& ec) {
    if (!ec) self->accept_all();
  });
}

void HttpAcceptor::accept_all() {
  for (int taken = 0; taken < kAcceptsPerTurn && acceptor_.is_open(); ++taken) {
    ::sockaddr_storage address{};
    ::socklen_t size = sizeof address;
    Descriptor descriptor(::accept4(acceptor_.native_handle(),
                                    reinterpret_cast<::sockaddr*>(&address), &size,
                                    SOCK_NONBLOCK | SOCK_CLOEXEC));
    if (descriptor.is_open()) {
      const int is_on = 1;
      ::setsockopt(descriptor.number(), IPPROTO_TCP, TCP_NODELAY, &is_on, sizeof is_on);
      connections_accepted.add();
      accepted_(std::move(descriptor), address_text(address));
      continue;
    }
    if (errno == EAGAIN || errno == EWOULDBLOCK) break;
    if (errno == ECONNABORTED || errno == EINTR) continue;
    const std::error_code why(errno, std::system_category());
    accepts_failed.add();
    static LogGate gate;
    if (gate.opens())
      log::warning("a connection could not be accepted", {{"cause", why.message()}});
    if (why == std::errc::too_many_files_open || why == std::errc::too_many_files_open_in_system)
      shed();
    return pause();
  }
  wait();
}

/// Without a free descriptor a peer in the backlog cannot even be refused: the reserve is given up
/// for that moment.
void HttpAcceptor::shed() {
  reserve_.reset();
  Descriptor refused(::accept4(acceptor_.native_handle(), nullptr, nullptr, SOCK_CLOEXEC));
  refused.reset();
  reserve_ = open_reserve();
}

void HttpAcceptor::pause() {
  pause_.expires_after(kPause);
  pause_.async_wait([self = shared_from_this()](const error_code& ec) {
    if (!ec) self->wait();
  });
}

}  // namespace knotos::runtime
