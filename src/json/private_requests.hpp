#pragma once

#include "base/error.hpp"
#include "domain/private_state.hpp"
#include "json/read.hpp"
#include "ports/people_store.hpp"
#include "services/sync_service.hpp"

#include <map>
#include <optional>
#include <string>

/// What comes in about a user's own matters. Errors of all: validation_failed, each field by
/// pointer.
namespace knotos::json {

/// `{seq}` of a mark.
[[nodiscard]] Result<domain::Seq> mark_body(const Object& object);
struct MarkRequest {
  domain::ChatId chat_id;
  domain::Seq seq = 0;
};
/// `mark_read`, `mark_delivered`: the same and `chatId`.
[[nodiscard]] Result<MarkRequest> mark_request(const Object& object);

/// The fields of a state; `mutedUntil: null` ends a mute, a bare date is its last moment.
[[nodiscard]] Result<domain::StatePatch> state_patch(const Object& object);
struct StateRequest {
  domain::ChatId chat_id;
  domain::StatePatch patch;
};
/// `update_chat_state`: the same and `chatId`.
[[nodiscard]] Result<StateRequest> state_request(const Object& object);

/// `sync` `{cursor?}`.
[[nodiscard]] Result<std::optional<services::SyncCursor>> sync_request(const Object& object);
/// `{known: {chatId: rev}}`.
[[nodiscard]] Result<std::map<domain::ChatId, domain::Rev>> verify_request(const Object& object,
                                                                           std::size_t known_max);

[[nodiscard]] Result<ports::ProfilePatch> profile_patch(const Object& object);
[[nodiscard]] Result<ports::PrivacyPatch> privacy_patch(const Object& object);
/// `{password}`.
[[nodiscard]] Result<std::string> password_request(const Object& object);

}  // namespace knotos::json
