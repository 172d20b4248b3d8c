#include "services/account_service.hpp"

#include "base/digest.hpp"
#include "base/log.hpp"
#include "base/metrics.hpp"
#include "ports/random_ids.hpp"

#include <algorithm>
#include <array>
#include <iterator>
#include <utility>

namespace knotos::services {
namespace {

constexpr std::size_t kRefreshTokenBytes = 32;
constexpr std::size_t kDeviceNameBytesMax = 120;

metrics::Counter logins_refused("logins_refused_total",
                                "Sign-ins with an unknown user or a wrong password.");
metrics::Counter refresh_tokens_reused(
    "refresh_tokens_reused_total",
    "Refresh tokens that came twice: their devices were signed out.");

/// One text whether the user is unknown or the password wrong.
std::unexpected<Error> wrong_credentials() {
  logins_refused.add();
  return fail(Errc::unauthenticated, "The username or the password is wrong.");
}

void collect(std::vector<FieldError>& fields, Result<void> checked) {
  if (checked) return;
  std::ranges::move(checked.error().fields, std::back_inserter(fields));
}

/// At most `bytes_max` bytes, and no code point cut in two.
std::string cut(std::string text, std::size_t bytes_max) {
  if (text.size() <= bytes_max) return text;
  std::size_t end = bytes_max;
  while (end > 0 && (static_cast<unsigned char>(text[end]) & 0xc0U) == 0x80U) --end;
  text.resize(end);
  return text;
}

Sha256 hash_of_token(std::string_view token) { return sha256(as_octets(token)); }

}  // namespace

Task<Result<AccountService::Session>> AccountService::register_user(Registration registration) {
  if (registration.display_name.empty()) registration.display_name = registration.username;
  Error invalid{.code = Errc::validation_failed, .detail = {}, .fields = {}, .cause = {}};
  collect(invalid.fields, domain::check_username(registration.username));
  collect(invalid.fields, domain::check_password(registration.password));
  // A missing name is the username, whose own fault is told already.
  if (registration.display_name != registration.username) {
    collect(invalid.fields, domain::check_display_name(registration.display_name));
  }
  if (!invalid.fields.empty()) co_return fail(std::move(invalid));

  auto password_hash = co_await ports_.passwords.hash(std::move(registration.password));
  if (!password_hash) co_return fail(std::move(password_hash.error()));

  domain::User user{.id = ports::random_id<domain::UserId>(ports_.random),
                    .username = std::move(registration.username),
                    .display_name = std::move(registration.display_name),
                    .created_at = ports_.clock.now()};
  auto device = make_device(user.id, std::move(registration.device_name));
  ports::Credentials credentials{.user = user, .password_hash = std::move(*password_hash)};
  auto created = co_await ports_.accounts.create(std::move(credentials), device.stored);
  if (!created && created.error().code == Errc::conflict) {
    Error taken{.code = Errc::conflict, .detail = {}, .fields = {}, .cause = {}};
    taken.detail = "This username is taken.";
    taken.fields.push_back({"/username", "taken", "This username is taken."});
    co_return fail(std::move(taken));
  }
  if (!created) co_return fail(std::move(created.error()));
  co_await ensure_saved_chat(user.id);
  co_return make_session(std::move(user), device.stored.device.id, std::move(device.refresh_token));
}

Task<Result<AccountService::Session>> AccountService::login(Login login) {
  // What cannot be a username is nobody's, and the store need not be asked.
  Result<ports::Credentials> found = fail(Errc::not_found);
  if (domain::check_username(login.username)) {
    found = co_await ports_.accounts.find_credentials(std::move(login.username));
  }
  const bool is_known = found.has_value();
  if (!is_known && found.error().code != Errc::not_found) co_return fail(std::move(found.error()));

  std::string password_hash;
  if (is_known) password_hash = std::move(found->password_hash);
  auto is_right =
      co_await ports_.passwords.verify(std::move(login.password), std::move(password_hash));
  if (!is_right) co_return fail(std::move(is_right.error()));
  if (!is_known || !*is_right) co_return wrong_credentials();

  auto device = make_device(found->user.id, std::move(login.device_name));
  auto added = co_await ports_.accounts.add_device(device.stored);
  if (!added && added.error().code == Errc::not_found) co_return wrong_credentials();
  if (!added) co_return fail(std::move(added.error()));
  co_await ensure_saved_chat(found->user.id);
  tell_sessions(found->user.id, *added);
  co_return make_session(std::move(found->user), device.stored.device.id,
                         std::move(device.refresh_token));
}

Task<Result<AccountService::Session>> AccountService::refresh(std::string refresh_token) {
  const auto now = ports_.clock.now();
  auto next = make_refresh_token();
  auto rotation = co_await ports_.accounts.rotate(hash_of_token(refresh_token), hash_of_token(next),
                                                  now, now + limits_.refresh_token_life);
  if (!rotation) co_return fail(std::move(rotation.error()));
  if (rotation->status == ports::RotationStatus::reused) {
    // Either the device or a thief holds the newer token, and nobody can tell which.
    refresh_tokens_reused.add();
    ports_.bus.publish(ports::SessionRevoked{.user_id = rotation->user_id,
                                             .device_id = rotation->device_id,
                                             .reason = "refresh-token-reused"});
    tell_sessions(rotation->user_id, rotation->user_rev);
  }
  if (rotation->status != ports::RotationStatus::rotated) {
    co_return fail(Errc::unauthenticated, "The refresh token is not valid: sign in again.");
  }

  auto user = co_await ports_.accounts.find_user(rotation->user_id);
  if (!user && user.error().code == Errc::not_found) co_return fail(Errc::unauthenticated);
  if (!user) co_return fail(std::move(user.error()));
  co_return make_session(std::move(*user), rotation->device_id, std::move(next));
}

Task<Result<void>> AccountService::logout(ports::AccessClaims caller) {
  auto revoked = co_await ports_.accounts.revoke_device(caller.user_id, caller.device_id);
  if (!revoked) co_return fail(std::move(revoked.error()));
  // Said again where it was signed out already: the first time may have gone unheard.
  ports_.bus.publish(ports::SessionRevoked{
      .user_id = caller.user_id, .device_id = caller.device_id, .reason = "logout"});
  if (*revoked) tell_sessions(caller.user_id, **revoked);
  co_return Result<void>{};
}

Task<Result<std::vector<domain::Device>>> AccountService::sessions(domain::UserId user) {
  co_return co_await ports_.accounts.devices_of(user);
}

Task<Result<void>> AccountService::revoke(domain::UserId user, domain::DeviceId device) {
  auto revoked = co_await ports_.accounts.revoke_device(user, device);
  if (!revoked) co_return fail(std::move(revoked.error()));
  if (!*revoked) co_return fail(Errc::not_found, "There is no such session.");
  ports_.bus.publish(
      ports::SessionRevoked{.user_id = user, .device_id = device, .reason = "revoked"});
  tell_sessions(user, **revoked);
  co_return Result<void>{};
}

Result<ports::AccessClaims> AccountService::authenticate(std::string_view access_token) const {
  return ports_.tokens.verify(access_token, ports_.clock.now());
}

Task<Result<ports::AccessClaims>> AccountService::authenticate_device(std::string access_token) {
  auto claims = authenticate(access_token);
  if (!claims) co_return fail(std::move(claims.error()));
  auto is_signed_in = co_await ports_.accounts.is_signed_in(claims->user_id, claims->device_id);
  if (!is_signed_in) co_return fail(std::move(is_signed_in.error()));
  if (!*is_signed_in) co_return fail(Errc::unauthenticated, "This device was signed out.");
  co_return *claims;
}

Task<Result<bool>> AccountService::is_signed_in(domain::UserId user, domain::DeviceId device) {
  co_return co_await ports_.accounts.is_signed_in(user, device);
}

Task<Result<bool>> AccountService::has_password(domain::UserId user, std::string password) {
  auto found = co_await ports_.accounts.find_user(user);
  if (!found) co_return fail(std::move(found.error()));
  auto credentials = co_await ports_.accounts.find_credentials(std::move(found->username));
  if (!credentials) co_return fail(std::move(credentials.error()));
  co_return co_await ports_.passwords.verify(std::move(password),
                                             std::move(credentials->password_hash));
}

Task<Result<domain::User>> AccountService::user(domain::UserId user) {
  co_return co_await ports_.accounts.find_user(user);
}

Task<Result<std::vector<domain::User>>> AccountService::find_users(std::string prefix,
                                                                   std::string after,
                                                                   std::size_t limit) {
  // Ascending order puts the exact username first by itself.
  co_return co_await ports_.accounts.find_users(std::move(prefix), std::move(after), limit);
}

Task<void> AccountService::ensure_saved_chat(domain::UserId user) {
  const auto now = ports_.clock.now();
  ports::NewChat saved;
  saved.chat.id = domain::saved_chat_id(user);
  saved.chat.type = domain::ChatType::saved;
  saved.chat.member_count = 1;
  saved.chat.created_at = now;
  saved.chat.updated_at = now;
  domain::UserChatState state;
  state.user_id = user;
  state.chat_id = saved.chat.id;
  state.joined_at = now;
  state.updated_at = now;
  saved.members = {state};
  const auto created = co_await ports_.chats.create(std::move(saved));
  if (!created) {
    log::warning("a saved chat could not be made", {{"cause", created.error().cause}});
    co_return;
  }
  for (const auto& [member, user_rev] : created->user_revs) {
    ports_.bus.publish(ports::ChatAdded{
        .user_id = member, .user_rev = user_rev, .chat_id = created->chat.id, .known_rev = 0});
  }
}

void AccountService::tell_sessions(domain::UserId user, domain::UserRev user_rev) {
  ports_.bus.publish(ports::SettingsChanged{
      .user_id = user, .user_rev = user_rev, .kind = ports::SettingsKind::sessions});
}

AccountService::FreshDevice AccountService::make_device(domain::UserId user, std::string name) {
  const auto now = ports_.clock.now();
  auto token = make_refresh_token();
  return {.stored = {.device = {.id = ports::random_id<domain::DeviceId>(ports_.random),
                                .user_id = user,
                                .name = cut(std::move(name), kDeviceNameBytesMax),
                                .created_at = now,
                                .last_used_at = now},
                     .refresh_hash = hash_of_token(token),
                     .refresh_expires_at = now + limits_.refresh_token_life},
          .refresh_token = std::move(token)};
}

std::string AccountService::make_refresh_token() {
  std::array<std::uint8_t, kRefreshTokenBytes> bytes{};
  ports_.random.fill(bytes);
  return base64url_encode(bytes);
}

AccountService::Session AccountService::make_session(domain::User user, domain::DeviceId device,
                                                     std::string refresh_token) const {
  auto access_token =
      ports_.tokens.issue({.user_id = user.id,
                           .device_id = device,
                           .expires_at = ports_.clock.now() + limits_.access_token_life});
  return {.user = std::move(user),
          .device_id = device,
          .access_token = std::move(access_token),
          .refresh_token = std::move(refresh_token),
          .access_expires_in = limits_.access_token_life};
}

}  // namespace knotos::services
