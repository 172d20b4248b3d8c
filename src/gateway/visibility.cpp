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

bool Visibility::is_cut(domain::ChatId chat, const domain::Message& message) const {
  const auto at = chats_.find(chat);
  return at != chats_.end() && domain::is_cut_for(at->second.first_visible_max, message);
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
