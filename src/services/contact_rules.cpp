#include "services/contact_rules.hpp"

#include <algorithm>

namespace knotos::services {

Result<void> check_newcomers(const std::vector<domain::UserId>& users,
                             const std::vector<ports::Relation>& relations,
                             const std::vector<domain::UserId>& named) {
  Error unknown{.code = Errc::validation_failed, .detail = {}, .fields = {}, .cause = {}};
  bool is_refused = false;
  for (std::size_t index = 0; index < users.size(); ++index) {
    const auto& relation = relations[index];
    if (relation.exists) {
      is_refused = is_refused || !lets_add(relation);
      continue;
    }
    const auto at = std::ranges::find(named, users[index]);
    unknown.fields.push_back({"/memberIds/" + std::to_string(at - named.begin()), "not-found",
                              "There is no such user."});
  }
  if (!unknown.fields.empty()) return fail(std::move(unknown));
  if (is_refused) return fail(Errc::cannot_contact_user);
  return {};
}

}  // namespace knotos::services
