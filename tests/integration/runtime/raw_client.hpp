#pragma once

#include <arpa/inet.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>

namespace knotos::test {

/// A peer that says exactly what it is told to, over a real loopback socket. Every wait ends after
/// ten seconds.
class RawClient {
 public:
  explicit RawClient(std::uint16_t port)
      : descriptor_(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
    ::sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(port);
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    const int status =
        ::connect(descriptor_, reinterpret_cast<::sockaddr*>(&address), sizeof address);
    EXPECT_EQ(status, 0);
  }
  RawClient(RawClient&& other) noexcept : descriptor_(std::exchange(other.descriptor_, -1)) {}
  RawClient(const RawClient&) = delete;
  RawClient& operator=(const RawClient&) = delete;
  ~RawClient() { close(); }

  void send(std::string_view bytes) {
    while (!bytes.empty()) {
      const auto sent = ::send(descriptor_, bytes.data(), bytes.size(), MSG_NOSIGNAL);
      if (sent <= 0) return;
      bytes.remove_prefix(static_cast<std::size_t>(sent));
    }
  }

  /// Reads until `text` has come, or the end.
  std::string read_until(std::string_view text) {
    while (seen_.find(text) == std::string::npos && read_some()) {
    }
    const auto at = seen_.find(text);
    const auto size = at == std::string::npos ? seen_.size() : at + text.size();
    auto out = seen_.substr(0, size);
    seen_.erase(0, size);
    return out;
  }

  /// Reads to the peer's end. Ten seconds of silence fail the test.
  std::string read_to_end() {
    while (read_some()) {
    }
    return std::exchange(seen_, {});
  }

  void finish_sending() { ::shutdown(descriptor_, SHUT_WR); }
  /// Ends with RST.
  void reset() {
    const ::linger now{.l_onoff = 1, .l_linger = 0};
    ::setsockopt(descriptor_, SOL_SOCKET, SO_LINGER, &now, sizeof now);
    close();
  }
  void close() {
    if (descriptor_ >= 0) ::close(std::exchange(descriptor_, -1));
  }

 private:
  bool read_some() {
    ::pollfd wait{.fd = descriptor_, .events = POLLIN, .revents = 0};
    if (::poll(&wait, 1, 10'000) <= 0) {
      ADD_FAILURE() << "nothing came for ten seconds; so far: " << seen_;
      return false;
    }
    char buffer[16 * 1024];
    const auto size = ::recv(descriptor_, buffer, sizeof buffer, 0);
    if (size <= 0) return false;
    seen_.append(buffer, static_cast<std::size_t>(size));
    return true;
  }

  int descriptor_;
  std::string seen_;
};

}  // namespace knotos::test
