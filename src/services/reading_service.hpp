#pragma once

#include "base/error.hpp"
#include "base/shards.hpp"
#include "base/task.hpp"
#include "ports/bus.hpp"
#include "ports/chat_state_store.hpp"
#include "ports/message_store.hpp"
#include "ports/people_store.hpp"
#include "ports/world.hpp"
#include "services/private_news.hpp"

#include <atomic>
#include <memory>
#include <optional>
#include <vector>

namespace knotos::services {

class DeliveredMarks;

/// How far users have got: marks, receipts, unread counts. Nothing is written per message and
/// member. Any shard; destroyed after the shards have stopped.
class ReadingService {
 public:
  struct Ports {
    Shards& shards;
    ports::ChatStateStore& states;
    ports::MessageStore& messages;
    ports::Relations& relations;
    ports::Bus& bus;
    const ports::Clock& clock;
  };

  struct Limits {
    /// In larger chats receipts are not told, and delivered marks not kept.
    std::size_t receipt_members_max = kReceiptMembersMax;
    std::size_t waiting_marks_max = 16'384;  ///< Delivered marks of a shard under way.
  };

  /// What a mark answers.
  struct ReadState {
    domain::Seq last_read_seq = 0;
    std::uint64_t unread_count = 0;
  };

  /// How far a message has got: with all of those who were there.
  enum class MessageState : std::uint8_t { sent, delivered, read };

  struct Receipts {
    domain::MessageId message_id;
    domain::Seq seq = 0;
    MessageState state = MessageState::sent;
    ports::ReceiptPage page;
  };

  struct Unread {
    std::uint64_t total = 0;  ///< Messages, over all chats.
    std::vector<ports::UnreadChat> chats;
  };

  ReadingService(Ports ports, Limits limits);
  ~ReadingService();
  ReadingService(const ReadingService&) = delete;
  ReadingService& operator=(const ReadingService&) = delete;

  /// Errors: validation_failed at /seq (over the chat's `lastSeq`), not_found (also to outsiders),
  /// store_unavailable.
  [[nodiscard]] Task<Result<ReadState>> mark_read(domain::UserId user, domain::ChatId chat,
                                                  domain::Seq seq);
  /// Answered after the write that holds it; marks of one user in one chat that come while one is
  /// written share the next. Errors: those of `mark_read`, overloaded.
  [[nodiscard]] Task<Result<ReadState>> mark_delivered(domain::UserId user, domain::ChatId chat,
                                                       domain::Seq seq);

  /// Errors: not_found (also of what the user may not see), store_unavailable.
  [[nodiscard]] Task<Result<Receipts>> receipts(domain::UserId user, domain::ChatId chat,
                                                domain::MessageId message,
                                                std::optional<ports::MemberPosition> after,
                                                std::size_t limit);

  /// What the list's filter `unread` lists. Errors: store_unavailable.
  [[nodiscard]] Task<Result<Unread>> unread(domain::UserId user);

  /// Marks begun and not yet answered: a drain waits for them. Any thread.
  [[nodiscard]] std::size_t marks_in_flight() const { return in_flight_->load(); }

 private:
  [[nodiscard]] Task<Result<bool>> is_withheld_from(domain::UserId user, ports::ReceiptQuery query,
                                                    const ports::ReceiptPage& page);

  Ports ports_;
  Limits limits_;
  /// Shared with the marks, whose coroutines may be destroyed after the service.
  std::shared_ptr<std::atomic<std::size_t>> in_flight_ =
      std::make_shared<std::atomic<std::size_t>>(0);
  std::vector<std::shared_ptr<DeliveredMarks>> marks_;  ///< One a shard, touched there only.
};

[[nodiscard]] std::string_view name_of(ReadingService::MessageState state);

}  // namespace knotos::services
