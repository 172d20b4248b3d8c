#pragma once

#include "ports/people_store.hpp"

/// Who may reach whom (SEMANTICS section 9). Whatever keeps a user away, a block or a privacy
/// setting, is one and the same refusal: `cannot_contact_user`.
namespace knotos::services {

[[nodiscard]] inline bool lets_in(domain::Audience audience, const ports::Relation& relation) {
  return audience == domain::Audience::everyone ||
         (audience == domain::Audience::contacts && relation.is_contact);
}

/// Whether the one may write to the other in their direct chat, or open it.
[[nodiscard]] inline bool lets_write(const ports::Relation& relation) {
  return relation.exists && !relation.has_blocked &&
         lets_in(relation.privacy.direct_messages, relation);
}

/// Whether the one may bring the other into a group.
[[nodiscard]] inline bool lets_add(const ports::Relation& relation) {
  return relation.exists && !relation.has_blocked &&
         lets_in(relation.privacy.group_invites, relation);
}

/// What stands against bringing these users into a group: unknown ones are named at
/// `/memberIds/<index>`. `relations`: to each of `users`, in their order; `named`: the request's
/// list. Errors: validation_failed, cannot_contact_user.
[[nodiscard]] Result<void> check_newcomers(const std::vector<domain::UserId>& users,
                                           const std::vector<ports::Relation>& relations,
                                           const std::vector<domain::UserId>& named);

}  // namespace knotos::services
