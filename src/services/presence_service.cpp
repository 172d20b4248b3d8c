#include "services/presence_service.hpp"

#include <utility>

namespace knotos::services {

using domain::Audience;
using domain::UserId;

namespace {

bool lets(Audience audience, bool is_contact) {
  return audience == Audience::everyone || (audience == Audience::contacts && is_contact);
}

}  // namespace

Task<Result<std::vector<bool>>> PresenceService::see_each_other(UserId one,
                                                                std::vector<UserId> others) {
  std::vector<bool> see(others.size(), false);
  const auto own = co_await ports_.people.privacy(one);
  if (!own && own.error().code == Errc::not_found) co_return see;
  if (!own) co_return fail(own.error());
  const auto relations = co_await ports_.people.relations(one, others);
  if (!relations) co_return fail(relations.error());
  for (std::size_t i = 0; i < others.size(); ++i) {
    const auto& relation = (*relations)[i];
    if (others[i] == one) {
      see[i] = true;
      continue;
    }
    if (!relation.exists || relation.has_blocked || relation.is_blocked) continue;
    if (!lets(relation.privacy.last_seen, relation.is_contact)) continue;
    see[i] = own->last_seen == Audience::everyone;
    if (own->last_seen != Audience::contacts) continue;
    // Whose contact the other is, only the question from their side tells.
    const auto back = co_await ports_.people.relation(others[i], one);
    if (!back) co_return fail(back.error());
    see[i] = back->is_contact;
  }
  co_return see;
}

Task<Result<bool>> PresenceService::tells_typing(UserId user, domain::ChatId chat) {
  const auto item = co_await ports_.chats.item(user, chat);
  if (!item && item.error().code == Errc::not_found) {
    co_return fail(Errc::not_found, "There is no such chat.");
  }
  if (!item) co_return fail(item.error());
  if (item->chat.type == domain::ChatType::saved) co_return false;
  if (item->chat.type != domain::ChatType::direct || item->people.empty()) co_return true;
  const auto relation = co_await ports_.people.relation(user, item->people.front().id);
  if (!relation) co_return fail(relation.error());
  co_return !relation->has_blocked && !relation->is_blocked;
}

}  // namespace knotos::services
