#include "services/chat_home.hpp"

#include "base/metrics.hpp"
#include "services/contact_rules.hpp"
#include "services/server_key.hpp"

#include <algorithm>
#include <exception>
#include <utility>

// Who gets in, and what is held.
namespace knotos::services {
namespace {

using domain::ChatId;
using domain::UserId;

constexpr std::chrono::milliseconds kCrowdRetryAfter = std::chrono::seconds(1);
/// How many busy heads are passed over in search of one to drop.
constexpr std::size_t kDropSteps = 16;

metrics::Counter refused_draining("writes_refused_total", "Writes refused before they began.",
                                  "reason", "draining");
metrics::Counter refused_rate("writes_refused_total", "Writes refused before they began.", "reason",
                              "rate");
metrics::Counter refused_crowd("writes_refused_total", "Writes refused before they began.",
                               "reason", "chat-crowded");
metrics::Counter refused_contact("writes_refused_total", "Writes refused before they began.",
                                 "reason", "cannot-contact-user");
metrics::Gauge heads_held("chat_heads_held", "Chats whose end of the log is held in memory.");
metrics::Counter heads_dropped("chat_heads_dropped_total",
                               "Heads of chats dropped to keep to the limit.");

Error error_of(Errc code, std::string detail, std::chrono::milliseconds retry_after) {
  Error error{.code = code, .detail = std::move(detail), .fields = {}, .cause = {}};
  error.retry_after = retry_after;
  return error;
}

}  // namespace

Task<Result<Receipt>> ChatHome::send(UserId sender, ChatId chat, domain::Draft draft) {
  auto message = std::make_shared<WaitingMessage>();
  message->sender_id = sender;
  message->request_hash = draft.hash();
  message->has_clients_id = !draft.client_message_id.empty();
  message->draft = std::move(draft);
  if (!message->has_clients_id) {
    message->draft.client_message_id = make_server_key(around_.ports.random);
  }

  const auto held = heads_.find(chat);
  if (held != heads_.end()) {
    const auto first = held->second->waiting_under(sender, message->draft.client_message_id);
    if (first != nullptr && first->request_hash != message->request_hash) {
      co_return fail(Errc::client_message_id_reused, "This clientMessageId sends another message.");
    }
    if (first != nullptr && !is_crowded(chat)) {
      held->second->join(*first, message);
      co_return co_await message->answer.wait();
    }
  }

  auto refusal = refusal_of_draining();
  if (!refusal) refusal = refusal_of_rate(sender);
  if (!refusal) refusal = refusal_of_crowd(chat);
  if (refusal) co_return co_await refuse(std::move(message), chat, std::move(*refusal));

  const auto head = head_of(chat);
  head->push(message);
  begin_writing(head);
  auto receipt = co_await message->answer.wait();
  // A repeat costs nothing.
  if (receipt && receipt->is_duplicate) around_.rates.give_back(hash_of(sender.uuid()));
  co_return receipt;
}

Task<Result<domain::Message>> ChatHome::change(ChatId chat, ChangeRequest request) {
  auto refusal = refusal_of_draining();
  if (!refusal && request.kind == domain::ChangeKind::edit) {
    refusal = refusal_of_rate(request.actor_id);
  }
  if (!refusal) refusal = refusal_of_crowd(chat);
  if (refusal) co_return fail(std::move(*refusal));

  const auto change = std::make_shared<WaitingChange>();
  change->request = std::move(request);
  const auto head = head_of(chat);
  head->push(change);
  begin_writing(head);
  co_return co_await change->answer.wait();
}

Task<Result<GroupOutcome>> ChatHome::change_group(ChatId chat, GroupRequest request) {
  auto refusal = refusal_of_draining();
  if (!refusal) refusal = refusal_of_crowd(chat);
  if (refusal) co_return fail(std::move(*refusal));

  const auto change = std::make_shared<WaitingGroupChange>();
  change->request = std::move(request);
  const auto head = head_of(chat);
  head->push(change);
  begin_writing(head);
  co_return co_await change->answer.wait();
}

void ChatHome::close() {
  const Error error{.code = Errc::store_unavailable,
                    .detail = {},
                    .fields = {},
                    .cause = "the process ended before the write was answered"};
  for (const auto& [id, head] : heads_) head->answer_all(error);
  heads_held.add(-static_cast<std::int64_t>(heads_.size()));
  heads_.clear();
  by_recency_.clear();
}

std::shared_ptr<ChatHead> ChatHome::head_of(ChatId chat) {
  auto& head = heads_[chat];
  if (head != nullptr) {
    by_recency_.splice(by_recency_.begin(), by_recency_, head->recency);
    return head;
  }
  head = std::make_shared<ChatHead>(chat);
  by_recency_.push_front(chat);
  head->recency = by_recency_.begin();
  heads_held.add(1);
  return head;
}

std::optional<Error> ChatHome::refusal_of_draining() const {
  const auto retry_after = around_.drain_retry_after.load();
  if (retry_after < 0) return std::nullopt;
  refused_draining.add();
  return error_of(Errc::overloaded, "This server is going down: another one will take it.",
                  std::chrono::milliseconds(retry_after));
}

std::optional<Error> ChatHome::refusal_of_rate(UserId user) {
  const auto verdict = around_.rates.take(hash_of(user.uuid()), around_.ports.clock.steady_now());
  if (verdict.is_allowed) return std::nullopt;
  refused_rate.add();
  return error_of(Errc::rate_limited, "Too many messages.", verdict.retry_after);
}

bool ChatHome::is_crowded(ChatId chat) const {
  const auto held = heads_.find(chat);
  return held != heads_.end() && held->second->unanswered() >= around_.limits.waiting_writes_max;
}

std::optional<Error> ChatHome::refusal_of_crowd(ChatId chat) const {
  if (!is_crowded(chat)) return std::nullopt;
  refused_crowd.add();
  return error_of(Errc::overloaded, "Too many writes wait in this chat.", kCrowdRetryAfter);
}

void ChatHome::begin_writing(const std::shared_ptr<ChatHead>& head) {
  if (head->is_being_written) return;
  head->is_being_written = true;
  spawn(around_.ports.shards.executor(around_.shard), "write chat",
        write_all(shared_from_this(), head));
}

Task<void> ChatHome::write_all(std::shared_ptr<ChatHome> self, std::shared_ptr<ChatHead> head) {
  std::exception_ptr thrown;
  try {
    while (!head->is_empty()) {
      const auto first = head->front();
      if (const auto* change = std::get_if<std::shared_ptr<WaitingChange>>(&first)) {
        auto result = co_await self->write_change(head, (*change)->request);
        head->answer(*change, std::move(result));
      } else if (const auto* group = std::get_if<std::shared_ptr<WaitingGroupChange>>(&first)) {
        auto result = co_await self->write_group_change(head, (*group)->request);
        head->answer(*group, std::move(result));
      } else {
        co_await self->write_messages(head);
      }
    }
  } catch (...) {
    thrown = std::current_exception();
  }
  if (thrown) {
    // A bug, which `spawn` reports; but nobody is left waiting for it.
    head->forget();
    head->answer_all(fail_because(Errc::internal, "the writing of the chat failed").error());
  }
  head->is_being_written = false;
  self->settle(*head);
  if (thrown) std::rethrow_exception(thrown);
}

void ChatHome::settle(const ChatHead& head) {
  if (!head.is_known()) {
    // No such chat, or the store is away: nothing to keep.
    by_recency_.erase(head.recency);
    heads_.erase(head.id());
    heads_held.add(-1);
  }
  bound_heads();
}

void ChatHome::bound_heads() {
  auto at = by_recency_.end();
  for (std::size_t steps = 0; heads_.size() > around_.limits.chats_held_max &&
                              at != by_recency_.begin() && steps < kDropSteps;
       ++steps) {
    --at;
    const auto held = heads_.find(*at);
    if (held->second->is_being_written) continue;
    at = by_recency_.erase(at);
    heads_.erase(held);
    heads_held.add(-1);
    heads_dropped.add();
  }
}

Task<Result<Receipt>> ChatHome::refuse(std::shared_ptr<WaitingMessage> message, ChatId chat,
                                       Error refusal) {
  if (!message->has_clients_id) co_return fail(std::move(refusal));
  auto original = co_await around_.ports.messages.find_by_key(chat, message->sender_id,
                                                              message->draft.client_message_id);
  if (!original) {
    // Who may come again learns it then; a final refusal must not stand where it is not known.
    if (describe(refusal.code).is_retryable) co_return fail(std::move(refusal));
    co_return fail(std::move(original.error()));
  }
  if (*original) co_return answer_repeat(**original, message->request_hash);
  co_return fail(std::move(refusal));
}

Task<Result<void>> ChatHome::load(std::shared_ptr<ChatHead> head, std::vector<UserId> users) {
  auto loaded = co_await around_.ports.log.load(head->id(), std::move(users));
  if (!loaded) {
    head->forget();
    co_return fail(std::move(loaded.error()));
  }
  head->learn(*loaded);
  co_return Result<void>();
}

Task<Result<void>> ChatHome::check_contact(std::shared_ptr<ChatHead> head, UserId user) {
  const auto peer = head->peer_of(user);
  if (!peer) co_return Result<void>();
  auto relation = co_await around_.ports.relations.relation(user, *peer);
  if (!relation) co_return fail(std::move(relation.error()));
  if (!lets_write(*relation)) {
    refused_contact.add();
    co_return fail(Errc::cannot_contact_user);
  }
  co_return Result<void>();
}

void ChatHome::publish(ChatId chat, const domain::Message& message,
                       std::vector<ports::MemberMoved> moved) {
  around_.ports.bus.publish(
      ports::ChatChanged{.chat_id = chat,
                         .rev = message.rev,
                         .message = std::make_shared<const domain::Message>(message),
                         .moved = std::move(moved)});
}

}  // namespace knotos::services
