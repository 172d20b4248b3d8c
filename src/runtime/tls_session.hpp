#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>

struct bio_st;
struct ssl_st;

namespace knotos::runtime {

/// The server's side of one TLS connection, without a socket: ciphertext in, plain text out, and
/// the other way round. On one thread at a time; it may move between them with its connection.
///
/// Idle it holds no buffer of its own, and OpenSSL is told to give its own back: bytes are read out
/// of the caller's memory and written into the caller's (docs/adr/0030-tls-without-a-socket.md).
class TlsSession {
 public:
  /// TLS records hold at most so much plain text.
  static constexpr std::size_t kRecordBytes = 16 * 1024;

  enum class State : std::uint8_t {
    open,    ///< Of the handshake too.
    ended,   ///< The peer said that nothing more comes.
    failed,  ///< What came is no TLS, or none that we allow.
  };

  struct Opened {
    std::size_t bytes = 0;
    State state = State::open;
  };

  /// Takes the session over.
  explicit TlsSession(ssl_st* session);
  TlsSession(const TlsSession&) = delete;
  TlsSession& operator=(const TlsSession&) = delete;
  ~TlsSession();

  /// Takes all of `ciphertext`, puts its plain text into `into`, which is larger by at least two
  /// records, and appends to `out` what the peer must be told: the handshake, or an alert.
  [[nodiscard]] Opened open(std::span<const std::uint8_t> ciphertext, std::span<std::uint8_t> into,
                            std::string& out);
  /// Appends the ciphertext of at most one record to `out`. False: the session has failed, or its
  /// handshake is not over.
  [[nodiscard]] bool seal(std::span<const std::uint8_t> plain, std::string& out);
  /// Appends what tells the peer that nothing more comes, if it may be told.
  void seal_end(std::string& out);

  [[nodiscard]] bool is_established() const;

 private:
  /// Where OpenSSL reads from and writes to, for the time of one call.
  struct Wires {
    std::span<const std::uint8_t> in;
    std::string* out = nullptr;
  };
  struct Memory;  // The BIO over the wires.
  struct Free {
    void operator()(ssl_st* session) const;
  };

  Wires wires_;
  std::unique_ptr<ssl_st, Free> session_;
  bool has_failed_ = false;
};

}  // namespace knotos::runtime
