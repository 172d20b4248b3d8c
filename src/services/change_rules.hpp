#pragma once

#include "base/error.hpp"
#include "domain/chat.hpp"
#include "domain/chat_log.hpp"
#include "domain/message.hpp"

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

/// Who may edit, erase, pin and react to what (SEMANTICS section 8), and what becomes of the
/// message. Pure: the state to check against is the caller's.
namespace knotos::services {

/// What a member asks to be done to one message.
struct ChangeRequest {
  domain::ChangeKind kind = domain::ChangeKind::edit;
  domain::UserId actor_id;
  domain::MessageId message_id;
  std::string content;                        ///< Edits only.
  std::optional<std::uint32_t> base_version;  ///< Edits only; nullopt: whatever stands.
  std::string emoji;                          ///< With react and unreact.
  /// Of an account that is deleted: its author erases it whatever its age, also where they are no
  /// member any more.
  bool is_farewell = false;
};

struct ChangeSituation {
  domain::ChatType chat_type = domain::ChatType::direct;
  domain::Role actor_role = domain::Role::member;
  Time now;
  std::chrono::milliseconds window{0};
  std::size_t pinned_count = 0;  ///< Of the chat.
  // With react and unreact.
  bool has_reaction = false;             ///< The actor's, with this emoji.
  std::vector<domain::UserId> reactors;  ///< Who reacted with it, the newest first: one more than
                                         ///< the message shows, where there are so many.
};

/// The message as it will be, but for its `rev`; nullopt: it stands so already and nothing is to be
/// written. Errors: forbidden, edit_conflict, conflict (too many kinds of reaction, too many pins).
[[nodiscard]] Result<std::optional<domain::Message>> change_of(const domain::Message& target,
                                                               const ChangeRequest& request,
                                                               const ChangeSituation& situation);

}  // namespace knotos::services
