#include "gateway/visibility.hpp"

#include <algorithm>

namespace knotos::gateway {

void Visibility::set(domain::ChatId chat, domain::UserId user, domain::Seq first_visible) {
  if (first_visible <= 1) return forget(chat, user);
  auto& cut = chats_[chat];
  cut.first_visible[user] = first_visible;
  cut.first_visible_max = std::max(cut.first_visible_max, first_visible);
}

void Visibility::forget(domain::ChatId chat, domain::UserId user) {
  const auto at = chats_.find(chat);
  if (at == chats_.end()) return;
  at->second.first_visible.erase(user);
  if (at->second.first_visible.empty()) chats_.erase(at);
}

std::vector<std::pair<domain::UserId, View>> Visibility::cut(const domain::Message& message) const {
  std::vector<std::pair<domain::UserId, View>> users;
  const auto at = chats_.find(message.chat_id);
  if (at == chats_.end() || !domain::is_cut_for(at->second.first_visible_max, message)) {
    return users;
  }
  for (const auto& [user, first_visible] : at->second.first_visible) {
    if (!domain::is_cut_for(first_visible, message)) continue;
    users.emplace_back(user, message.seq < first_visible ? View::stub : View::without_reply);
  }
  return users;
}

}  // namespace knotos::gateway
