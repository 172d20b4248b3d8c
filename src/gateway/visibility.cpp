#include "gateway/visibility.hpp"

#include <algorithm>
#include <iterator>

namespace knotos::gateway {

bool Visibility::Cut::is_hidden(domain::MessageId message, domain::UserId user) const {
  const auto at = hidden_by.find(message);
  return at != hidden_by.end() && std::ranges::find(at->second, user) != at->second.end();
}

void Visibility::set(domain::ChatId chat, domain::UserId user, domain::Seq first_visible) {
  if (first_visible <= 1 && !chats_.contains(chat)) return;
  auto& cut = chats_[chat];
  cut.first_visible_max = std::max(cut.first_visible_max, first_visible);
  if (first_visible > 1) {
    cut.first_visible[user] = first_visible;
  } else {
    cut.first_visible.erase(user);
  }
}

void Visibility::set(domain::ChatId chat, domain::UserId user,
                     const domain::Visibility& visibility) {
  set(chat, user, visibility.first_seq);
  for (const auto& message : visibility.hidden) hide(chat, user, message);
}

void Visibility::hide(domain::ChatId chat, domain::UserId user, domain::MessageId message) {
  auto& users = chats_[chat].hidden_by[message];
  if (std::ranges::find(users, user) == users.end()) users.push_back(user);
}

void Visibility::forget(domain::ChatId chat, domain::UserId user) {
  const auto at = chats_.find(chat);
  if (at == chats_.end()) return;
  auto& cut = at->second;
  cut.first_visible.erase(user);
  for (auto hidden = cut.hidden_by.begin(); hidden != cut.hidden_by.end();) {
    std::erase(hidden->second, user);
    hidden = hidden->second.empty() ? cut.hidden_by.erase(hidden) : std::next(hidden);
  }
  if (cut.first_visible.empty() && cut.hidden_by.empty()) chats_.erase(at);
}

std::vector<domain::UserId> Visibility::users(domain::ChatId chat) const {
  std::vector<domain::UserId> users;
  const auto at = chats_.find(chat);
  if (at == chats_.end()) return users;
  for (const auto& [user, first_visible] : at->second.first_visible) users.push_back(user);
  for (const auto& [message, hidden] : at->second.hidden_by) {
    for (const auto& user : hidden) {
      if (std::ranges::find(users, user) == users.end()) users.push_back(user);
    }
  }
  return users;
}

bool Visibility::sees_less(domain::ChatId chat, domain::UserId user) const {
  const auto at = chats_.find(chat);
  if (at == chats_.end()) return false;
  const auto has_hidden = [user](const auto& hidden) {
    return std::ranges::find(hidden.second, user) != hidden.second.end();
  };
  return at->second.first_visible.contains(user) ||
         std::ranges::any_of(at->second.hidden_by, has_hidden);
}

std::vector<std::pair<domain::UserId, View>> Visibility::cut(const domain::Message& message) const {
  std::vector<std::pair<domain::UserId, View>> users;
  const auto at = chats_.find(message.chat_id);
  if (at == chats_.end()) return users;
  const auto& cut = at->second;
  if (const auto hidden = cut.hidden_by.find(message.id); hidden != cut.hidden_by.end()) {
    for (const auto& user : hidden->second) users.emplace_back(user, View::stub);
  }
  if (message.reply_to) {
    const auto answered = cut.hidden_by.find(message.reply_to->message_id);
    if (answered != cut.hidden_by.end()) {
      for (const auto& user : answered->second) {
        if (!cut.is_hidden(message.id, user)) users.emplace_back(user, View::without_reply);
      }
    }
  }
  if (!domain::is_cut_for(cut.first_visible_max, message)) return users;
  for (const auto& [user, first_visible] : cut.first_visible) {
    if (!domain::is_cut_for(first_visible, message)) continue;
    // Who has hidden it, or what it answers, is there already.
    const auto found = std::ranges::find(users, user, [](const auto& each) { return each.first; });
    if (found == users.end()) {
      users.emplace_back(user, message.seq < first_visible ? View::stub : View::without_reply);
    } else if (message.seq < first_visible) {
      found->second = View::stub;
    }
  }
  return users;
}

}  // namespace knotos::gateway
