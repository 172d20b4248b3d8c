#pragma once

#include "base/error.hpp"
#include "domain/chat.hpp"
#include "domain/chat_log.hpp"
#include "domain/message.hpp"

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>

/// Who may edit and erase what (SEMANTICS section 8), and what becomes of the message. Pure: the
/// state to check against is the caller's.
namespace knotos::services {

/// What a member asks to be done to one message.
struct ChangeRequest {
  domain::ChangeKind kind = domain::ChangeKind::edit;
  domain::UserId actor_id;
  domain::MessageId message_id;
  std::string content;                        ///< Edits only.
  std::optional<std::uint32_t> base_version;  ///< Edits only; nullopt: whatever stands.
};

struct ChangeSituation {
  domain::ChatType chat_type = domain::ChatType::direct;
  domain::Role actor_role = domain::Role::member;
  Time now;
  std::chrono::milliseconds window{0};
};

/// The message as it will be, but for its `rev`; nullopt: it stands so already and nothing is to be
/// written. Errors: forbidden, edit_conflict.
[[nodiscard]] Result<std::optional<domain::Message>> change_of(const domain::Message& target,
                                                               const ChangeRequest& request,
                                                               const ChangeSituation& situation);

}  // namespace knotos::services
