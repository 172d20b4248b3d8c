#include "runtime/channel.hpp"

#include "base/assert.hpp"
#include "base/metrics.hpp"

#include <sys/socket.h>

#include <algorithm>
#include <array>
#include <cstring>
#include <string_view>
#include <utility>

namespace knotos::runtime {
namespace {

using server::Link;

constexpr std::size_t kCiphertextBytes = 16 * 1024;
/// Ciphertext of one call to the system.
constexpr std::size_t kSendBytes = 64 * 1024;

metrics::Counter unsent_overflows("tls_unsent_overflows_total",
                                  "TLS connections cut for answers that the peer did not take.");

/// A thread's ciphertext on its way out: what the socket takes at once costs no link any memory.
std::string& outgoing() {
  thread_local std::string bytes;
  bytes.clear();
  return bytes;
}

/// Many small pieces become few records.
class PieceReader {
 public:
  explicit PieceReader(std::span<const Link::Piece> pieces) : pieces_(pieces) {}

  std::span<const std::uint8_t> next(std::span<std::uint8_t> into) {
    std::size_t filled = 0;
    while (filled < into.size() && !pieces_.empty()) {
      const auto rest = pieces_.front().subspan(done_);
      const auto size = std::min(rest.size(), into.size() - filled);
      if (size > 0) std::memcpy(into.data() + filled, rest.data(), size);
      filled += size;
      done_ += size;
      if (done_ < pieces_.front().size()) break;
      pieces_ = pieces_.subspan(1);
      done_ = 0;
    }
    return into.first(filled);
  }

 private:
  std::span<const Link::Piece> pieces_;
  std::size_t done_ = 0;
};

Link::Piece octets(std::string_view text) {
  return {reinterpret_cast<const std::uint8_t*>(text.data()), text.size()};
}

}  // namespace

Transfer Channel::receive(int descriptor, std::span<std::uint8_t> into) {
  if (!tls_) return receive_now(descriptor, into);
  KN_ASSERT(into.size() >= kReceiveBytesMin);
  std::array<std::uint8_t, kCiphertextBytes> ciphertext;  // NOLINT: read as far as it was filled.
  for (;;) {
    const auto [received, flow] = receive_now(descriptor, ciphertext);
    if (flow != Flow::ok) return {.bytes = 0, .flow = flow};
    auto& out = outgoing();
    const auto opened = tls_->open(std::span(ciphertext).first(received), into, out);
    if (put(descriptor, out) == Flow::failed || opened.state == TlsSession::State::failed) {
      return {.bytes = 0, .flow = Flow::failed};
    }
    if (opened.state == TlsSession::State::ended) {
      if (opened.bytes == 0) return {.bytes = 0, .flow = Flow::ended};
      // The next read finds the end, though the peer may leave its socket open.
      ::shutdown(descriptor, SHUT_RD);
    }
    if (opened.bytes > 0) return {.bytes = opened.bytes, .flow = Flow::ok};
  }
}

Transfer Channel::send(int descriptor, std::span<const Link::Piece> pieces) {
  if (!tls_) return send_now(descriptor, pieces);
  if (const auto flow = flush(descriptor); flow != Flow::ok) return {.bytes = 0, .flow = flow};
  std::array<std::uint8_t, TlsSession::kRecordBytes> plain;  // NOLINT: as far as it is filled.
  PieceReader reader(pieces);
  std::size_t total = 0;
  for (bool is_last = false; !is_last;) {
    auto& out = outgoing();
    while (!is_last && out.size() < kSendBytes) {
      const auto record = reader.next(plain);
      is_last = record.size() < plain.size();
      if (!tls_->seal(record, out)) return {.bytes = total, .flow = Flow::failed};
      total += record.size();
    }
    if (const auto flow = put(descriptor, out); flow != Flow::ok) {
      return {.bytes = total, .flow = flow};
    }
  }
  return {.bytes = total, .flow = Flow::ok};
}

Flow Channel::flush(int descriptor) {
  if (unsent_.empty()) return Flow::ok;
  const auto waiting = std::exchange(unsent_, {});
  return put(descriptor, waiting);
}

void Channel::finish(int descriptor) {
  if (!tls_) return;
  auto& out = outgoing();
  tls_->seal_end(out);
  // Whoever closes finds out in any case.
  static_cast<void>(put(descriptor, out));
}

Flow Channel::put(int descriptor, std::string_view ciphertext) {
  if (ciphertext.empty()) return unsent_.empty() ? Flow::ok : Flow::would_block;
  Transfer sent{.bytes = 0, .flow = Flow::would_block};
  if (unsent_.empty()) {
    const std::array<Link::Piece, 1> pieces{octets(ciphertext)};
    sent = send_now(descriptor, pieces);
  }
  if (sent.flow != Flow::would_block) return sent.flow;
  unsent_ += ciphertext.substr(sent.bytes);
  if (unsent_.size() <= kUnsentMax) return Flow::would_block;
  unsent_overflows.add();
  return Flow::failed;
}

}  // namespace knotos::runtime
