#include "services/chat_head.hpp"

#include "base/metrics.hpp"

#include <algorithm>
#include <unordered_set>

namespace knotos::services {
namespace {

metrics::Gauge writes_waiting("chat_writes_waiting", "Writes that wait for their place in a chat.");

}  // namespace

const HeldMember* ChatHead::member(domain::UserId user) const {
  const auto found = members_.find(user);
  return found == members_.end() ? nullptr : &found->second;
}

std::optional<domain::UserId> ChatHead::peer_of(domain::UserId user) const {
  if (pair_.size() != 2) return std::nullopt;
  return pair_[0] == user ? pair_[1] : pair_[0];
}

void ChatHead::learn(domain::Chat chat) {
  if (chat_ && chat_->last_rev != chat.last_rev) members_.clear();
  chat_ = std::move(chat);
}

void ChatHead::learn(const ports::LoadedChat& loaded) {
  learn(loaded.chat);
  if (!loaded.pair.empty()) pair_ = loaded.pair;
  for (const auto& state : loaded.states) {
    if (!state.is_member) {
      members_.erase(state.user_id);
      continue;
    }
    members_[state.user_id] = {.role = state.role, .own_count = state.own_count};
  }
}

void ChatHead::move_on(domain::Chat chat, const std::vector<domain::Message>& appended) {
  chat_ = std::move(chat);
  for (const auto& message : appended) {
    const auto sender = members_.find(message.sender_id);
    if (sender != members_.end()) sender->second.own_count = message.sender_ordinal;
  }
}

void ChatHead::move_on(domain::Chat chat, const domain::MessageEntry& appended) {
  chat_ = std::move(chat);
  for (const auto& change : appended.memberships) members_.erase(change.user_id);
}

void ChatHead::forget() {
  chat_.reset();
  members_.clear();
}

void ChatHead::bound_members() {
  if (members_.size() > kMembersHeldMax) members_.clear();
}

void ChatHead::push(std::shared_ptr<WaitingMessage> message) {
  by_key_.emplace(std::pair(message->sender_id, message->draft.client_message_id), message);
  push_write(std::move(message));
}

void ChatHead::push(std::shared_ptr<WaitingChange> change) { push_write(std::move(change)); }

void ChatHead::push(std::shared_ptr<WaitingGroupChange> change) { push_write(std::move(change)); }

void ChatHead::push_write(WaitingWrite write) {
  queue_.push_back(std::move(write));
  ++unanswered_;
  writes_waiting.add(1);
}

std::shared_ptr<WaitingMessage> ChatHead::waiting_under(
    domain::UserId sender, const std::string& client_message_id) const {
  const auto found = by_key_.find({sender, client_message_id});
  return found == by_key_.end() ? nullptr : found->second;
}

void ChatHead::join(WaitingMessage& first, std::shared_ptr<WaitingMessage> repeat) {
  first.repeats.push_back(std::move(repeat));
  ++unanswered_;
  writes_waiting.add(1);
}

std::vector<std::shared_ptr<WaitingMessage>> ChatHead::next_messages(std::size_t count_max) const {
  std::vector<std::shared_ptr<WaitingMessage>> messages;
  std::unordered_set<domain::UserId> senders;
  bool needs_load = !chat_;
  for (const auto& write : queue_) {
    const auto* message = std::get_if<std::shared_ptr<WaitingMessage>>(&write);
    if (message == nullptr || messages.size() == count_max) break;
    const auto& sender = (*message)->sender_id;
    if (!senders.contains(sender)) {
      const bool must_load = needs_load || !members_.contains(sender);
      // A load asks for all senders of the batch, since it may find that the chat has moved.
      if (must_load && senders.size() >= kLoadedUsersMax) break;
      needs_load = must_load;
      senders.insert(sender);
    }
    messages.push_back(*message);
  }
  return messages;
}

bool ChatHead::holds_all_senders(
    const std::vector<std::shared_ptr<WaitingMessage>>& messages) const {
  return std::ranges::all_of(
      messages, [this](const auto& message) { return members_.contains(message->sender_id); });
}

void ChatHead::answer(const std::shared_ptr<WaitingMessage>& message,
                      const Result<Receipt>& result) {
  by_key_.erase({message->sender_id, message->draft.client_message_id});
  remove(message);
  for (const auto& repeat : std::exchange(message->repeats, {})) {
    auto own = result;
    if (own) own->is_duplicate = true;
    --unanswered_;
    writes_waiting.add(-1);
    repeat->answer.deliver(std::move(own));
  }
  message->answer.deliver(result);
}

void ChatHead::answer(const std::shared_ptr<WaitingChange>& change,
                      Result<domain::Message> result) {
  remove(change);
  change->answer.deliver(std::move(result));
}

void ChatHead::answer(const std::shared_ptr<WaitingGroupChange>& change,
                      Result<GroupOutcome> result) {
  remove(change);
  change->answer.deliver(std::move(result));
}

void ChatHead::answer_all(const Error& error) {
  while (!queue_.empty()) {
    const auto write = queue_.front();
    std::visit([this, &error](const auto& waiting) { answer(waiting, fail(error)); }, write);
  }
}

void ChatHead::remove(const WaitingWrite& write) {
  // Mostly it is the first.
  const auto found = std::ranges::find(queue_, write);
  KN_ASSERT(found != queue_.end());
  queue_.erase(found);
  --unanswered_;
  writes_waiting.add(-1);
}

}  // namespace knotos::services
