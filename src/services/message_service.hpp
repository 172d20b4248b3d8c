#pragma once

#include "base/error.hpp"
#include "base/shards.hpp"
#include "base/task.hpp"
#include "domain/message.hpp"
#include "ports/bus.hpp"
#include "ports/chat_log.hpp"
#include "ports/chat_state_store.hpp"
#include "ports/chat_store.hpp"
#include "ports/message_store.hpp"
#include "ports/people_store.hpp"
#include "ports/world.hpp"
#include "services/group_rules.hpp"
#include "services/rate_limiter.hpp"
#include "services/receipt.hpp"

#include <atomic>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace knotos::services {

class ChatHome;
struct ChangeRequest;
struct GroupOutcome;

/// The one door through which messages enter a chat and change. Each chat has a home shard that
/// holds its head and writes that wait, so checks against "the state just before" cost no query;
/// calls may come from any shard and answer there. Destroyed when nothing is in flight, or after
/// the shards have stopped.
class MessageService {
 public:
  struct Ports {
    Shards& shards;
    ports::ChatLog& log;
    ports::MessageStore& messages;
    ports::ChatStateStore& states;
    ports::Relations& relations;
    ports::Bus& bus;
    const ports::Clock& clock;
    ports::Random& random;
    ports::RateBoard* rate_board = nullptr;  ///< Null: this process counts alone.
  };

  struct Limits {
    domain::ContentLimits content;
    Rate rate_messages{20, std::chrono::seconds(10), 10};
    std::chrono::milliseconds change_window =
        std::chrono::hours(48);             ///< For edits and deletes by the author.
    std::size_t waiting_writes_max = 4096;  ///< A chat's; more are `overloaded`.
    std::size_t batch_entries_max = 256;    ///< Messages of one chat in one append.
    std::size_t group_members_max = 1024;
    std::size_t chats_held_max =
        100'000;  ///< Heads a shard keeps; the least recently used go first.
  };

  struct Edit {
    domain::ChatId chat_id;
    domain::MessageId message_id;
    std::string content;
    std::optional<std::uint32_t> base_version;
  };

  /// One user's reaction to a message, to come or to go.
  struct Reacting {
    domain::ChatId chat_id;
    domain::MessageId message_id;
    std::string emoji;
    bool adds = true;
  };

  struct Forward {
    domain::ChatId from_chat;
    domain::MessageId message_id;
    std::vector<domain::ChatId> to_chats;  ///< 1 to `domain::kForwardChatsMax`, each once.
    std::string client_message_id;         ///< Serves in each of the chats; empty: none.
  };

  /// What a forward came to in one of its chats.
  struct Forwarded {
    domain::ChatId chat_id;
    Result<Receipt> receipt;
  };

  MessageService(Ports ports, Limits limits);
  ~MessageService();

  /// Stores the draft once, then publishes it; answers after the commit. The same
  /// `client_message_id` again answers the first receipt, before every other check. Errors:
  /// validation_failed, not_found (no such chat, not a member), cannot_contact_user (direct chats),
  /// client_message_id_reused, rate_limited, overloaded (also while draining), store_unavailable.
  [[nodiscard]] Task<Result<Receipt>> send(domain::UserId sender, domain::ChatId chat,
                                           domain::Draft draft);

  /// The author, within the window. `base_version` stale: edit_conflict, unless the content stands
  /// already. Errors: validation_failed, not_found, forbidden, cannot_contact_user, edit_conflict,
  /// rate_limited, overloaded, store_unavailable.
  [[nodiscard]] Task<Result<domain::Message>> edit(domain::UserId author, Edit edit);

  /// For everyone: the author within the window, or an owner or admin. A tombstone stays. Again: a
  /// success. Errors: not_found, forbidden, overloaded, store_unavailable.
  [[nodiscard]] Task<Result<domain::Message>> erase(domain::UserId user, domain::ChatId chat,
                                                    domain::MessageId message);

