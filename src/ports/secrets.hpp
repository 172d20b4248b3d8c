#pragma once

#include "base/error.hpp"
#include "base/task.hpp"
#include "base/time.hpp"
#include "domain/user.hpp"

#include <string>

namespace knotos::ports {

/// Slow, salted password hashes (argon2id), away from the shards and at most as many at once as
/// there are cores.
class PasswordHasher {
 public:
  virtual ~PasswordHasher() = default;

  /// Errors: overloaded, when too many wait.
  [[nodiscard]] virtual Task<Result<std::string>> hash(std::string password) = 0;
  /// Against a hash that `hash` made. An empty hash stands for an unknown user: takes as long, and
  /// is false. Errors: overloaded.
  [[nodiscard]] virtual Task<Result<bool>> verify(std::string password,
                                                  std::string password_hash) = 0;
};

/// Who a valid access token speaks for, and until when.
struct AccessClaims {
  domain::UserId user_id;
  domain::DeviceId device_id;
  Time expires_at;
};

/// Signed access tokens (JWT, HS256). Any thread.
class AccessTokens {
 public:
  virtual ~AccessTokens() = default;

  [[nodiscard]] virtual std::string issue(const AccessClaims& claims) const = 0;
  /// Errors: unauthenticated (malformed, or not signed by us), token_expired.
  [[nodiscard]] virtual Result<AccessClaims> verify(std::string_view token, Time now) const = 0;
};

}  // namespace knotos::ports
