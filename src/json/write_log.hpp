#pragma once

#include "domain/message.hpp"
#include "ports/chat_log.hpp"
#include "ports/invite_store.hpp"
#include "services/message_service.hpp"

#include <string>
#include <string_view>
#include <vector>

/// What leaves about a chat's log beside messages themselves.
namespace knotos::json {

/// `{userId, emoji, createdAt}`: who reacted to a message.
void append_reaction(std::string& out, const domain::Reaction& reaction);

/// `{code, chatId, creatorId, expiresAt, maxUses, uses, createdAt}`; null: no limit.
void append_invite(std::string& out, const ports::Invite& invite);
[[nodiscard]] std::string invite(const ports::Invite& invite);

/// How a member stands: `{userId, role, joinedAt}`.
[[nodiscard]] std::string standing(const ports::RosterMember& member);

/// What a forward came to: `{data: [{chatId, messageId, seq, rev, createdAt, duplicate} or {chatId,
/// error: <the problem object>}]}`, in the order of the request.
[[nodiscard]] std::string forwarded(const std::vector<services::MessageService::Forwarded>& chats,
                                    std::string_view request_id);

/// `chat_removed`: `{userRev?, chatId}`. 0: not known.
[[nodiscard]] std::string chat_removed(domain::ChatId chat, domain::UserRev user_rev);

}  // namespace knotos::json
