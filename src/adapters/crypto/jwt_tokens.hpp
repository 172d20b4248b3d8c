#pragma once

#include "adapters/crypto/secret_file.hpp"
#include "ports/secrets.hpp"

#include <string>
#include <string_view>

namespace knotos::adapters::crypto {

/// Access tokens as JSON Web Tokens with HS256. Any thread.
///
/// Only tokens as this class writes them are accepted: the header is compared byte for byte, so a
/// token has no say in how it is checked.
class JwtTokens final : public ports::AccessTokens {
 public:
  static constexpr std::size_t kTokenBytesMax = 2048;

  /// `secret` has at least 32 bytes.
  explicit JwtTokens(Secret secret);
  ~JwtTokens() override;
  JwtTokens(const JwtTokens&) = delete;
  JwtTokens& operator=(const JwtTokens&) = delete;

  /// Expiry is kept in whole seconds, rounded up.
  [[nodiscard]] std::string issue(const ports::AccessClaims& claims) const override;
  [[nodiscard]] Result<ports::AccessClaims> verify(std::string_view token, Time now) const override;

 private:
  [[nodiscard]] Sha256 sign(std::string_view text) const;

  Secret secret_;
};

}  // namespace knotos::adapters::crypto
