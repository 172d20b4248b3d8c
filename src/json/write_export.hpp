#pragma once

#include "base/error.hpp"
#include "services/account_end.hpp"

#include <string>
#include <string_view>

/// What `POST /v1/me/export` answers.
namespace knotos::json {

/// `{exportedAt, user, privacy, contacts, blocks, chats: [{id, type, title?, state, messages}],
/// nextCursor}`. nextCursor null: this is all; else the rest is asked for with it.
[[nodiscard]] std::string exported(const services::AccountEnd::Export& document, Time now);

/// Errors: validation_failed at /cursor.
[[nodiscard]] Result<services::AccountEnd::ExportPosition> decode_export_cursor(
    std::string_view text);

}  // namespace knotos::json
