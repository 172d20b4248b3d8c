#pragma once

#include "base/error.hpp"
#include "base/task.hpp"
#include "domain/chat.hpp"
#include "domain/message.hpp"
#include "services/change_rules.hpp"
#include "services/group_rules.hpp"
#include "services/receipt.hpp"

#include <cstddef>
#include <deque>
#include <list>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <unordered_map>
#include <utility>
#include <variant>
#include <vector>

namespace knotos::services {

/// A message that waits for its place. Its sender's coroutine waits at `answer`.
struct WaitingMessage {
  domain::UserId sender_id;
  domain::Draft draft;  ///< `client_message_id` is there; the server's own where the client had
                        ///< none.
  bool has_clients_id = false;
  Sha256 request_hash{};
  /// The same over all tries, so that after an unknown outcome the own message is recognised.
  std::optional<domain::MessageId> message_id;
  OneShot<Result<Receipt>> answer;
  /// Repeats that came meanwhile: they wait for the one commit.
  std::vector<std::shared_ptr<WaitingMessage>> repeats;
};

/// A change of a message that waits for its turn.
struct WaitingChange {
  ChangeRequest request;
  OneShot<Result<domain::Message>> answer;
};

/// What a change of a group came to: where the chat stands by it, and whether anything was written.
struct GroupOutcome {
  domain::Rev rev = 0;
  bool is_new = false;
};

/// A change of a group's members or of its description that waits for its turn.
struct WaitingGroupChange {
  GroupRequest request;
  OneShot<Result<GroupOutcome>> answer;
};

using WaitingWrite = std::variant<std::shared_ptr<WaitingMessage>, std::shared_ptr<WaitingChange>,
                                  std::shared_ptr<WaitingGroupChange>>;

/// What the checks need of a member. Only the chat's log moves it, so the place in the log guards
/// it too; read marks and the like move without the log and are not held here.
struct HeldMember {
  domain::Role role = domain::Role::member;
  domain::Ordinal own_count = 0;
};

/// One chat on its home shard: its state at the end of its log as far as this process knows, and
/// the writes that wait, in order. A write stays in `queue` until it is answered.
class ChatHead {
 public:
  /// The store loads so many users' states at once.
  static constexpr std::size_t kLoadedUsersMax = 64;
  /// Members held before they are dropped and asked for again.
  static constexpr std::size_t kMembersHeldMax = 4096;

  explicit ChatHead(domain::ChatId id) : id_(id) {}

  [[nodiscard]] domain::ChatId id() const { return id_; }

  // What is known. Outsiders are never held: a refusal must rest on the present state.

  [[nodiscard]] bool is_known() const { return chat_.has_value(); }
  /// Pre: is_known().
  [[nodiscard]] const domain::Chat& chat() const { return *chat_; }
  [[nodiscard]] const HeldMember* member(domain::UserId user) const;
  /// Of a direct chat: whom the user talks to.
  [[nodiscard]] std::optional<domain::UserId> peer_of(domain::UserId user) const;
  /// Takes what the store answered; what was held is kept where the chat has not moved.
  void learn(const ports::LoadedChat& loaded);
  void learn(domain::Chat chat);
  /// After a commit by this process.
  void move_on(domain::Chat chat, const std::vector<domain::Message>& appended = {});
  /// The same, by a change of members: those whose standing changed are asked for again.
  void move_on(domain::Chat chat, const domain::MessageEntry& appended);
  /// Somebody else has written, or may have: to be loaded again.
  void forget();
  void bound_members();

  // What waits.

  [[nodiscard]] std::size_t unanswered() const { return unanswered_; }
  [[nodiscard]] bool is_empty() const { return queue_.empty(); }
  [[nodiscard]] const WaitingWrite& front() const { return queue_.front(); }
  void push(std::shared_ptr<WaitingMessage> message);
  void push(std::shared_ptr<WaitingChange> change);
  void push(std::shared_ptr<WaitingGroupChange> change);
  /// The waiting message of this sender under this id, or null.
  [[nodiscard]] std::shared_ptr<WaitingMessage> waiting_under(
      domain::UserId sender, const std::string& client_message_id) const;
  /// `repeat` gets the answer of `first`.
  void join(WaitingMessage& first, std::shared_ptr<WaitingMessage> repeat);
  /// The messages at the front of the queue, up to the first change, whose senders are held or can
  /// be loaded in one go.
  [[nodiscard]] std::vector<std::shared_ptr<WaitingMessage>> next_messages(
      std::size_t count_max) const;
  [[nodiscard]] bool holds_all_senders(
      const std::vector<std::shared_ptr<WaitingMessage>>& messages) const;

  /// Takes it off the queue and lets its sender, and those of its repeats, go on.
  void answer(const std::shared_ptr<WaitingMessage>& message, const Result<Receipt>& result);
  void answer(const std::shared_ptr<WaitingChange>& change, Result<domain::Message> result);
  void answer(const std::shared_ptr<WaitingGroupChange>& change, Result<GroupOutcome> result);
  void answer_all(const Error& error);

  // The one coroutine that writes the chat.

  bool is_being_written = false;
  /// Tries in a row that brought no write an answer.
  std::size_t tries_in_vain = 0;
  std::list<domain::ChatId>::iterator recency;

 private:
  void push_write(WaitingWrite write);
  void remove(const WaitingWrite& write);

  domain::ChatId id_;
  std::optional<domain::Chat> chat_;
  std::vector<domain::UserId> pair_;  ///< Never changes, so it outlives `forget`.
  std::unordered_map<domain::UserId, HeldMember> members_;
  std::deque<WaitingWrite> queue_;
  std::map<std::pair<domain::UserId, std::string>, std::shared_ptr<WaitingMessage>> by_key_;
  std::size_t unanswered_ = 0;
};

}  // namespace knotos::services
