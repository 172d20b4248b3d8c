#pragma once

#include "base/error.hpp"
#include "base/task.hpp"
#include "domain/user.hpp"
#include "ports/account_store.hpp"
#include "ports/bus.hpp"
#include "ports/chat_store.hpp"
#include "ports/secrets.hpp"
#include "ports/world.hpp"

#include <string>
#include <vector>

namespace knotos::services {

/// Accounts and their sessions: who may speak for which user, on which device, and until when.
/// Stateless, so all shards share one instance.
class AccountService {
 public:
  struct Ports {
    ports::AccountStore& accounts;
    ports::ChatStore& chats;
    ports::PasswordHasher& passwords;
    ports::AccessTokens& tokens;
    ports::Bus& bus;
    const ports::Clock& clock;
    ports::Random& random;
  };

  struct Limits {
    std::chrono::milliseconds access_token_life = std::chrono::minutes(15);
    std::chrono::milliseconds refresh_token_life = std::chrono::hours(24 * 60);
  };

  struct Registration {
    std::string username;
    std::string password;
    std::string display_name;  ///< Empty: the username.
    std::string device_name;
  };

  struct Login {
    std::string username;
    std::string password;
    std::string device_name;
  };

  /// What register, login and refresh answer.
  struct Session {
    domain::User user;
    domain::DeviceId device_id;
    std::string access_token;
    std::string refresh_token;
    std::chrono::milliseconds access_expires_in{0};
  };

  AccountService(Ports ports, Limits limits) : ports_(ports), limits_(limits) {}

  /// Errors: validation_failed, conflict (the username is taken), overloaded, store_unavailable.
  [[nodiscard]] Task<Result<Session>> register_user(Registration registration);
  /// Takes as long for an unknown user as for a wrong password. Errors: unauthenticated,
  /// overloaded, store_unavailable.
  [[nodiscard]] Task<Result<Session>> login(Login login);
  /// Exchanges a refresh token, once. A token that was exchanged before revokes its device.
  /// Errors: unauthenticated, store_unavailable.
  [[nodiscard]] Task<Result<Session>> refresh(std::string refresh_token);
  /// Signs the caller's own device out; its links are closed. Errors: store_unavailable.
  [[nodiscard]] Task<Result<void>> logout(ports::AccessClaims caller);

  [[nodiscard]] Task<Result<std::vector<domain::Device>>> sessions(domain::UserId user);
  /// Errors: not_found (none of the user's devices), store_unavailable.
  [[nodiscard]] Task<Result<void>> revoke(domain::UserId user, domain::DeviceId device);

  /// By signature and expiry alone, without the store. Errors: unauthenticated, token_expired.
  [[nodiscard]] Result<ports::AccessClaims> authenticate(std::string_view access_token) const;
  /// As `authenticate`, and the device must still be signed in: for what lasts, as a link does.
  /// Errors: unauthenticated, token_expired, store_unavailable.
  [[nodiscard]] Task<Result<ports::AccessClaims>> authenticate_device(std::string access_token);

  /// Errors: store_unavailable.
  [[nodiscard]] Task<Result<bool>> is_signed_in(domain::UserId user, domain::DeviceId device);

  /// Whether it is the user's password: asked again before what cannot be undone. Errors:
  /// not_found, overloaded, store_unavailable.
  [[nodiscard]] Task<Result<bool>> has_password(domain::UserId user, std::string password);

  /// Errors: not_found, store_unavailable.
  [[nodiscard]] Task<Result<domain::User>> user(domain::UserId user);
  /// An exact username first, then those that begin with it. Errors: store_unavailable.
  [[nodiscard]] Task<Result<std::vector<domain::User>>> find_users(std::string prefix,
                                                                   std::string after,
                                                                   std::size_t limit);

 private:
  struct FreshDevice {
    ports::NewDevice stored;
    std::string refresh_token;
  };

  /// The user's chat with themselves: made at the first sign-in, and looked for at each, since the
  /// process may have died in between. What the store cannot do now, the next sign-in does.
  [[nodiscard]] Task<void> ensure_saved_chat(domain::UserId user);
  /// To the user's devices: who is signed in has changed.
  void tell_sessions(domain::UserId user, domain::UserRev user_rev);
  [[nodiscard]] FreshDevice make_device(domain::UserId user, std::string name);
  [[nodiscard]] std::string make_refresh_token();
  [[nodiscard]] Session make_session(domain::User user, domain::DeviceId device,
                                     std::string refresh_token) const;

  Ports ports_;
  Limits limits_;
};

}  // namespace knotos::services
