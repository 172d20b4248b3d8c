#pragma once

#include "base/error.hpp"
#include "ports/chat_store.hpp"
#include "ports/message_store.hpp"

#include <string>
#include <string_view>

/// Where a page ended, as opaque text: base64url of a version, a kind, the position and a checksum.
/// The checksum finds what was cut, mixed up or tampered with; it keeps no secret and needs none,
/// for a position only ever moves its holder within a list that they may read anyway. So any
/// process, also the next one, takes it.
namespace knotos::json {

[[nodiscard]] ports::ChatListPosition position_of(const domain::ChatListItem& item);

[[nodiscard]] std::string encode_cursor(const ports::ChatListPosition& position);
/// Errors: validation_failed at /cursor.
[[nodiscard]] Result<ports::ChatListPosition> decode_chat_list_cursor(std::string_view text);

[[nodiscard]] std::string encode_cursor(const ports::ReactionPosition& position);
/// Errors: validation_failed at /cursor.
[[nodiscard]] Result<ports::ReactionPosition> decode_reaction_cursor(std::string_view text);

/// After which username a page of users goes on.
[[nodiscard]] std::string encode_user_cursor(std::string_view username);
/// Errors: validation_failed at /cursor.
[[nodiscard]] Result<std::string> decode_user_cursor(std::string_view text);

/// A place in a short list that is read whole, newest first.
struct NewestFirstPosition {
  Time created_at;
  std::string key;  ///< Ascending among those of one time.

  bool operator==(const NewestFirstPosition&) const = default;
};
[[nodiscard]] std::string encode_cursor(const NewestFirstPosition& position);
/// Errors: validation_failed at /cursor.
[[nodiscard]] Result<NewestFirstPosition> decode_newest_first_cursor(std::string_view text);

}  // namespace knotos::json
