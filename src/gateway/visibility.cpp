#include "gateway/visibility.hpp"

namespace knotos::gateway {

void Visibility::set(domain::ChatId chat, domain::UserId user, domain::Seq first_visible) {
  if (first_visible <= 1) return forget(chat, user);
  chats_[chat].first_visible[user] = first_visible;
}

void Visibility::forget(domain::ChatId chat, domain::UserId user) {
  const auto at = chats_.find(chat);
  if (at == chats_.end()) return;
  at->second.first_visible.erase(user);
  if (at->second.first_visible.empty()) chats_.erase(at);
}

std::vector<domain::UserId> Visibility::users(domain::ChatId chat) const {
  std::vector<domain::UserId> users;
  const auto at = chats_.find(chat);
  if (at == chats_.end()) return users;
  for (const auto& [user, first_visible] : at->second.first_visible) users.push_back(user);
  return users;
}

View Visibility::view(domain::UserId user, const domain::Message& message) const {
  const auto at = chats_.find(message.chat_id);
  if (at == chats_.end()) return View::whole;
  const auto cut = at->second.first_visible.find(user);
  if (cut == at->second.first_visible.end()) return View::whole;
  if (message.seq < cut->second) return View::stub;
  return domain::is_cut_for(cut->second, message) ? View::without_reply : View::whole;
}

}  // namespace knotos::gateway
