#include "runtime/descriptor.hpp"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>

namespace knotos::runtime {
namespace {

/// Pieces of one sendmsg: well below IOV_MAX (1024), and 4 KB of stack.
constexpr std::size_t kPiecesPerCall = 256;

}  // namespace

void Descriptor::reset() {
  if (number_ >= 0) ::close(std::exchange(number_, -1));
}

Transfer receive_now(int descriptor, std::span<std::uint8_t> into) {
  for (;;) {
    const auto received = ::recv(descriptor, into.data(), into.size(), MSG_DONTWAIT);
    if (received > 0) return {.bytes = static_cast<std::size_t>(received), .flow = Flow::ok};
    if (received == 0) return {.bytes = 0, .flow = Flow::ended};
    if (errno == EINTR) continue;
    const bool is_empty = errno == EAGAIN || errno == EWOULDBLOCK;
    return {.bytes = 0, .flow = is_empty ? Flow::would_block : Flow::failed};
  }
}

Transfer send_now(int descriptor, std::span<const server::Link::Piece> pieces) {
  std::array<::iovec, kPiecesPerCall> vectors;  // NOLINT: filled as far as it is used.
  std::size_t first = 0;
  std::size_t first_done = 0;
  std::size_t total = 0;
  while (first < pieces.size()) {
    std::size_t count = 0;
    std::size_t asked = 0;
    for (auto index = first; index < pieces.size() && count < kPiecesPerCall; ++index) {
      const auto piece = index == first ? pieces[index].subspan(first_done) : pieces[index];
      if (piece.empty()) continue;
      // sendmsg does not write to what it sends; its type is older than const.
      vectors[count++] = {.iov_base = const_cast<std::uint8_t*>(piece.data()),
                          .iov_len = piece.size()};
      asked += piece.size();
    }
    if (asked == 0) break;
    ::msghdr message{};
    message.msg_iov = vectors.data();
    message.msg_iovlen = count;
    const auto sent = ::sendmsg(descriptor, &message, MSG_DONTWAIT | MSG_NOSIGNAL);
    if (sent < 0) {
      if (errno == EINTR) continue;
      const bool is_full = errno == EAGAIN || errno == EWOULDBLOCK;
      return {.bytes = total, .flow = is_full ? Flow::would_block : Flow::failed};
    }
    auto taken = static_cast<std::size_t>(sent);
    total += taken;
    // A short write means a full buffer: asking again would only be told so.
    if (taken < asked) return {.bytes = total, .flow = Flow::would_block};
    while (first < pieces.size() && taken >= pieces[first].size() - first_done) {
      taken -= pieces[first].size() - first_done;
      first_done = 0;
      ++first;
    }
    first_done += taken;
  }
  return {.bytes = total, .flow = Flow::ok};
}

std::string address_text(const sockaddr_storage& address) {
  std::array<char, INET6_ADDRSTRLEN> text{};
  if (address.ss_family == AF_INET) {
    ::sockaddr_in ipv4{};
    std::memcpy(&ipv4, &address, sizeof ipv4);
    ::inet_ntop(AF_INET, &ipv4.sin_addr, text.data(), text.size());
  } else if (address.ss_family == AF_INET6) {
    ::sockaddr_in6 ipv6{};
    std::memcpy(&ipv6, &address, sizeof ipv6);
    const auto* const bytes = ipv6.sin6_addr.s6_addr;
    constexpr std::array<std::uint8_t, 12> kMapped{0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xFF, 0xFF};
    if (std::equal(kMapped.begin(), kMapped.end(), bytes)) {
      ::inet_ntop(AF_INET, bytes + kMapped.size(), text.data(), text.size());
    } else {
      ::inet_ntop(AF_INET6, &ipv6.sin6_addr, text.data(), text.size());
    }
  }
  return text.data();
}

}  // namespace knotos::runtime
