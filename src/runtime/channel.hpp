#pragma once

#include "runtime/descriptor.hpp"
#include "runtime/tls_session.hpp"

#include <memory>
#include <span>
#include <string>

namespace knotos::runtime {

/// How bytes go over a descriptor: as they are, or by TLS. It keeps no descriptor, so it moves with
/// one between connection, link and shard. Never blocks. On one shard at a time.
///
/// What could be decrypted was handed out, so that to wait for the descriptor is enough. What was
/// encrypted and not taken waits here: where `has_unsent`, wait until the descriptor can be written
/// to, and `flush`.
class Channel {
 public:
  /// Ciphertext that waits for the peer to take it. Beyond, the peer makes us answer and does not
  /// read: it has failed.
  static constexpr std::size_t kUnsentMax = 128 * 1024;
  /// What `receive` must be given room for.
  static constexpr std::size_t kReceiveBytesMin = 48 * 1024;

  /// Plain.
  Channel() = default;
  explicit Channel(std::unique_ptr<TlsSession> tls) : tls_(std::move(tls)) {}

  [[nodiscard]] Transfer receive(int descriptor, std::span<std::uint8_t> into);
  /// `bytes`: taken, if not yet sent. `would_block`: not all were taken, or not all are sent.
  [[nodiscard]] Transfer send(int descriptor, std::span<const server::Link::Piece> pieces);

  [[nodiscard]] bool has_unsent() const { return !unsent_.empty(); }
  [[nodiscard]] Flow flush(int descriptor);
  /// Tells the peer that nothing more comes, where the protocol has a word for that.
  void finish(int descriptor);

  [[nodiscard]] bool is_secure() const { return tls_ != nullptr; }
  /// Plain text can be sent.
  [[nodiscard]] bool is_established() const { return !tls_ || tls_->is_established(); }

 private:
  [[nodiscard]] Flow put(int descriptor, std::string_view ciphertext);

  std::unique_ptr<TlsSession> tls_;
  std::string unsent_;
};

}  // namespace knotos::runtime
