#include "adapters/crypto/jwt_tokens.hpp"
#include "base/digest.hpp"

#include <gtest/gtest.h>

#include <optional>

namespace knotos::adapters::crypto {
namespace {

const Time kNow = std::chrono::sys_days(std::chrono::year{2026} / 11 / 24);

std::optional<Errc> failure_of(const Result<ports::AccessClaims>& result) {
  if (result) return std::nullopt;
  return result.error().code;
}

class JwtTokensTest : public ::testing::Test {
 protected:
  Secret secret = Secret(32, 7);
  JwtTokens tokens{secret};
  ports::AccessClaims claims{
      .user_id = *domain::UserId::parse("11111111-1111-4111-8111-111111111111"),
      .device_id = *domain::DeviceId::parse("22222222-2222-4222-8222-222222222222"),
      .expires_at = kNow + std::chrono::minutes(15)};

  std::optional<Errc> refusal(std::string_view token) const {
    return failure_of(tokens.verify(token, kNow));
  }
  /// A token signed with the right key, whatever it says.
  std::string sign(std::string_view header, std::string_view body) const {
    auto token = base64url_encode(as_octets(header)) + '.' + base64url_encode(as_octets(body));
    const auto signature = hmac_sha256(secret, as_octets(token));
    return token + '.' + base64url_encode(signature);
  }
};

constexpr std::string_view kHeader = R"({"alg":"HS256","typ":"JWT"})";
constexpr std::string_view kSub = R"("sub":"11111111-1111-4111-8111-111111111111")";
constexpr std::string_view kDid = R"("did":"22222222-2222-4222-8222-222222222222")";

std::string body_of(std::string_view times) {
  return "{" + std::string(kSub) + "," + std::string(kDid) + "," + std::string(times) + "}";
}

TEST_F(JwtTokensTest, WhatWasIssuedIsAccepted) {
  const auto verified = tokens.verify(tokens.issue(claims), kNow);
  ASSERT_TRUE(verified);
  EXPECT_EQ(verified->user_id, claims.user_id);
  EXPECT_EQ(verified->device_id, claims.device_id);
  EXPECT_EQ(verified->expires_at, claims.expires_at);
}

TEST_F(JwtTokensTest, AnyoneElsesTokenOfTheSameFormIsAcceptedWithTheKey) {
  EXPECT_EQ(refusal(sign(kHeader, body_of(R"("iat":1,"exp":4000000000)"))), std::nullopt);
}

TEST_F(JwtTokensTest, ItExpiresNotBeforeItsTime) {
  claims.expires_at = kNow + std::chrono::milliseconds(1500);
  const auto token = tokens.issue(claims);
  EXPECT_TRUE(tokens.verify(token, kNow + std::chrono::milliseconds(1500)));
  EXPECT_EQ(failure_of(tokens.verify(token, kNow + std::chrono::milliseconds(2000))),
            Errc::token_expired);
}

TEST_F(JwtTokensTest, NoSingleCharacterCanBeChanged) {
  const auto token = tokens.issue(claims);
  for (std::size_t at = 0; at < token.size(); ++at) {
    auto forged = token;
    forged[at] = forged[at] == 'A' ? 'B' : 'A';
    EXPECT_EQ(refusal(forged), Errc::unauthenticated) << at;
  }
}

TEST_F(JwtTokensTest, NoPartOfATokenIsAToken) {
  const auto token = tokens.issue(claims);
  for (std::size_t size = 0; size < token.size(); ++size) {
    EXPECT_EQ(refusal(token.substr(0, size)), Errc::unauthenticated) << size;
  }
  for (const char* more : {".", "=", "A", ".A", "\n", " "}) {
    EXPECT_EQ(refusal(token + more), Errc::unauthenticated) << more;
  }
}

TEST_F(JwtTokensTest, AnotherKeySignsNothing) {
  const JwtTokens others(Secret(32, 8));
  EXPECT_EQ(refusal(others.issue(claims)), Errc::unauthenticated);
}

TEST_F(JwtTokensTest, ATokenHasNoSayInHowItIsChecked) {
  const auto body = body_of(R"("iat":1,"exp":4000000000)");
  for (const char* header :
       {R"({"alg":"none","typ":"JWT"})", R"({"alg":"HS512","typ":"JWT"})",
        R"({"typ":"JWT","alg":"HS256"})", R"({"alg":"HS256"})", R"({})", "", "not JSON"}) {
    EXPECT_EQ(refusal(sign(header, body)), Errc::unauthenticated) << header;
  }
  const auto unsigned_token = base64url_encode(as_octets(R"({"alg":"none"})")) + '.' +
                              base64url_encode(as_octets(body)) + '.';
  EXPECT_EQ(refusal(unsigned_token), Errc::unauthenticated);
}

TEST_F(JwtTokensTest, ClaimsThatDoNotFitAreRefusedThoughSigned) {
  std::vector<std::string> bodies{"",
                                  "[]",
                                  "null",
                                  "{}",
                                  "{",
                                  body_of(R"("iat":1)"),
                                  body_of(R"("exp":4000000000)"),
                                  body_of(R"("iat":1,"exp":"4000000000")"),
                                  body_of(R"("iat":1,"exp":4000000000.5)"),
                                  body_of(R"("iat":1,"exp":-1)"),
                                  body_of(R"("iat":1,"exp":9223372036854775807)"),
                                  body_of(R"("iat":1,"exp":18446744073709551615)"),
                                  R"({"sub":1,"did":2,"iat":1,"exp":4000000000})",
                                  R"({"sub":"ann","did":"phone","iat":1,"exp":4000000000})",
                                  std::string(1000, '[')};
  for (const auto& body : bodies) {
    EXPECT_EQ(refusal(sign(kHeader, body)), Errc::unauthenticated) << body;
  }
}

TEST_F(JwtTokensTest, ALargeTokenIsNotLookedAt) {
  const auto padding = R"("iat":1,"exp":4000000000,"x":")" + std::string(2000, 'x') + '"';
  EXPECT_EQ(refusal(sign(kHeader, body_of(padding))), Errc::unauthenticated);
  EXPECT_EQ(refusal(std::string(1 << 20, '.')), Errc::unauthenticated);
}

}  // namespace
}  // namespace knotos::adapters::crypto
