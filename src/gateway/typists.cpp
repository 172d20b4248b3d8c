#include "gateway/typists.hpp"

#include "base/metrics.hpp"

#include <algorithm>
#include <utility>

namespace knotos::gateway {
namespace {

metrics::Counter starts_told("gateway_typing_starts_total", "Starts of typing told to a chat.");
metrics::Counter starts_over_rate("gateway_typing_refused_total", "Starts of typing not told.",
                                  "reason", "rate");
metrics::Counter starts_over_limit("gateway_typing_refused_total", "Starts of typing not told.",
                                   "reason", "chat-crowded");
metrics::Counter typing_expired("gateway_typing_expired_total",
                                "Typing that ended because nobody said so again.");

}  // namespace

Typists::Typists(server::Timers& timers, Limits limits, Tell tell)
    : timers_(timers), limits_(limits), tell_(std::move(tell)) {}

Typists::Ticket Typists::admit(domain::ChatId chat, domain::UserId user) {
  const auto now = timers_.now();
  auto* typist = find_or_add(chat, user);
  if (typist == nullptr) {
    return {.number = 0, .retry_after = ports::kTypingLife};
  }
  const auto free_at = typist->admitted_at + limits_.start_pause;
  if (typist->ticket != 0 && now < free_at) {
    starts_over_rate.add();
    return {.number = 0,
            .retry_after = std::chrono::ceil<std::chrono::milliseconds>(free_at - now)};
  }
  typist->ticket = ++last_ticket_;
  typist->admitted_at = now;
  // Kept for the rate, even if nothing is told in the end.
  if (!typist->is_shown) watch(chat, *typist, limits_.start_pause);
  return {.number = typist->ticket, .retry_after = {}};
}

bool Typists::is_good(domain::ChatId chat, domain::UserId user, std::uint64_t ticket) {
  const auto* typist = find(chat, user);
  return typist != nullptr && typist->ticket == ticket;
}

void Typists::hear(const ports::TypingChanged& event) {
  if (!event.is_typing) return stop(event.chat_id, event.user_id);
  auto* typist = find_or_add(event.chat_id, event.user_id);
  if (typist == nullptr) return;
  typist->is_shown = true;
  watch(event.chat_id, *typist, ports::kTypingLife);
  starts_told.add();
  tell_(event.chat_id, event.user_id, true);
}

bool Typists::withdraw(domain::ChatId chat, domain::UserId user) {
  auto* typist = find(chat, user);
  if (typist == nullptr) return false;
  if (typist->ticket != 0) typist->ticket = ++last_ticket_;
  return typist->is_shown;
}

void Typists::commit(domain::ChatId chat, domain::UserId user) {
  const auto* typist = find(chat, user);
  if (typist == nullptr) return;
  const bool was_shown = typist->is_shown;
  erase(chat, user);
  if (was_shown) tell_(chat, user, false);
}

void Typists::forget(domain::ChatId chat) {
  const auto at = chats_.find(chat);
  if (at == chats_.end()) return;
  for (const auto& typist : at->second) timers_.cancel(typist.timer);
  chats_.erase(at);
}

bool Typists::is_typing(domain::ChatId chat, domain::UserId user) {
  const auto* typist = find(chat, user);
  return typist != nullptr && typist->is_shown;
}

Typists::Typist* Typists::find(domain::ChatId chat, domain::UserId user) {
  const auto at = chats_.find(chat);
  if (at == chats_.end()) return nullptr;
  const auto typist = std::ranges::find(at->second, user, &Typist::user_id);
  return typist == at->second.end() ? nullptr : &*typist;
}

Typists::Typist* Typists::find_or_add(domain::ChatId chat, domain::UserId user) {
  if (auto* known = find(chat, user)) return known;
  const auto held = chats_.find(chat);
  if (held != chats_.end() && held->second.size() >= limits_.typists_per_chat_max) {
    starts_over_limit.add();
    return nullptr;
  }
  auto& typists = held == chats_.end() ? chats_[chat] : held->second;
  typists.push_back({.user_id = user});
  return &typists.back();
}

void Typists::stop(domain::ChatId chat, domain::UserId user) {
  auto* typist = find(chat, user);
  if (typist == nullptr || !std::exchange(typist->is_shown, false)) return;
  // The rate outlives the stop, or starts and stops in turn would pass without one.
  const auto left = std::chrono::ceil<std::chrono::milliseconds>(
      typist->admitted_at + limits_.start_pause - timers_.now());
  watch(chat, *typist, std::max(left, std::chrono::milliseconds(0)));
  tell_(chat, user, false);
}

void Typists::watch(domain::ChatId chat, Typist& typist, std::chrono::milliseconds life) {
  timers_.cancel(typist.timer);
  typist.timer =
      timers_.at(timers_.now() + life, [this, chat, user = typist.user_id] { expire(chat, user); });
}

void Typists::expire(domain::ChatId chat, domain::UserId user) {
  const bool was_shown = is_typing(chat, user);
  erase(chat, user);
  if (!was_shown) return;
  typing_expired.add();
  tell_(chat, user, false);
}

void Typists::erase(domain::ChatId chat, domain::UserId user) {
  const auto at = chats_.find(chat);
  if (at == chats_.end()) return;
  std::erase_if(at->second, [this, user](const Typist& typist) {
    if (typist.user_id != user) return false;
    timers_.cancel(typist.timer);
    return true;
  });
  if (at->second.empty()) chats_.erase(at);
}

}  // namespace knotos::gateway
