#pragma once

#include "base/error.hpp"
#include "ports/chat_state_store.hpp"
#include "ports/people_store.hpp"
#include "services/sync_service.hpp"

#include <string>
#include <string_view>

/// More cursors, as in cursor.hpp. Errors of decoding: validation_failed at /cursor.
namespace knotos::json {

/// Of members, and of receipts.
[[nodiscard]] std::string encode_cursor(const ports::MemberPosition& position);
[[nodiscard]] Result<ports::MemberPosition> decode_member_cursor(std::string_view text);

/// Of contacts and blocks.
[[nodiscard]] std::string encode_cursor(const ports::AcquaintancePosition& position);
[[nodiscard]] Result<ports::AcquaintancePosition> decode_acquaintance_cursor(std::string_view text);

/// What a device knows: valid as long as the store is the same one.
[[nodiscard]] std::string encode_cursor(const services::SyncCursor& cursor);
[[nodiscard]] Result<services::SyncCursor> decode_sync_cursor(std::string_view text);

}  // namespace knotos::json
