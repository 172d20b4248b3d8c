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
  void publish(domain::ChatId chat, const domain::Message& message);

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
  [[nodiscard]] Task<Result<std::optional<domain::ReplyTo>>> reply_of(domain::ChatId chat,
                                                                      domain::MessageId target,
                                                                      domain::Seq visible_from_seq);
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

  // chat_home_changes.cpp: edits and deletions, one at a time.
  [[nodiscard]] Task<Result<domain::Message>> write_change(std::shared_ptr<ChatHead> head,
                                                           ChangeRequest request);
  /// The message as it stands after the change; nullopt: the head has to be loaded again, then the
  /// change checked again.
  [[nodiscard]] Task<Result<std::optional<domain::Message>>> try_change(
      std::shared_ptr<ChatHead> head, ChangeRequest request);
  [[nodiscard]] Task<Result<std::optional<domain::Message>>> append_change(
      std::shared_ptr<ChatHead> head, ChangeRequest request, domain::Message after, Time now);

  Surroundings around_;
  std::unordered_map<domain::ChatId, std::shared_ptr<ChatHead>> heads_;
  std::list<domain::ChatId> by_recency_;  ///< The most recently used first.
};

}  // namespace knotos::services
