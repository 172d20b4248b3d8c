#pragma once

#include "base/error.hpp"
#include "base/task.hpp"
#include "domain/chat_log.hpp"
#include "domain/message.hpp"
#include "services/chat_head.hpp"
#include "services/message_service.hpp"
#include "services/rate_limiter.hpp"

#include <atomic>
#include <cstdint>
#include <list>
#include <memory>
#include <optional>
#include <unordered_map>
#include <vector>

namespace knotos::services {

/// The chats whose home is one shard, and all writes to them by this process. Touched on that
/// shard only; `run_on` brings callers here.
///
/// Each chat has at most one coroutine that writes it, so the writes of a chat are checked and
/// appended one after the other while those of different chats overlap. Every write that is
/// admitted is answered, whatever the store does. The coroutines hold the home; the service, which
/// owns it too, closes it.
class ChatHome : public std::enable_shared_from_this<ChatHome> {
 public:
  /// All of it outlives the home, but for what suspended coroutines keep of it at the very end.
  struct Surroundings {
    MessageService::Ports ports;
    MessageService::Limits limits;
    RateLimiter& rates;
    const std::atomic<std::int64_t>& drain_retry_after;  ///< Milliseconds; below 0: not draining.
    std::size_t shard = 0;
  };

  explicit ChatHome(Surroundings around) : around_(std::move(around)) {}

  /// `draft` is valid.
  [[nodiscard]] Task<Result<Receipt>> send(domain::UserId sender, domain::ChatId chat,
                                           domain::Draft draft);
  /// `request` is valid.
  [[nodiscard]] Task<Result<domain::Message>> change(domain::ChatId chat, ChangeRequest request);
  /// `request` is valid.
  [[nodiscard]] Task<Result<GroupOutcome>> change_group(domain::ChatId chat, GroupRequest request);

  /// When the shards have stopped: answers what still waits, so that nothing holds anything.
  void close();

 private:
  // chat_home.cpp: who gets in, and what is held.
  [[nodiscard]] std::shared_ptr<ChatHead> head_of(domain::ChatId chat);
  [[nodiscard]] std::optional<Error> refusal_of_draining() const;
  [[nodiscard]] std::optional<Error> refusal_of_rate(domain::UserId user);
  [[nodiscard]] bool is_crowded(domain::ChatId chat) const;
  [[nodiscard]] std::optional<Error> refusal_of_crowd(domain::ChatId chat) const;
  void begin_writing(const std::shared_ptr<ChatHead>& head);
  [[nodiscard]] static Task<void> write_all(std::shared_ptr<ChatHome> self,
                                            std::shared_ptr<ChatHead> head);
  void settle(const ChatHead& head);
  void bound_heads();

  /// Refuses, unless the sender's own id names a message that was stored.
  [[nodiscard]] Task<Result<Receipt>> refuse(std::shared_ptr<WaitingMessage> message,
                                             domain::ChatId chat, Error refusal);
  [[nodiscard]] Task<Result<void>> load(std::shared_ptr<ChatHead> head,
                                        std::vector<domain::UserId> users);
  /// In a direct chat, whether this user may reach the other now: no answer is kept. Pre: the head
  /// is known. Errors: cannot_contact_user, store_unavailable.
  [[nodiscard]] Task<Result<void>> check_contact(std::shared_ptr<ChatHead> head,
                                                 domain::UserId user);
  void publish(domain::ChatId chat, const domain::Message& message,
               std::vector<ports::MemberMoved> moved = {});

  // chat_home_messages.cpp: messages, in batches.
  struct Batch {
    std::vector<std::shared_ptr<WaitingMessage>> writes;
    std::vector<std::optional<domain::ReplyTo>> replies;  ///< One a write.
    std::vector<domain::Message> messages;                ///< One a write, with their places.
    domain::Chat chat_after;
  };