  /// The same of an author whose account is deleted: whatever its age, also where they have left.
  [[nodiscard]] Task<Result<domain::Message>> erase_farewell(domain::UserId author,
                                                             domain::ChatId chat,
                                                             domain::MessageId message);

  /// Errors: validation_failed, not_found, forbidden, cannot_contact_user, conflict (too many
  /// kinds), overloaded, store_unavailable.
  [[nodiscard]] Task<Result<domain::Message>> react(domain::UserId user, Reacting reacting);
  /// In a group: the owner and admins. Errors: not_found, forbidden, cannot_contact_user, conflict
  /// (too many), overloaded, store_unavailable.
  [[nodiscard]] Task<Result<domain::Message>> pin(domain::UserId user, domain::ChatId chat,
                                                  domain::MessageId message, bool is_pinned);

  /// Sends what a message says to other chats, each on its own: one may refuse what the others
  /// take. The same `client_message_id` again answers the first receipts, whatever became of the
  /// message since. Errors: validation_failed, not_found, forbidden (deleted, or the server's own),
  /// store_unavailable.
  [[nodiscard]] Task<Result<std::vector<Forwarded>>> forward(domain::UserId user, Forward forward);

  /// Who is in a group and what it is called. Errors: those of `group_change_of`,
  /// cannot_contact_user, overloaded, store_unavailable.
  [[nodiscard]] Task<Result<GroupOutcome>> change_group(domain::ChatId chat, GroupRequest request);

  /// All that follow show what this user may see: pages of history leave out what came before it,
  /// changes have a stub in its place. Errors: not_found (also to outsiders), store_unavailable.
  [[nodiscard]] Task<Result<ports::ReactionPage>> reactions(
      domain::UserId user, domain::ChatId chat, domain::MessageId message,
      std::optional<ports::ReactionPosition> after, std::size_t limit);
  [[nodiscard]] Task<Result<ports::HistoryPage>> history(domain::UserId user, domain::ChatId chat,
                                                         ports::HistoryQuery query);
  [[nodiscard]] Task<Result<ports::Changes>> changes(domain::UserId user, domain::ChatId chat,
                                                     domain::Rev since, std::size_t limit);
  [[nodiscard]] Task<Result<domain::Message>> get(domain::UserId user, domain::ChatId chat,
                                                  domain::MessageId message);

  /// From now on new writes are refused as `overloaded` with `retry_after`; those begun are
  /// finished.
  void drain(std::chrono::milliseconds retry_after);
  /// How a user stands to the rate of messages, without counting. Any thread.
  [[nodiscard]] RateLimiter::Verdict rate_of(domain::UserId user);
  /// Writes begun and not yet answered. Any thread.
  [[nodiscard]] std::size_t writes_in_flight() const;

 private:
  [[nodiscard]] ChatHome& home_of(domain::ChatId chat);
  [[nodiscard]] Task<Result<domain::Message>> change(domain::ChatId chat, ChangeRequest request);
  [[nodiscard]] Task<Result<Receipt>> forward_to(domain::UserId user, domain::ChatId chat,
                                                 Forward forward, Result<domain::Message> source);
  /// What the reader may see. Errors: not_found (not a member), store_unavailable.
  [[nodiscard]] Task<Result<domain::Visibility>> admit_reader(domain::UserId user,
                                                              domain::ChatId chat);

  Ports ports_;
  Limits limits_;
  RateLimiter rates_;
  std::atomic<std::int64_t> drain_retry_after_{-1};
  /// Shared with the writes, whose coroutines may be destroyed after the service.
  std::shared_ptr<std::atomic<std::size_t>> writes_in_flight_ =
      std::make_shared<std::atomic<std::size_t>>(0);
  std::vector<std::shared_ptr<ChatHome>> homes_;  ///< One a shard, touched there only.
};

}  // namespace knotos::services
