#pragma once

#include "base/error.hpp"
#include "json/read.hpp"
#include "services/member_service.hpp"
#include "services/message_service.hpp"

#include <string>
#include <vector>

/// What comes in about a chat's log beside messages themselves: reactions, pins, forwards, members,
/// invites. Errors of all: validation_failed, each field by pointer.
namespace knotos::json {

/// At least a second, at most a year.
inline constexpr std::uint64_t kInviteLifeMin = 1'000;
inline constexpr std::uint64_t kInviteLifeMax = 365ULL * 24 * 60 * 60 * 1'000;
inline constexpr std::uint64_t kInviteUsesMax = 1'000'000;

/// `react`: `{chatId, messageId, emoji, op: add | remove}`; `op` is `add` where it is missing.
[[nodiscard]] Result<services::MessageService::Reacting> react_request(const Object& object);

struct PinRequest {
  domain::ChatId chat_id;
  domain::MessageId message_id;
};
/// `pin_message`, `unpin_message`.
[[nodiscard]] Result<PinRequest> pin_request(const Object& object);

struct ForwardBody {
  std::vector<domain::ChatId> chat_ids;  ///< Each once.
  std::string client_message_id;
};
/// `{chatIds, clientMessageId?}`.
[[nodiscard]] Result<ForwardBody> forward_body(const Object& object);

/// `{memberIds}`.
[[nodiscard]] Result<std::vector<domain::UserId>> members_body(const Object& object,
                                                               std::size_t members_max);
/// `{role}`: admin or member.
[[nodiscard]] Result<domain::Role> role_body(const Object& object);
/// `{userId}`.
[[nodiscard]] Result<domain::UserId> user_body(const Object& object);
/// `{title?, settings?: {historyVisibility?}}`.
[[nodiscard]] Result<services::MemberService::Description> description_body(const Object& object);
/// `{expiresInMs?, maxUses?}`.
[[nodiscard]] Result<services::MemberService::NewInvite> invite_body(const Object& object);

}  // namespace knotos::json
