#include "base/metrics.hpp"
#include "ports/random_ids.hpp"
#include "services/chat_home.hpp"

#include <algorithm>
#include <utility>

// Messages, in batches.
namespace knotos::services {
namespace {

using domain::ChatId;
using ports::AppendStatus;

/// Tries of one batch before its senders are told to come again: each needs another process that
/// took the place in between.
constexpr std::size_t kTriesMax = 32;
/// Fewer where the store does not say what it did, since each may cost a time-out.
constexpr std::size_t kUnknownTriesMax = 3;

metrics::Counter messages_stored("messages_stored_total", "Messages committed by this process.");
metrics::Counter batches_appended("message_batches_total",
                                  "Commits of messages: how many shared one is the quotient.");
metrics::Counter repeats("message_repeats_total", "Sends answered with their original receipt.");
metrics::Counter places_taken("chat_places_taken_total",
                              "Appends that found another process's entry at their place.", "kind",
                              "message");
metrics::Counter outcomes_unknown("chat_appends_unknown_total",
                                  "Appends of which the store did not say what it did.", "kind",
                                  "message");

Error no_such_chat() { return fail(Errc::not_found, "There is no such chat.").error(); }

}  // namespace

/// One try: afterwards a write is answered, or `tries_in_vain` has risen.
Task<void> ChatHome::write_messages(std::shared_ptr<ChatHead> head) {
  head->bound_members();
  auto waiting = head->next_messages(std::max<std::size_t>(1, around_.limits.batch_entries_max));
  if (!head->is_known() || !head->holds_all_senders(waiting)) {
    std::vector<domain::UserId> senders;
    for (const auto& message : waiting) senders.push_back(message->sender_id);
    std::ranges::sort(senders);
    const auto doubles = std::ranges::unique(senders);
    senders.erase(doubles.begin(), doubles.end());
    auto loaded = co_await load(head, std::move(senders));
    if (!loaded) {
      if (loaded.error().code == Errc::not_found) loaded = fail(no_such_chat());
      for (const auto& message : waiting) head->answer(message, fail(loaded.error()));
      co_return;
    }
  }

  auto batch = co_await admit(head, std::move(waiting));
  if (batch.writes.empty()) co_return;
  place(*head, batch);
  std::vector<domain::LogEntry> entries;
  for (const auto& message : batch.messages) {
    entries.emplace_back(domain::MessageEntry{.message = message, .memberships = {}, .patch = {}});
  }
  auto outcome =
      co_await around_.ports.log.append(head->id(), head->chat().last_rev, std::move(entries));
  switch (outcome.status) {
    case AppendStatus::appended:
      complete(*head, batch);
      co_return;
    case AppendStatus::place_taken:
      places_taken.add();
      head->forget();
      if (gives_up(*head, kTriesMax)) fail_batch(*head, batch, fail(Errc::overloaded).error());
      co_return;
    case AppendStatus::key_taken:
      KN_ASSERT(outcome.offender < batch.writes.size());
      co_await answer_offender(head, batch.writes[outcome.offender]);
      co_return;
    case AppendStatus::unknown:
      outcomes_unknown.add();
      log::warning("outcome of an append is unknown",
                   {{"chat", head->id().to_string()}, {"cause", outcome.cause}});
      head->forget();
      co_await look_up_all(head, std::move(batch.writes));
      co_return;
    case AppendStatus::unavailable:
      head->forget();
      fail_batch(*head, batch, fail_because(Errc::store_unavailable, outcome.cause).error());
      co_return;
  }
}

/// Answers those that are refused; the rest is the batch.
Task<ChatHome::Batch> ChatHome::admit(std::shared_ptr<ChatHead> head,
                                      std::vector<std::shared_ptr<WaitingMessage>> waiting) {
  Batch batch;
  const auto refusals = co_await refusals_of(head, waiting);
  for (auto& message : waiting) {
    const auto* const member = head->member(message->sender_id);
    const auto refusal = refusals.find(message->sender_id);
    if (member == nullptr || refusal != refusals.end()) {
      auto answer = co_await refuse(message, head->id(),
                                    member == nullptr ? no_such_chat() : refusal->second);
      head->answer(message, answer);
      continue;
    }
    std::optional<domain::ReplyTo> reply;
    if (message->draft.reply_to) {
      auto found = co_await reply_of(message->sender_id, head->id(), *message->draft.reply_to);
      if (!found) {
        // A repeat of a reply that was stored is none the worse for what became of its target.
        auto answer = co_await refuse(message, head->id(), std::move(found.error()));
        head->answer(message, answer);
        continue;
      }
      reply = std::move(*found);
    }
    batch.writes.push_back(std::move(message));
    batch.replies.push_back(std::move(reply));
  }
  co_return batch;
}

Task<ChatHome::Refusals> ChatHome::refusals_of(
    std::shared_ptr<ChatHead> head, std::vector<std::shared_ptr<WaitingMessage>> waiting) {
  Refusals refusals;
  if (head->chat().type != domain::ChatType::direct) co_return refusals;
  std::vector<domain::UserId> asked;
  for (const auto& message : waiting) {
    const auto sender = message->sender_id;
    if (std::ranges::find(asked, sender) != asked.end()) continue;
    asked.push_back(sender);
    auto checked = co_await check_contact(head, sender);
    if (!checked) refusals.emplace(sender, std::move(checked.error()));
  }
  co_return refusals;
}

/// Read here and not before the message waits: an erasure in between would live on in the preview.
Task<Result<std::optional<domain::ReplyTo>>> ChatHome::reply_of(domain::UserId sender, ChatId chat,
                                                                domain::MessageId target) {
  auto found = co_await around_.ports.messages.find(chat, target);
  if (!found && found.error().code != Errc::not_found) co_return fail(std::move(found.error()));
  const auto visibility = co_await around_.ports.states.visibility(sender, chat);
  if (!visibility && visibility.error().code != Errc::not_found) {
    co_return fail(visibility.error());
  }
  if (!found || !visibility || !visibility->shows(*found)) {
    co_return fail_field("/replyToMessageId", "not-found", "There is no such message in the chat.");
  }
  co_return domain::ReplyTo{.message_id = found->id,
                            .seq = found->seq,
                            .sender_id = found->sender_id,
                            .preview = domain::preview_of(*found).content};
}

void ChatHome::place(const ChatHead& head, Batch& batch) {
  batch.chat_after = head.chat();
  auto& chat = batch.chat_after;
  std::unordered_map<domain::UserId, domain::Ordinal> own_counts;
  const auto now = around_.ports.clock.now();
  for (std::size_t index = 0; index < batch.writes.size(); ++index) {
    auto& write = *batch.writes[index];
    domain::Message message;
    // The clock may have been set back; a chat's times never go backwards.
    message.created_at = std::max(now, chat.updated_at);
    if (!write.message_id) {
      write.message_id = ports::random_message_id(around_.ports.random, message.created_at);
    }
    message.id = *write.message_id;
    message.chat_id = chat.id;
    message.seq = chat.last_seq + 1;
    message.place = chat.last_rev + 1;
    message.rev = message.place;
    message.ordinal = chat.last_ordinal + 1;
    const auto [own_count, is_first] = own_counts.try_emplace(write.sender_id, 0);
    if (is_first) own_count->second = head.member(write.sender_id)->own_count;
    message.sender_ordinal = ++own_count->second;
    message.sender_id = write.sender_id;
    message.client_message_id = write.draft.client_message_id;
    message.request_hash = write.request_hash;
    message.type = write.draft.type;
    message.content = write.draft.content;
    message.reply_to = std::move(batch.replies[index]);
    message.mentions = write.draft.mentions;
    message.forwarded_from = write.draft.forwarded_from;
    domain::apply(chat, domain::MessageEntry{.message = message, .memberships = {}, .patch = {}});
    batch.messages.push_back(std::move(message));
  }
}

void ChatHome::complete(ChatHead& head, const Batch& batch) {
  head.tries_in_vain = 0;
  head.move_on(batch.chat_after, batch.messages);
  batches_appended.add();
  messages_stored.add(static_cast<std::int64_t>(batch.messages.size()));
  for (std::size_t index = 0; index < batch.writes.size(); ++index) {
    head.answer(batch.writes[index], receipt_of(batch.messages[index], false));
  }
  for (const auto& message : batch.messages) publish(head.id(), message);
}

void ChatHome::fail_batch(ChatHead& head, const Batch& batch, const Error& error) {
  for (const auto& write : batch.writes) head.answer(write, fail(error));
}

Task<void> ChatHome::answer_offender(std::shared_ptr<ChatHead> head,
                                     std::shared_ptr<WaitingMessage> offender) {
  auto is_answered = co_await answer_from_store(head, offender);
  if (!is_answered) {
    head->answer(offender, fail(std::move(is_answered.error())));
    co_return;
  }
  if (*is_answered) co_return;
  // The store contradicts itself.
  head->forget();
  if (gives_up(*head, kTriesMax)) head->answer(offender, fail(Errc::overloaded));
}

/// What was stored is answered, what was not stays in the queue.
Task<void> ChatHome::look_up_all(std::shared_ptr<ChatHead> head,
                                 std::vector<std::shared_ptr<WaitingMessage>> writes) {
  const bool is_last_try = gives_up(*head, kUnknownTriesMax);
  for (const auto& write : writes) {
    auto is_answered = co_await answer_from_store(head, write);
    if (!is_answered) {
      head->answer(write, fail(std::move(is_answered.error())));
    } else if (!*is_answered && is_last_try) {
      head->answer(write, fail_because(Errc::store_unavailable, "the outcome stayed unknown"));
    }
  }
}

Task<Result<bool>> ChatHome::answer_from_store(std::shared_ptr<ChatHead> head,
                                               std::shared_ptr<WaitingMessage> write) {
  auto found = co_await around_.ports.messages.find_by_key(head->id(), write->sender_id,
                                                           write->draft.client_message_id);
  if (!found) co_return fail(std::move(found.error()));
  if (!*found) co_return false;
  const auto& stored = **found;
  if (stored.id == write->message_id) {
    // An earlier try of this very write was stored, though its answer got lost.
    messages_stored.add();
    head->answer(write, receipt_of(stored, false));
  } else {
    repeats.add();
    head->answer(write, answer_repeat(stored, write->request_hash));
  }
  // Published in both cases: whoever stored it may have died before it said so, and hearing twice
  // harms nobody.
  publish(head->id(), stored);
  co_return true;
}

bool ChatHome::gives_up(ChatHead& head, std::size_t tries_max) {
  if (++head.tries_in_vain < tries_max) return false;
  head.tries_in_vain = 0;
  return true;
}

}  // namespace knotos::services
