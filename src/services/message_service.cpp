#include "services/message_service.hpp"

#include "services/chat_home.hpp"

#include <utility>

namespace knotos::services {
namespace {

using domain::ChatId;
using domain::Message;
using domain::UserId;

/// One write of those in flight, for as long as its coroutine lives.
class InFlight {
 public:
  explicit InFlight(std::shared_ptr<std::atomic<std::size_t>> count) : count_(std::move(count)) {
    count_->fetch_add(1);
  }
  ~InFlight() { count_->fetch_sub(1); }
  InFlight(const InFlight&) = delete;
  InFlight& operator=(const InFlight&) = delete;

 private:
  std::shared_ptr<std::atomic<std::size_t>> count_;
};

}  // namespace

MessageService::MessageService(Ports ports, Limits limits)
    : ports_(ports), limits_(limits), rates_(limits.rate_messages) {
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
  const InFlight in_flight(writes_in_flight_);
  auto checked = domain::check_content(edit.content, limits_.content);
  if (!checked) co_return fail(std::move(checked.error()));
  ChangeRequest request{.kind = domain::ChangeKind::edit,
                        .actor_id = author,
                        .message_id = edit.message_id,
                        .content = std::move(edit.content),
                        .base_version = edit.base_version};
  co_return co_await run_on(ports_.shards, ports_.shards.home_of(edit.chat_id),
                            home_of(edit.chat_id).change(edit.chat_id, std::move(request)));
}

Task<Result<Message>> MessageService::erase(UserId user, ChatId chat, domain::MessageId message) {
  const InFlight in_flight(writes_in_flight_);
  ChangeRequest request{.kind = domain::ChangeKind::erase,
                        .actor_id = user,
                        .message_id = message,
                        .content = {},
                        .base_version = {}};
  co_return co_await run_on(ports_.shards, ports_.shards.home_of(chat),
                            home_of(chat).change(chat, std::move(request)));
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
