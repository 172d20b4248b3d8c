#pragma once

#include <cstdint>
#include <string_view>

namespace knotos {

/// Everything that can go wrong for a client, in one list. Each has one row in `describe`.
enum class Errc : std::uint8_t {
  malformed_json,
  validation_failed,
  unauthenticated,
  token_expired,
  forbidden,
  cannot_contact_user,
  not_found,
  method_not_allowed,
  request_timeout,
  conflict,
  client_message_id_reused,
  edit_conflict,
  cursor_expired,
  payload_too_large,
  unsupported_media,
  rate_limited,
  overloaded,
  store_unavailable,
  internal,
};

inline constexpr std::size_t kErrcCount = static_cast<std::size_t>(Errc::internal) + 1;

/// How loudly the server's own log speaks of an error that a client caused or met.
enum class LogWeight : std::uint8_t { debug, warning, error };

struct ErrcDescription {
  Errc errc;
  std::string_view code;  ///< On the wire: `code` of the problem object, and the end of its `type`.
  std::string_view title;  ///< One short sentence for people.
  unsigned status;         ///< HTTP status.
  LogWeight weight;
  bool is_retryable;  ///< The same request may succeed later.
};

[[nodiscard]] const ErrcDescription& describe(Errc errc);

}  // namespace knotos
