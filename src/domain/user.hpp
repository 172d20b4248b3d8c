#pragma once

#include "base/digest.hpp"
#include "base/error.hpp"
#include "base/time.hpp"
#include "domain/ids.hpp"

#include <string>
#include <string_view>

namespace knotos::domain {

/// Whom a user lets do something.
enum class Audience : std::uint8_t { everyone, contacts, nobody };

[[nodiscard]] std::string_view name_of(Audience audience);
[[nodiscard]] std::optional<Audience> parse_audience(std::string_view name);

/// Who may see and do what. Presence is reciprocal: who hides the own last-seen sees nobody's.
struct Privacy {
  Audience last_seen = Audience::everyone;
  Audience direct_messages = Audience::everyone;  ///< Who may open a direct chat and write in it.
  Audience group_invites = Audience::everyone;    ///< Who may add the user to a group.

  bool operator==(const Privacy&) const = default;
};

struct User {
  UserId id;
  std::string username;      ///< 3 to 32 of [a-z0-9_.], unique for ever.
  std::string display_name;  ///< 1 to 64 code points; the username where none was given.
  std::string about;         ///< At most `kAboutCodePointsMax` code points; may be empty.
  bool is_deleted = false;   ///< The account is gone: no name, no sign-in; the id stays.
  Time created_at;

  bool operator==(const User&) const = default;
};

/// A signed-in device: one session of a user, kept alive by a rotating refresh token of which only
/// the hash is stored.
struct Device {
  DeviceId id;
  UserId user_id;
  std::string name;  ///< From the User-Agent, cut at 120 bytes; may be empty.
  Time created_at;
  Time last_used_at;

  bool operator==(const Device&) const = default;
};

inline constexpr std::size_t kPasswordBytesMin = 8;
inline constexpr std::size_t kPasswordBytesMax = 1024;
inline constexpr std::size_t kDisplayNameCodePointsMax = 64;
inline constexpr std::size_t kAboutCodePointsMax = 256;
inline constexpr std::size_t kContactsMax = 10'000;  ///< Of a user.
inline constexpr std::size_t kBlocksMax = 10'000;    ///< Of a user.

/// Errors: validation_failed at /username.
[[nodiscard]] Result<void> check_username(std::string_view username);
/// Errors: validation_failed at /password.
[[nodiscard]] Result<void> check_password(std::string_view password);
/// Errors: validation_failed at `pointer`. `text` is valid UTF-8.
[[nodiscard]] Result<void> check_display_name(std::string_view text,
                                              std::string_view pointer = "/displayName");

/// Errors: validation_failed at /about.
[[nodiscard]] Result<void> check_about(std::string_view text);

/// Code points of valid UTF-8.
[[nodiscard]] std::size_t count_code_points(std::string_view text);
/// The first `count` code points of valid UTF-8.
[[nodiscard]] std::string_view first_code_points(std::string_view text, std::size_t count);

}  // namespace knotos::domain
