#include "bench/target.hpp"

#include <netdb.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>
#include <charconv>
#include <cstring>

namespace knotos::bench {

std::optional<Target> parse_target(std::string_view url) {
  constexpr std::string_view kScheme = "http://";
  if (!url.starts_with(kScheme)) return std::nullopt;
  url.remove_prefix(kScheme.size());
  if (url.ends_with('/')) url.remove_suffix(1);
  Target target;
  target.port = 80;
  if (const auto colon = url.rfind(':'); colon != std::string_view::npos) {
    const auto digits = url.substr(colon + 1);
    const auto* const end = digits.data() + digits.size();
    const auto parsed = std::from_chars(digits.data(), end, target.port);
    if (parsed.ec != std::errc() || parsed.ptr != end || target.port == 0) return std::nullopt;
    url = url.substr(0, colon);
  }
  if (url.empty() || url.find('/') != std::string_view::npos) return std::nullopt;
  target.host = url;

  addrinfo hints{};
  hints.ai_family = AF_INET;
  hints.ai_socktype = SOCK_STREAM;
  addrinfo* found = nullptr;
  if (::getaddrinfo(target.host.c_str(), nullptr, &hints, &found) != 0) return std::nullopt;
  std::memcpy(&target.address, found->ai_addr, sizeof target.address);
  ::freeaddrinfo(found);
  target.address.sin_port = htons(target.port);
  return target;
}

int begin_connecting(const Target& target) {
  const int descriptor = ::socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  if (descriptor < 0) return -1;
  const int on = 1;
  ::setsockopt(descriptor, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
  const auto* const address = reinterpret_cast<const sockaddr*>(&target.address);
  if (::connect(descriptor, address, sizeof target.address) == 0 || errno == EINPROGRESS)
    return descriptor;
  const int error = errno;
  ::close(descriptor);
  errno = error;
  return -1;
}

std::string socket_error(int descriptor) {
  int error = 0;
  socklen_t size = sizeof error;
  ::getsockopt(descriptor, SOL_SOCKET, SO_ERROR, &error, &size);
  return error == 0 ? std::string() : std::string(std::strerror(error));
}

}  // namespace knotos::bench
