#include "services/message_service.hpp"

#include "services/chat_home.hpp"
#include "services/in_flight.hpp"

#include <algorithm>
#include <utility>

namespace knotos::services {
namespace {

using domain::ChatId;
using domain::Message;
using domain::UserId;

}  // namespace

MessageService::MessageService(Ports ports, Limits limits)
    : ports_(ports),
      limits_(limits),
      rates_(limits.rate_messages, {.board = ports.rate_board, .name = "messages"}) {
  for (std::size_t shard = 0; shard < ports_.shards.count(); ++shard) {
    homes_.push_back(
        std::make_shared<ChatHome>(ChatHome::Surroundings{.ports = ports_,
                                                          .limits = limits_,
                                                          .rates = rates_,
                                                          .drain_retry_after = drain_retry_after_,
                                                          .shard = shard}));
  }
}

MessageService::~MessageService() {
  for (const auto& home : homes_) home->close();
}

Task<Result<Receipt>> MessageService::send(UserId sender, ChatId chat, domain::Draft draft) {
  const InFlight in_flight(writes_in_flight_);
  auto checked = domain::check_draft(draft, limits_.content);
  if (!checked) co_return fail(std::move(checked.error()));
  co_return co_await run_on(ports_.shards, ports_.shards.home_of(chat),
                            home_of(chat).send(sender, chat, std::move(draft)));
}

Task<Result<Message>> MessageService::edit(UserId author, Edit edit) {
  auto checked = domain::check_content(edit.content, limits_.content);
  if (!checked) co_return fail(std::move(checked.error()));
  co_return co_await change(edit.chat_id, {.kind = domain::ChangeKind::edit,
                                           .actor_id = author,
                                           .message_id = edit.message_id,
                                           .content = std::move(edit.content),
                                           .base_version = edit.base_version,
                                           .emoji = {}});
}

Task<Result<Message>> MessageService::erase(UserId user, ChatId chat, domain::MessageId message) {
  co_return co_await change(chat, {.kind = domain::ChangeKind::erase,
                                   .actor_id = user,
                                   .message_id = message,
                                   .content = {},
                                   .base_version = {},
                                   .emoji = {}});
}

Task<Result<Message>> MessageService::erase_farewell(UserId author, ChatId chat,
                                                     domain::MessageId message) {
  co_return co_await change(chat, {.kind = domain::ChangeKind::erase,
                                   .actor_id = author,
                                   .message_id = message,
                                   .content = {},
                                   .base_version = {},
                                   .emoji = {},
                                   .is_farewell = true});
}

Task<Result<Message>> MessageService::react(UserId user, Reacting reacting) {
  auto checked = domain::check_emoji(reacting.emoji);
  if (!checked) co_return fail(std::move(checked.error()));
  co_return co_await change(reacting.chat_id, {.kind = reacting.adds ? domain::ChangeKind::react
                                                                     : domain::ChangeKind::unreact,
                                               .actor_id = user,
                                               .message_id = reacting.message_id,
                                               .content = {},
                                               .base_version = {},
                                               .emoji = std::move(reacting.emoji)});
}

Task<Result<Message>> MessageService::pin(UserId user, ChatId chat, domain::MessageId message,
                                          bool is_pinned) {
  co_return co_await change(
      chat, {.kind = is_pinned ? domain::ChangeKind::pin : domain::ChangeKind::unpin,
             .actor_id = user,
             .message_id = message,
             .content = {},
             .base_version = {},
             .emoji = {}});
}

Task<Result<Message>> MessageService::change(ChatId chat, ChangeRequest request) {
  const InFlight in_flight(writes_in_flight_);
  const auto actor = request.actor_id;
  auto changed = co_await run_on(ports_.shards, ports_.shards.home_of(chat),
                                 home_of(chat).change(chat, std::move(request)));
  // What was changed may be seen; the words that it answers perhaps not.
  if (!changed || !changed->reply_to) co_return changed;
  const auto visibility = co_await ports_.states.visibility(actor, chat);
  if (visibility) co_return domain::as_seen(std::move(*changed), *visibility);
  changed->reply_to->preview.clear();
  co_return changed;
}

Task<Result<GroupOutcome>> MessageService::change_group(ChatId chat, GroupRequest request) {
  const InFlight in_flight(writes_in_flight_);
  co_return co_await run_on(ports_.shards, ports_.shards.home_of(chat),
                            home_of(chat).change_group(chat, std::move(request)));
}

Task<Result<std::vector<MessageService::Forwarded>>> MessageService::forward(UserId user,
                                                                             Forward forward) {
  if (forward.to_chats.empty() || forward.to_chats.size() > domain::kForwardChatsMax) {
    co_return fail_field("/chatIds", forward.to_chats.empty() ? "required" : "too-long",
                         "1 to " + std::to_string(domain::kForwardChatsMax) + " chats.");
  }
  auto source = co_await get(user, forward.from_chat, forward.message_id);
  if (source && source->is_deleted) {
    source = fail(Errc::forbidden, "A deleted message is not forwarded.");
  } else if (source && (source->type == domain::MessageType::system ||
                        source->type == domain::MessageType::call)) {
    source = fail(Errc::forbidden, "The server's own messages are not forwarded.");
  }
  std::vector<Forwarded> done;
  bool is_any_sent = false;
  for (const auto& chat : forward.to_chats) {
    auto receipt = co_await forward_to(user, chat, forward, source);
    is_any_sent = is_any_sent || receipt;
    done.push_back({.chat_id = chat, .receipt = std::move(receipt)});
  }
  if (!is_any_sent) co_return fail(std::move(done.front().receipt.error()));
  co_return done;
}

Task<Result<Receipt>> MessageService::forward_to(UserId user, ChatId chat, Forward forward,
                                                 Result<Message> source) {
  domain::Draft draft;
  draft.client_message_id = std::move(forward.client_message_id);
  draft.forwarded_message = forward.message_id;
  if (!source) {
    // What was forwarded while it could be stays so: a repeat learns it.
    if (draft.client_message_id.empty()) co_return fail(std::move(source.error()));
    const auto original = co_await ports_.messages.find_by_key(chat, user, draft.client_message_id);
    if (original && *original) co_return answer_repeat(**original, draft.hash());
    co_return fail(std::move(source.error()));
  }
  draft.type = source->type;
  draft.content = std::move(source->content);
  // Where it comes from in the first place, however often it went on.
  draft.forwarded_from =
      source->forwarded_from
          ? source->forwarded_from
          : domain::ForwardedFrom{.sender_id = source->sender_id, .created_at = source->created_at};
  co_return co_await send(user, chat, std::move(draft));
}

Task<Result<ports::ReactionPage>> MessageService::reactions(
    UserId user, ChatId chat, domain::MessageId message,
    std::optional<ports::ReactionPosition> after, std::size_t limit) {
  const auto found = co_await get(user, chat, message);
  if (!found) co_return fail(found.error());
  co_return co_await ports_.messages.reactions(chat, message, std::move(after), limit);
}

Task<Result<ports::HistoryPage>> MessageService::history(UserId user, ChatId chat,
                                                         ports::HistoryQuery query) {
  auto visibility = co_await admit_reader(user, chat);
  if (!visibility) co_return fail(std::move(visibility.error()));
  query.first_seq = visibility->first_seq;
  query.hidden = visibility->hidden;
  auto page = co_await ports_.messages.history(chat, std::move(query));
  if (!page) co_return page;
  for (auto& message : page->messages) message = domain::as_seen(std::move(message), *visibility);
  co_return page;
}

Task<Result<ports::Changes>> MessageService::changes(UserId user, ChatId chat, domain::Rev since,
                                                     std::size_t limit) {
  auto visibility = co_await admit_reader(user, chat);
  if (!visibility) co_return fail(std::move(visibility.error()));
  auto changes = co_await ports_.messages.changes(chat, since, limit);
  if (!changes) co_return changes;
  for (auto& message : changes->messages) {
    message = domain::as_seen(std::move(message), *visibility);
  }
  co_return changes;
}

Task<Result<Message>> MessageService::get(UserId user, ChatId chat, domain::MessageId message) {
  auto visibility = co_await admit_reader(user, chat);
  if (!visibility) co_return fail(std::move(visibility.error()));
  auto found = co_await ports_.messages.find(chat, message);
  if (!found && found.error().code != Errc::not_found) co_return found;
  if (!found || !visibility->shows(*found)) {
    co_return fail(Errc::not_found, "There is no such message.");
  }
  co_return domain::as_seen(std::move(*found), *visibility);
}

RateLimiter::Verdict MessageService::rate_of(UserId user) {
  return rates_.peek(hash_of(user.uuid()), ports_.clock.steady_now());
}

void MessageService::drain(std::chrono::milliseconds retry_after) {
  drain_retry_after_.store(std::max<std::int64_t>(0, retry_after.count()));
}

std::size_t MessageService::writes_in_flight() const { return writes_in_flight_->load(); }

ChatHome& MessageService::home_of(ChatId chat) { return *homes_[ports_.shards.home_of(chat)]; }

Task<Result<domain::Visibility>> MessageService::admit_reader(UserId user, ChatId chat) {
  auto visibility = co_await ports_.states.visibility(user, chat);
  if (!visibility && visibility.error().code == Errc::not_found) {
    co_return fail(Errc::not_found, "There is no such chat.");
  }
  co_return visibility;
}

}  // namespace knotos::services
