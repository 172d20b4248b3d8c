#pragma once

#include "base/time.hpp"
#include "runtime/tls_session.hpp"

#include <memory>
#include <mutex>
#include <optional>
#include <string>

struct ssl_ctx_st;

namespace knotos::runtime {

/// The certificate and key that a TLS port shows, and the terms on which it speaks: TLS 1.2 and
/// 1.3, forward secrecy and authenticated ciphers only, no renegotiation, HTTP/1.1 by ALPN.
///
/// Any thread. Sessions keep what they began with, so to load another certificate ends none.
class TlsCertificate {
 public:
  struct Files {
    std::string certificate;  ///< PEM: the server's own first, then the chain.
    std::string key;          ///< PEM, without a passphrase.
  };

  /// Throws std::runtime_error with one clear sentence.
  explicit TlsCertificate(Files files);
  ~TlsCertificate();
  TlsCertificate(const TlsCertificate&) = delete;
  TlsCertificate& operator=(const TlsCertificate&) = delete;

  /// Reads the files again. Answers what is wrong with them; what was there before stays then.
  [[nodiscard]] std::optional<std::string> reload();

  /// When the certificate stops being valid.
  [[nodiscard]] Time expires_at() const;

  /// For one connection.
  [[nodiscard]] std::unique_ptr<TlsSession> make_session() const;

 private:
  struct Free {
    void operator()(ssl_ctx_st* context) const;
  };
  using Context = std::unique_ptr<ssl_ctx_st, Free>;

  [[nodiscard]] static Context load(const Files& files);

  const Files files_;
  mutable std::mutex mutex_;
  Context context_;
};

}  // namespace knotos::runtime
