#pragma once

#include "base/digest.hpp"
#include "base/error.hpp"
#include "base/task.hpp"
#include "domain/user.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace knotos::ports {

struct NewDevice {
  domain::Device device;
  Sha256 refresh_hash{};  ///< SHA-256 of the refresh token; the token itself is never stored.
  Time refresh_expires_at;
};

struct Credentials {
  domain::User user;
  std::string password_hash;
};

enum class RotationStatus : std::uint8_t {
  rotated,
  unknown,  ///< No such token, or it has expired, or its device was revoked.
  reused,   ///< It was rotated before: the device is revoked by this call.
};

struct Rotation {
  RotationStatus status = RotationStatus::unknown;
  /// With rotated and reused.
  domain::UserId user_id;
  domain::DeviceId device_id;
  domain::UserRev user_rev = 0;  ///< With reused: the user's, after their sessions changed by it.
};

/// Users, their passwords and their signed-in devices. Every write is durable when it is answered.
/// Which devices are signed in is a private matter of the user: a change of it raises `userRev`.
/// Any thread may call.
class AccountStore {
 public:
  virtual ~AccountStore() = default;

  /// User and first device in one step. Errors: conflict (the username is taken),
  /// store_unavailable.
  [[nodiscard]] virtual Task<Result<void>> create(Credentials credentials, NewDevice device) = 0;

  /// Errors: not_found, store_unavailable.
  [[nodiscard]] virtual Task<Result<Credentials>> find_credentials(std::string username) = 0;
  [[nodiscard]] virtual Task<Result<domain::User>> find_user(domain::UserId user) = 0;
  /// Usernames that begin with `prefix`, ascending, after `after` (exclusive), at most `limit`.
  /// Errors: store_unavailable.
  [[nodiscard]] virtual Task<Result<std::vector<domain::User>>> find_users(std::string prefix,
                                                                           std::string after,
                                                                           std::size_t limit) = 0;

  /// Another device signs in. Answers the user's `userRev`. Errors: not_found (no such user),
  /// store_unavailable.
  [[nodiscard]] virtual Task<Result<domain::UserRev>> add_device(NewDevice device) = 0;

  /// Exchanges a refresh token for the next, once: of two at once, one is `rotated` and the other
  /// `reused`. Errors: store_unavailable.
  [[nodiscard]] virtual Task<Result<Rotation>> rotate(Sha256 presented, Sha256 next, Time now,
                                                      Time next_expires_at) = 0;

  /// The user's signed-in devices, newest first. Errors: store_unavailable.
  [[nodiscard]] virtual Task<Result<std::vector<domain::Device>>> devices_of(
      domain::UserId user) = 0;
  /// Signed in still? Errors: store_unavailable.
  [[nodiscard]] virtual Task<Result<bool>> is_signed_in(domain::UserId user,
                                                        domain::DeviceId device) = 0;
  /// Signs the device out: its refresh tokens are void. Answers the user's `userRev`; nullopt: it
  /// was not signed in. Errors: store_unavailable.
  [[nodiscard]] virtual Task<Result<std::optional<domain::UserRev>>> revoke_device(
      domain::UserId user, domain::DeviceId device) = 0;
};

}  // namespace knotos::ports
