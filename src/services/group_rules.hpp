#pragma once

#include "base/error.hpp"
#include "domain/chat.hpp"
#include "domain/chat_log.hpp"
#include "ports/chat_log.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

/// Who may do what in a group (SEMANTICS section 9), and what becomes of it. Pure: the state to
/// check against is the caller's.
namespace knotos::services {

enum class GroupDeed : std::uint8_t {
  add,        ///< `user_ids` become members.
  join,       ///< The actor becomes one, by an invite.
  remove,     ///< `user_ids[0]` is sent away; oneself: leaves.
  leave,      ///< An owner hands over to the oldest admin, else member.
  set_role,   ///< `user_ids[0]` becomes `role`.
  hand_over,  ///< `user_ids[0]` becomes the owner, the owner an admin.
  describe,   ///< `title`, `settings`.
  end,        ///< Everybody leaves.
};

/// What somebody asks to be done to a group. Valid in itself.
struct GroupRequest {
  GroupDeed deed = GroupDeed::add;
  domain::UserId actor_id;
  std::vector<domain::UserId> user_ids;
  std::optional<domain::Role> role;
  std::optional<std::string> title;
  std::optional<domain::HistoryVisibility> history_visibility;
};

/// What is to be written: one system message, and what comes with it.
struct GroupChange {
  domain::SystemEvent event;
  std::vector<domain::MembershipChange> memberships;
  domain::ChatPatch patch;
};

/// nullopt: it stands so already and nothing is to be written. `members_max`: more are refused.
/// Errors: not_found (no member asks; no member is meant), forbidden (no group; a role that is too
/// low; a target of equal or higher role), validation_failed (too many, at /memberIds; a new owner
/// who is no member, at /userId), conflict (full, for who joins).
[[nodiscard]] Result<std::optional<GroupChange>> group_change_of(const ports::Roster& roster,
                                                                 const GroupRequest& request,
                                                                 std::size_t members_max);

/// The role of a member; nullopt: none.
[[nodiscard]] std::optional<domain::Role> role_in(const ports::Roster& roster, domain::UserId user);

/// Owner and admins lead: they rename, add, remove, pin, invite. Errors: not_found to outsiders,
/// forbidden.
[[nodiscard]] Result<void> check_leads(const ports::Roster& roster, domain::UserId user);

}  // namespace knotos::services
