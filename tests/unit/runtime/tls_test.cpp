#include "runtime/tls_certificate.hpp"

#include "support/temporary_directory.hpp"
#include "support/test_certificate.hpp"

#include <openssl/err.h>
#include <openssl/ssl.h>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <array>
#include <fstream>
#include <stdexcept>
#include <string_view>

namespace knotos::runtime {
namespace {

using State = TlsSession::State;
using testing::HasSubstr;

std::span<const std::uint8_t> octets(std::string_view text) {
  return {reinterpret_cast<const std::uint8_t*>(text.data()), text.size()};
}

/// OpenSSL's client, its bytes in memory.
class Client {
 public:
  explicit Client(int version_max = TLS1_3_VERSION, int version_min = TLS1_2_VERSION)
      : context_(SSL_CTX_new(TLS_client_method()), SSL_CTX_free) {
    SSL_CTX_set_security_level(context_.get(), 0);
    SSL_CTX_set_min_proto_version(context_.get(), version_min);
    SSL_CTX_set_max_proto_version(context_.get(), version_max);
    session_ = {SSL_new(context_.get()), SSL_free};
    in_ = BIO_new(BIO_s_mem());
    out_ = BIO_new(BIO_s_mem());
    SSL_set_bio(session_.get(), in_, out_);
    SSL_set_connect_state(session_.get());
  }

  [[nodiscard]] SSL* get() const { return session_.get(); }
  /// Goes on as far as it can. The error where it stopped.
  int handshake() {
    ERR_clear_error();
    return SSL_get_error(get(), SSL_do_handshake(get()));
  }
  void hear(std::string_view bytes) {
    BIO_write(in_, bytes.data(), static_cast<int>(bytes.size()));
  }
  std::string say() {
    std::string bytes(BIO_ctrl_pending(out_), '\0');
    BIO_read(out_, bytes.data(), static_cast<int>(bytes.size()));
    return bytes;
  }
  void write(std::string_view plain) {
    SSL_write(get(), plain.data(), static_cast<int>(plain.size()));
  }
  std::string read() {
    std::string plain;
    std::array<char, 4096> some{};
    int size = 0;
    while ((size = SSL_read(get(), some.data(), some.size())) > 0) {
      plain.append(some.data(), static_cast<std::size_t>(size));
    }
    last_error_ = SSL_get_error(get(), size);
    return plain;
  }
  [[nodiscard]] bool has_heard_the_end() const { return last_error_ == SSL_ERROR_ZERO_RETURN; }
  [[nodiscard]] std::string name_of_server() const {
    const auto* const shown = SSL_get0_peer_certificate(get());
    if (shown == nullptr) return {};
    std::array<char, 64> name{};
    X509_NAME_get_text_by_NID(X509_get_subject_name(shown), NID_commonName, name.data(),
                              name.size());
    return name.data();
  }

 private:
  std::unique_ptr<SSL_CTX, void (*)(SSL_CTX*)> context_;
  std::unique_ptr<SSL, void (*)(SSL*)> session_{nullptr, SSL_free};
  BIO* in_ = nullptr;
  BIO* out_ = nullptr;
  int last_error_ = SSL_ERROR_NONE;
};

/// What the server's side has heard, and how it stands.
struct Talk {
  explicit Talk(const TlsCertificate& certificate) : session(certificate.make_session()) {}

