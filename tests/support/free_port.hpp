#pragma once

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cstdint>
#include <cstdlib>

namespace knotos::test {

/// A port of loopback that nobody has now.
[[nodiscard]] inline std::uint16_t free_port() {
  const int probe = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t size = sizeof address;
  auto* const plain = reinterpret_cast<sockaddr*>(&address);
  if (bind(probe, plain, size) != 0 || getsockname(probe, plain, &size) != 0) std::abort();
  close(probe);
  return ntohs(address.sin_port);
}

}  // namespace knotos::test