  [[nodiscard]] Task<void> write_messages(std::shared_ptr<ChatHead> head);
  [[nodiscard]] Task<Batch> admit(std::shared_ptr<ChatHead> head,
                                  std::vector<std::shared_ptr<WaitingMessage>> waiting);
  /// What keeps each sender of a direct chat from writing: asked once a batch.
  using Refusals = std::unordered_map<domain::UserId, Error>;
  [[nodiscard]] Task<Refusals> refusals_of(std::shared_ptr<ChatHead> head,
                                           std::vector<std::shared_ptr<WaitingMessage>> waiting);
  [[nodiscard]] Task<Result<std::optional<domain::ReplyTo>>> reply_of(domain::UserId sender,
                                                                      domain::ChatId chat,
                                                                      domain::MessageId target);
  void place(const ChatHead& head, Batch& batch);
  void complete(ChatHead& head, const Batch& batch);
  void fail_batch(ChatHead& head, const Batch& batch, const Error& error);
  [[nodiscard]] Task<void> answer_offender(std::shared_ptr<ChatHead> head,
                                           std::shared_ptr<WaitingMessage> offender);
  [[nodiscard]] Task<void> look_up_all(std::shared_ptr<ChatHead> head,
                                       std::vector<std::shared_ptr<WaitingMessage>> writes);
  /// Answers by the stored message under the write's key, if there is one.
  [[nodiscard]] Task<Result<bool>> answer_from_store(std::shared_ptr<ChatHead> head,
                                                     std::shared_ptr<WaitingMessage> write);
  [[nodiscard]] static bool gives_up(ChatHead& head, std::size_t tries_max);

  // chat_home_changes.cpp: changes of messages, one at a time.
  [[nodiscard]] Task<Result<domain::Message>> write_change(std::shared_ptr<ChatHead> head,
                                                           ChangeRequest request);
  /// The message as it stands after the change; nullopt: the head has to be loaded again, then the
  /// change checked again.
  [[nodiscard]] Task<Result<std::optional<domain::Message>>> try_change(
      std::shared_ptr<ChatHead> head, ChangeRequest request);
  /// Whether the message is there for who asks. Errors: store_unavailable.
  [[nodiscard]] Task<Result<bool>> sees(domain::ChatId chat, ChangeRequest request,
                                        domain::Message target);
  /// What the rules must know beside the message. Errors: store_unavailable.
  [[nodiscard]] Task<Result<ChangeSituation>> situation_of(std::shared_ptr<ChatHead> head,
                                                           ChangeRequest request,
                                                           domain::Role actor_role);
  [[nodiscard]] Task<Result<std::optional<domain::Message>>> append_change(
      std::shared_ptr<ChatHead> head, ChangeRequest request, domain::Message after, Time now);

  // chat_home_groups.cpp: who is in a group and what it is called, one change at a time.
  [[nodiscard]] Task<Result<GroupOutcome>> write_group_change(std::shared_ptr<ChatHead> head,
                                                              GroupRequest request);
  /// nullopt: the chat has moved in between; check again.
  [[nodiscard]] Task<Result<std::optional<GroupOutcome>>> try_group_change(
      std::shared_ptr<ChatHead> head, GroupRequest request);
  [[nodiscard]] Task<Result<void>> check_arrivals(GroupRequest request, GroupChange change);
  [[nodiscard]] domain::MessageEntry entry_for(const domain::Chat& chat, GroupChange change);
  [[nodiscard]] Task<Result<std::optional<GroupOutcome>>> append_group_change(
      std::shared_ptr<ChatHead> head, domain::MessageEntry entry);
  void announce(const domain::MessageEntry& entry, const ports::AppendOutcome& outcome);
  [[nodiscard]] static Task<void> tell_role(std::shared_ptr<ChatHome> self, domain::ChatId chat,
                                            domain::UserId user, domain::UserRev user_rev);

  Surroundings around_;
  std::unordered_map<domain::ChatId, std::shared_ptr<ChatHead>> heads_;
  std::list<domain::ChatId> by_recency_;  ///< The most recently used first.
};

}  // namespace knotos::services
