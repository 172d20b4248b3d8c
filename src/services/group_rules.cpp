#include "services/group_rules.hpp"

#include <algorithm>
#include <unordered_set>
#include <utility>

namespace knotos::services {
namespace {

using domain::MembershipChange;
using domain::Role;
using domain::UserId;

using Change = Result<std::optional<GroupChange>>;

Change nothing() { return std::optional<GroupChange>(); }

GroupChange change_by(const GroupRequest& request, std::string_view event) {
  return {.event = {.event = std::string(event),
                    .actor_id = request.actor_id,
                    .user_ids = {},
                    .title = {},
                    .role = {},
                    .new_owner_id = {}},
          .memberships = {},
          .patch = {}};
}

/// "Nobody acts on an equal or higher role": the owner is the first of the enumeration.
bool outranks(Role one, Role other) { return one < other; }

std::unexpected<Error> no_such_chat() { return fail(Errc::not_found, "There is no such chat."); }
std::unexpected<Error> no_such_member() {
  return fail(Errc::not_found, "There is no such member.");
}

std::uint32_t count_of(const ports::Roster& roster, std::int64_t more) {
  return static_cast<std::uint32_t>(static_cast<std::int64_t>(roster.members.size()) + more);
}

MembershipChange arrival_of(const ports::Roster& roster, UserId user) {
  const bool sees_all = roster.chat.settings.history_visibility == domain::HistoryVisibility::all;
  // The join itself is the first thing that they see.
  return {.user_id = user,
          .is_member = true,
          .role = Role::member,
          .is_join = true,
          .visible_from_seq = sees_all ? 1 : roster.chat.last_seq + 1};
}

MembershipChange departure_of(UserId user) {
  return {.user_id = user, .is_member = false, .role = Role::member};
}

MembershipChange promotion_of(UserId user, Role role) {
  return {.user_id = user, .is_member = true, .role = role};
}

Change addition_of(const ports::Roster& roster, const GroupRequest& request,
                   std::size_t members_max) {
  if (auto leads = check_leads(roster, request.actor_id); !leads) return fail(leads.error());
  auto change = change_by(request, domain::kMembersAdded);
  std::unordered_set<UserId> there;
  for (const auto& member : roster.members) there.insert(member.user_id);
  for (const auto& user : request.user_ids) {
    if (!there.insert(user).second) continue;
    change.event.user_ids.push_back(user);
    change.memberships.push_back(arrival_of(roster, user));
  }
  if (change.memberships.empty()) return nothing();
  if (there.size() > members_max) {
    return fail_field("/memberIds", "too-long",
                      "A group has at most " + std::to_string(members_max) + " members.");
  }
  change.patch.member_count = count_of(roster, std::ssize(change.memberships));
  return std::optional(std::move(change));
}

Change entry_of(const ports::Roster& roster, const GroupRequest& request, std::size_t members_max) {
  // A group that has ended, or that everybody left, stays so.
  if (roster.members.empty()) return no_such_chat();
  if (role_in(roster, request.actor_id)) return nothing();
  if (roster.members.size() >= members_max) return fail(Errc::conflict, "The group is full.");
  auto change = change_by(request, domain::kMemberJoined);
  change.event.user_ids = {request.actor_id};
  change.memberships = {arrival_of(roster, request.actor_id)};
  change.patch.member_count = count_of(roster, 1);
  return std::optional(std::move(change));
}

/// The oldest admin, else the oldest member.
std::optional<UserId> heir_of(const ports::Roster& roster) {
  const auto heir_with = [&roster](Role role) {
    return std::ranges::find(roster.members, role, &ports::RosterMember::role);
  };
  auto heir = heir_with(Role::admin);
  if (heir == roster.members.end()) heir = heir_with(Role::member);
  if (heir == roster.members.end()) return std::nullopt;
  return heir->user_id;
}

Change leave_of(const ports::Roster& roster, const GroupRequest& request) {
  auto change = change_by(request, domain::kMemberLeft);
  change.event.user_ids = {request.actor_id};
  change.memberships = {departure_of(request.actor_id)};
  change.patch.member_count = count_of(roster, -1);
  if (role_in(roster, request.actor_id) == Role::owner) {
    if (const auto heir = heir_of(roster)) {
      change.memberships.push_back(promotion_of(*heir, Role::owner));
      change.event.new_owner_id = *heir;
      change.patch.owner_id = *heir;
    }
  }
  return std::optional(std::move(change));
}

Change removal_of(const ports::Roster& roster, const GroupRequest& request) {
  const auto target = request.user_ids.at(0);
  if (target == request.actor_id) return leave_of(roster, request);
  if (auto leads = check_leads(roster, request.actor_id); !leads) return fail(leads.error());
  const auto role = role_in(roster, target);
  if (!role) return nothing();
  if (!outranks(*role_in(roster, request.actor_id), *role)) {
    return fail(Errc::forbidden, "Nobody removes somebody of an equal or higher role.");
  }
  auto change = change_by(request, domain::kMemberRemoved);
  change.event.user_ids = {target};
  change.memberships = {departure_of(target)};
  change.patch.member_count = count_of(roster, -1);
  return std::optional(std::move(change));
}

Change role_change_of(const ports::Roster& roster, const GroupRequest& request) {
  if (role_in(roster, request.actor_id) != Role::owner) {
    return fail(Errc::forbidden, "Only the owner changes roles.");
  }
  const auto target = request.user_ids.at(0);
  const auto role = role_in(roster, target);
  if (!role) return no_such_member();
  if (*role == request.role) return nothing();
  if (*role == Role::owner) return fail(Errc::forbidden, "An owner hands over instead.");
  auto change = change_by(request, domain::kRoleChanged);
  change.event.user_ids = {target};
  change.event.role = request.role;
  change.memberships = {promotion_of(target, *request.role)};
  return std::optional(std::move(change));
}

Change hand_over_of(const ports::Roster& roster, const GroupRequest& request) {
  if (role_in(roster, request.actor_id) != Role::owner) {
    return fail(Errc::forbidden, "Only the owner hands a group over.");
  }
  const auto target = request.user_ids.at(0);
  if (target == request.actor_id) return nothing();
  if (!role_in(roster, target)) {
    return fail_field("/userId", "not-found", "There is no such member.");
  }
  auto change = change_by(request, domain::kOwnerChanged);
  change.event.user_ids = {target};
  change.event.new_owner_id = target;
  change.memberships = {promotion_of(request.actor_id, Role::admin),
                        promotion_of(target, Role::owner)};
  change.patch.owner_id = target;
  return std::optional(std::move(change));
}

Change description_of(const ports::Roster& roster, const GroupRequest& request) {
  if (auto leads = check_leads(roster, request.actor_id); !leads) return fail(leads.error());
  const auto& chat = roster.chat;
  const bool has_title = request.title && *request.title != chat.title;
  const bool has_settings =
      request.history_visibility && *request.history_visibility != chat.settings.history_visibility;
  if (!has_title && !has_settings) return nothing();
  auto change = change_by(request, has_title ? domain::kTitleChanged : domain::kSettingsChanged);
  if (has_title) {
    change.event.title = request.title;
    change.patch.title = request.title;
  }
  if (has_settings) {
    change.patch.settings = chat.settings;
    change.patch.settings->history_visibility = *request.history_visibility;
  }
  return std::optional(std::move(change));
}

Change end_of(const ports::Roster& roster, const GroupRequest& request) {
  if (role_in(roster, request.actor_id) != Role::owner) {
    return fail(Errc::forbidden, "Only the owner ends a group.");
  }
  auto change = change_by(request, domain::kGroupEnded);
  for (const auto& member : roster.members) {
    change.memberships.push_back(departure_of(member.user_id));
  }
  change.patch.member_count = 0;
  return std::optional(std::move(change));
}

}  // namespace

Change group_change_of(const ports::Roster& roster, const GroupRequest& request,
                       std::size_t members_max) {
  const bool is_group = roster.chat.type == domain::ChatType::group;
  if (request.deed == GroupDeed::join) {
    return is_group ? entry_of(roster, request, members_max) : no_such_chat();
  }
  if (!role_in(roster, request.actor_id)) return no_such_chat();
  if (!is_group) return fail(Errc::forbidden, "This chat is no group.");
  switch (request.deed) {
    case GroupDeed::add:
      return addition_of(roster, request, members_max);
    case GroupDeed::remove:
      return removal_of(roster, request);
    case GroupDeed::leave:
      return leave_of(roster, request);
    case GroupDeed::set_role:
      return role_change_of(roster, request);
    case GroupDeed::hand_over:
      return hand_over_of(roster, request);
    case GroupDeed::describe:
      return description_of(roster, request);
    case GroupDeed::end:
      return end_of(roster, request);
    case GroupDeed::join:
      break;
  }
  std::unreachable();
}

std::optional<Role> role_in(const ports::Roster& roster, UserId user) {
  const auto found = std::ranges::find(roster.members, user, &ports::RosterMember::user_id);
  if (found == roster.members.end()) return std::nullopt;
  return found->role;
}

Result<void> check_leads(const ports::Roster& roster, UserId user) {
  const auto role = role_in(roster, user);
  if (!role) return no_such_chat();
  if (*role == Role::member) {
    return fail(Errc::forbidden, "Only the owner and admins do this.");
  }
  return {};
}

}  // namespace knotos::services
