#include "runtime/tls_session.hpp"

#include "base/assert.hpp"
#include "base/metrics.hpp"

#include <openssl/bio.h>
#include <openssl/err.h>
#include <openssl/ssl.h>

#include <algorithm>
#include <cstring>

namespace knotos::runtime {
namespace {

metrics::Counter handshakes_done("tls_handshakes_total", "TLS handshakes completed.");
metrics::Counter sessions_failed("tls_failures_total",
                                 "TLS connections that ended of what the peer sent.");

}  // namespace

/// OpenSSL's own memory BIOs keep the room of the largest flight for as long as the session lives:
/// 32 KiB an idle link. This one has no memory.
struct TlsSession::Memory {
  static Wires& wires(BIO* bio) { return *static_cast<Wires*>(BIO_get_data(bio)); }

  static int read(BIO* bio, char* into, std::size_t size, std::size_t* taken) {
    auto& in = wires(bio).in;
    BIO_clear_retry_flags(bio);
    if (in.empty()) {
      BIO_set_retry_read(bio);
      return 0;
    }
    *taken = std::min(size, in.size());
    std::memcpy(into, in.data(), *taken);
    in = in.subspan(*taken);
    return 1;
  }

  static int write(BIO* bio, const char* bytes, std::size_t size, std::size_t* taken) {
    auto* const out = wires(bio).out;
    BIO_clear_retry_flags(bio);
    if (out == nullptr) return 0;
    out->append(bytes, size);
    *taken = size;
    return 1;
  }

  static long control(BIO*, int command, long, void*) { return command == BIO_CTRL_FLUSH ? 1 : 0; }

  static BIO_METHOD* make_method() {
    auto* const method =
        BIO_meth_new(BIO_get_new_index() | BIO_TYPE_SOURCE_SINK, "caller's memory");
    KN_ASSERT(method != nullptr);
    BIO_meth_set_read_ex(method, read);
    BIO_meth_set_write_ex(method, write);
    BIO_meth_set_ctrl(method, control);
    return method;
  }

  static BIO* make(Wires& wires) {
    static const auto* const method = make_method();  // For as long as the process lives.
    auto* const bio = BIO_new(method);
    KN_ASSERT(bio != nullptr);
    BIO_set_data(bio, &wires);
    BIO_set_init(bio, 1);
    return bio;
  }
};

void TlsSession::Free::operator()(ssl_st* session) const { SSL_free(session); }

TlsSession::TlsSession(ssl_st* session) : session_(session) {
  KN_ASSERT(session != nullptr);
  auto* const bio = Memory::make(wires_);
  SSL_set_bio(session, bio, bio);
  SSL_set_accept_state(session);
}

TlsSession::~TlsSession() = default;

bool TlsSession::is_established() const { return SSL_is_init_finished(session_.get()) != 0; }

TlsSession::Opened TlsSession::open(std::span<const std::uint8_t> ciphertext,
                                    std::span<std::uint8_t> into, std::string& out) {
  KN_ASSERT(into.size() >= ciphertext.size() + 2 * kRecordBytes);
  Opened opened;
  if (has_failed_) return {.bytes = 0, .state = State::failed};
  wires_ = {.in = ciphertext, .out = &out};
  const bool was_established = is_established();
  // Left over from another session of this thread, it would be taken for this one's.
  ERR_clear_error();
  int result = 0;
  for (;;) {
    std::size_t bytes = 0;
    const auto rest = into.subspan(opened.bytes);
    result = SSL_read_ex(session_.get(), rest.data(), rest.size(), &bytes);
    if (result <= 0) break;
    opened.bytes += bytes;
  }
  const auto error = SSL_get_error(session_.get(), result);
  ERR_clear_error();
  if (error == SSL_ERROR_ZERO_RETURN) {
    opened.state = State::ended;
  } else if (error != SSL_ERROR_WANT_READ) {
    has_failed_ = true;
    sessions_failed.add();
    opened.state = State::failed;
  }
  wires_ = {};
  if (!was_established && is_established()) handshakes_done.add();
  return opened;
}

bool TlsSession::seal(std::span<const std::uint8_t> plain, std::string& out) {
  KN_ASSERT(plain.size() <= kRecordBytes);
  if (has_failed_ || !is_established()) return false;
  if (plain.empty()) return true;
  wires_ = {.in = {}, .out = &out};
  ERR_clear_error();
  std::size_t taken = 0;
  const bool is_sealed = SSL_write_ex(session_.get(), plain.data(), plain.size(), &taken) > 0;
  ERR_clear_error();
  wires_ = {};
  has_failed_ = !is_sealed || taken != plain.size();
  return !has_failed_;
}

void TlsSession::seal_end(std::string& out) {
  if (has_failed_ || !is_established()) return;
  wires_ = {.in = {}, .out = &out};
  ERR_clear_error();
  SSL_shutdown(session_.get());
  ERR_clear_error();
  wires_ = {};
}

}  // namespace knotos::runtime
