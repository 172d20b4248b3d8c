#pragma once

#include <chrono>
#include <cstddef>

namespace knotos::runtime {

struct HttpLimits {
  std::size_t header_bytes_max = 16 * 1024;  ///< Request line and headers: 431 beyond.
  std::size_t headers_max = 100;             ///< 431 beyond.
  std::size_t body_bytes_max = 1'000'000;    ///< Where a mount names no other: 413 beyond.
  /// From the first byte of a request to the end of its headers: 408.
  std::chrono::milliseconds header_timeout{10'000};
  std::chrono::milliseconds tls_handshake_timeout{10'000};  ///< From the first byte: closed.
  std::chrono::milliseconds body_timeout{30'000};           ///< For the body: 408.
  std::chrono::milliseconds keep_alive_timeout{75'000};     ///< Before the first byte of a request.
  /// For a peer that takes nothing of its response; begins again whenever it takes some.
  std::chrono::milliseconds write_timeout{30'000};
  std::size_t connections_max =
      18'000;  ///< Of the process, links included; more are closed at once.
};

}  // namespace knotos::runtime
