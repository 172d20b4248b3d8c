#include "runtime/tls_certificate.hpp"

#include "base/assert.hpp"

#include <openssl/err.h>
#include <openssl/ssl.h>
#include <openssl/x509.h>

#include <array>
#include <cerrno>
#include <cstdint>
#include <ctime>
#include <fstream>
#include <stdexcept>
#include <string_view>
#include <system_error>

namespace knotos::runtime {
namespace {

/// Of TLS 1.2; those of 1.3 are all good.
constexpr auto* kCiphers = "ECDHE+AESGCM:ECDHE+CHACHA20:!aNULL:!SHA1";

[[noreturn]] void fail_with(const std::string& sentence) {
  ERR_clear_error();
  throw std::runtime_error(sentence);
}

/// OpenSSL would only say that something is wrong with a file that is not there.
void check_readable(const std::string& what, const std::string& file) {
  std::ifstream stream(file);
  if (stream.get() != std::char_traits<char>::eof()) return;
  const auto cause = stream.is_open() ? std::string("it is empty, or no file")
                                      : std::system_category().message(errno);
  fail_with("cannot read the TLS " + what + " '" + file + "': " + cause);
}

/// A server has nobody to ask.
int no_passphrase(char*, int, int, void*) { return 0; }

/// HTTP/1.1, which is all that is spoken here; who offers only others is told so by an alert.
int choose_protocol(SSL*, const unsigned char** chosen, unsigned char* chosen_size,
                    const unsigned char* offered, unsigned int offered_size, void*) {
  static constexpr std::string_view kProtocol = "http/1.1";
  const std::string_view all(reinterpret_cast<const char*>(offered), offered_size);
  for (std::size_t at = 0; at < all.size();) {
    const auto size = static_cast<std::uint8_t>(all[at]);
    if (all.substr(at + 1, size) == kProtocol) {
      *chosen = offered + at + 1;
      *chosen_size = size;
      return SSL_TLSEXT_ERR_OK;
    }
    at += 1U + size;
  }
  return SSL_TLSEXT_ERR_ALERT_FATAL;
}

void set_terms(SSL_CTX* context) {
  SSL_CTX_set_min_proto_version(context, TLS1_2_VERSION);
  SSL_CTX_set_options(context, SSL_OP_NO_RENEGOTIATION | SSL_OP_NO_COMPRESSION |
                                   SSL_OP_CIPHER_SERVER_PREFERENCE | SSL_OP_PRIORITIZE_CHACHA);
  // Twice 17 KiB an idle link otherwise.
  SSL_CTX_set_mode(context, SSL_MODE_RELEASE_BUFFERS);
  // Clients keep their tickets; the server keeps nothing for them.
  SSL_CTX_set_session_cache_mode(context, SSL_SESS_CACHE_OFF);
  SSL_CTX_set_alpn_select_cb(context, choose_protocol, nullptr);
  SSL_CTX_set_default_passwd_cb(context, no_passphrase);
  KN_ASSERT(SSL_CTX_set_cipher_list(context, kCiphers) == 1);
}

}  // namespace

void TlsCertificate::Free::operator()(ssl_ctx_st* context) const { SSL_CTX_free(context); }

TlsCertificate::TlsCertificate(Files files) : files_(std::move(files)), context_(load(files_)) {}

TlsCertificate::~TlsCertificate() = default;

TlsCertificate::Context TlsCertificate::load(const Files& files) {
  check_readable("certificate", files.certificate);
  check_readable("key", files.key);
  Context context(SSL_CTX_new(TLS_server_method()));
  if (!context) fail_with("TLS cannot be set up: OpenSSL gave no context");
  set_terms(context.get());
  if (SSL_CTX_use_certificate_chain_file(context.get(), files.certificate.c_str()) != 1) {
    fail_with("cannot use the TLS certificate '" + files.certificate +
              "': it is no certificate in PEM that is strong enough");
  }
  if (SSL_CTX_use_PrivateKey_file(context.get(), files.key.c_str(), SSL_FILETYPE_PEM) != 1) {
    const bool is_other = ERR_GET_LIB(ERR_peek_error()) == ERR_LIB_X509;
    fail_with("cannot use the TLS key '" + files.key + "': " +
              (is_other ? "it does not match the certificate '" + files.certificate + "'"
                        : std::string("it is no private key in PEM without a passphrase")));
  }
  if (SSL_CTX_check_private_key(context.get()) != 1) {
    fail_with("cannot use the TLS key '" + files.key + "': it does not match the certificate '" +
              files.certificate + "'");
  }
  return context;
}

std::optional<std::string> TlsCertificate::reload() {
  try {
    auto loaded = load(files_);
    const std::scoped_lock lock(mutex_);
    context_.swap(loaded);
  } catch (const std::runtime_error& error) {
    return error.what();
  }
  return std::nullopt;
}

Time TlsCertificate::expires_at() const {
  const std::scoped_lock lock(mutex_);
  std::tm end{};
  KN_ASSERT(ASN1_TIME_to_tm(X509_get0_notAfter(SSL_CTX_get0_certificate(context_.get())), &end) ==
            1);
  return Time(std::chrono::seconds(timegm(&end)));
}

std::unique_ptr<TlsSession> TlsCertificate::make_session() const {
  const std::scoped_lock lock(mutex_);
  return std::make_unique<TlsSession>(SSL_new(context_.get()));
}

}  // namespace knotos::runtime