  /// The client's bytes, `step` at a time; answers go to the client.
  void pass(Client& client, std::size_t step = SIZE_MAX) {
    const auto bytes = client.say();
    std::string_view rest = bytes;
    while (!rest.empty()) {
      const auto piece = rest.substr(0, step);
      rest.remove_prefix(piece.size());
      hear(octets(piece), client);
    }
  }
  void hear(std::span<const std::uint8_t> piece, Client& client) {
    std::array<std::uint8_t, 64UL * 1024> into{};
    std::string out;
    const auto opened =
        session->open(piece.first(std::min<std::size_t>(piece.size(), 16'384)), into, out);
    plain.append(into.begin(), into.begin() + static_cast<long>(opened.bytes));
    state = opened.state;
    client.hear(out);
    if (piece.size() > 16'384) hear(piece.subspan(16'384), client);
  }
  void connect(Client& client, std::size_t step = SIZE_MAX) {
    for (int flights = 0; flights < 4; ++flights) {
      client.handshake();
      pass(client, step);
    }
  }
  void say(std::string_view text, Client& client) {
    std::string out;
    ASSERT_TRUE(session->seal(octets(text), out));
    client.hear(out);
  }

  std::unique_ptr<TlsSession> session;
  std::string plain;
  State state = State::open;
};

class TlsTest : public testing::Test {
 protected:
  [[nodiscard]] std::string at(const std::string& name) const {
    return directory.path() + "/" + name;
  }
  [[nodiscard]] std::string refusal(TlsCertificate::Files files) const {
    try {
      const TlsCertificate certificate(std::move(files));
    } catch (const std::runtime_error& error) {
      return error.what();
    }
    return "(none)";
  }
  [[nodiscard]] TlsCertificate::Files write(const std::string& name) const {
    test::write_certificate(name, at("cert.pem"), at("key.pem"));
    return {.certificate = at("cert.pem"), .key = at("key.pem")};
  }

  test::TemporaryDirectory directory;
};

TEST_F(TlsTest, TheSameBytesCutAnywhereGiveTheSameTalk) {
  const TlsCertificate certificate(write("a.example"));
  for (const auto version : {TLS1_2_VERSION, TLS1_3_VERSION}) {
    for (const std::size_t step : {1UL, 2UL, 3UL, 5UL, 7UL, 100UL, 1000UL, SIZE_MAX}) {
      Client client(version, version);
      Talk talk(certificate);
      talk.connect(client, step);
      ASSERT_TRUE(talk.session->is_established());
      const std::string large(40'000, 'x');
      client.write("hello, " + large);
      talk.pass(client, step);
      EXPECT_EQ(talk.plain, "hello, " + large);
      talk.say("and good day", client);
      EXPECT_EQ(client.read(), "and good day");
      EXPECT_EQ(client.name_of_server(), "a.example");
    }
  }
}

TEST_F(TlsTest, PlainHttpIsNoTls) {
  const TlsCertificate certificate(write("a.example"));
  Talk talk(certificate);
  Client nobody;
  talk.hear(octets("GET / HTTP/1.1\r\nHost: a\r\n\r\n"), nobody);
  EXPECT_EQ(talk.state, State::failed);
  talk.hear(octets("more"), nobody);
  EXPECT_EQ(talk.state, State::failed);
}

TEST_F(TlsTest, WhatIsOlderThanTls12IsRefused) {
  const TlsCertificate certificate(write("a.example"));
  Client old(TLS1_1_VERSION, TLS1_VERSION);
  Talk talk(certificate);
  talk.connect(old);
  EXPECT_EQ(talk.state, State::failed);
  EXPECT_FALSE(talk.session->is_established());
}

TEST_F(TlsTest, CiphersWithoutForwardSecrecyAreRefused) {
  const TlsCertificate certificate(write("a.example"));
  for (const auto* const cipher : {"AES128-GCM-SHA256", "ECDHE-ECDSA-AES128-SHA", "aNULL"}) {
    Client client(TLS1_2_VERSION);
    SSL_set_cipher_list(client.get(), cipher);
    Talk talk(certificate);
    talk.connect(client);
    EXPECT_FALSE(talk.session->is_established()) << cipher;
  }
}

TEST_F(TlsTest, NothingIsSealedBeforeTheHandshake) {
  const TlsCertificate certificate(write("a.example"));
  Talk talk(certificate);
  std::string out;
  EXPECT_FALSE(talk.session->seal(octets("x"), out));
  talk.session->seal_end(out);
  EXPECT_EQ(out, "");
}

TEST_F(TlsTest, TheEndIsSaidAndHeard) {
  const TlsCertificate certificate(write("a.example"));
  Client client;
  Talk talk(certificate);
  talk.connect(client);
  std::string out;
  talk.session->seal_end(out);
  client.hear(out);
  EXPECT_EQ(client.read(), "");
  EXPECT_TRUE(client.has_heard_the_end());
  client.write("last words");
  SSL_shutdown(client.get());
  talk.pass(client);
  EXPECT_EQ(talk.plain, "last words");
  EXPECT_EQ(talk.state, State::ended);
}

TEST_F(TlsTest, AByteThatWasChangedEndsIt) {
  const TlsCertificate certificate(write("a.example"));
  Client client;
  Talk talk(certificate);
  talk.connect(client);
  client.write("hello");
  auto bytes = client.say();
  bytes.back() = static_cast<char>(bytes.back() ^ 1);
  talk.hear(octets(bytes), client);
  EXPECT_EQ(talk.plain, "");
  EXPECT_EQ(talk.state, State::failed);
}

TEST_F(TlsTest, ARenegotiationIsNotTaken) {
  const TlsCertificate certificate(write("a.example"));
  Client client(TLS1_2_VERSION);
  Talk talk(certificate);
  talk.connect(client);
  SSL_renegotiate(client.get());
  client.handshake();
  talk.pass(client);
  client.handshake();
  EXPECT_EQ(SSL_is_init_finished(client.get()), 0);
}

TEST_F(TlsTest, OfProtocolsOfferedHttp11IsChosenAndOthersAreRefused) {
  const TlsCertificate certificate(write("a.example"));
  Client both;
  SSL_set_alpn_protos(both.get(), reinterpret_cast<const unsigned char*>("\x02h2\x08http/1.1"), 12);
  Talk good(certificate);
  good.connect(both);
  const unsigned char* chosen = nullptr;
  unsigned size = 0;
  SSL_get0_alpn_selected(both.get(), &chosen, &size);
  EXPECT_EQ(std::string_view(reinterpret_cast<const char*>(chosen), size), "http/1.1");

  Client newer;
  SSL_set_alpn_protos(newer.get(), reinterpret_cast<const unsigned char*>("\x02h2"), 3);
  Talk refused(certificate);
  refused.connect(newer);
  EXPECT_FALSE(refused.session->is_established());
}

TEST_F(TlsTest, ANewCertificateIsForNewSessionsAndOldOnesGoOn) {
  TlsCertificate certificate(write("old.example"));
  Client before;
  Talk old(certificate);
  old.connect(before);
  static_cast<void>(write("new.example"));
  EXPECT_EQ(certificate.reload(), std::nullopt);
  Client after;
  Talk renewed(certificate);
  renewed.connect(after);
  EXPECT_EQ(after.name_of_server(), "new.example");
  before.write("still here");
  old.pass(before);
  EXPECT_EQ(old.plain, "still here");
}

TEST_F(TlsTest, ABadNewCertificateLeavesTheOldOne) {
  TlsCertificate certificate(write("old.example"));
  std::ofstream(at("cert.pem")) << "rubbish\n";
  EXPECT_THAT(certificate.reload().value_or(""), HasSubstr("no certificate in PEM"));
  test::write_certificate("other.example", at("cert.pem"), at("other-key.pem"));
  EXPECT_THAT(certificate.reload().value_or(""), HasSubstr("does not match"));
  std::filesystem::remove(at("key.pem"));
  EXPECT_THAT(certificate.reload().value_or(""), HasSubstr("cannot read the TLS key"));
  Client client;
  Talk talk(certificate);
  talk.connect(client);
  EXPECT_EQ(client.name_of_server(), "old.example");
}

TEST_F(TlsTest, WhatCannotBeUsedIsSaidInOneSentence) {
  const auto files = write("a.example");
  EXPECT_EQ(refusal({.certificate = at("none"), .key = files.key}),
            "cannot read the TLS certificate '" + at("none") + "': No such file or directory");
  EXPECT_EQ(refusal({.certificate = files.certificate, .key = at("none")}),
            "cannot read the TLS key '" + at("none") + "': No such file or directory");
  EXPECT_EQ(refusal({.certificate = files.key, .key = files.key}),
            "cannot use the TLS certificate '" + files.key +
                "': it is no certificate in PEM that is strong enough");
  EXPECT_EQ(refusal({.certificate = files.certificate, .key = files.certificate}),
            "cannot use the TLS key '" + files.certificate +
                "': it is no private key in PEM without a passphrase");
  test::write_certificate("b.example", at("b.pem"), at("b-key.pem"));
  EXPECT_EQ(refusal({.certificate = files.certificate, .key = at("b-key.pem")}),
            "cannot use the TLS key '" + at("b-key.pem") +
                "': it does not match the certificate '" + files.certificate + "'");
}

}  // namespace
}  // namespace knotos::runtime
