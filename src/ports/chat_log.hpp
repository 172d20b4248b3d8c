#pragma once

#include "base/error.hpp"
#include "base/task.hpp"
#include "domain/chat_log.hpp"

#include <cstdint>
#include <vector>

namespace knotos::ports {

/// A chat with nothing pending, and the states of those of the asked users who are or were members.
struct LoadedChat {
  domain::Chat chat;
  std::vector<domain::UserChatState> states;
  std::vector<domain::UserId> pair;  ///< Of a direct chat: its two users, for good.
};

/// A member as the rules of a group see them.
struct RosterMember {
  domain::UserId user_id;
  domain::Role role = domain::Role::member;
  Time joined_at;

  bool operator==(const RosterMember&) const = default;
};

/// A chat with nothing pending, and all who are members at that place of its log or later.
struct Roster {
  domain::Chat chat;
  std::vector<RosterMember> members;  ///< Oldest first: by the time they joined, then id.
};

enum class AppendStatus : std::uint8_t {
  appended,     ///< Durable and applied: chat, target, states.
  place_taken,  ///< The chat does not stand at `at_rev`: load again, check again, try again.
                ///< Nothing was written.
  key_taken,    ///< An entry's `(chat, sender, client_message_id)` is there already. Nothing was
                ///< written.
  unknown,      ///< Neither yes nor no came back: look the entry up before doing it again.
  unavailable,  ///< Not written, and the store says it cannot.
};

struct AppendOutcome {
  AppendStatus status = AppendStatus::appended;
  std::size_t offender = 0;  ///< With key_taken: which entry, the first such.
  /// With appended: whose membership changed, and their `userRev` after it.
  std::vector<std::pair<domain::UserId, domain::UserRev>> user_revs;
  std::string cause;  ///< For the log.
};

/// The log of each chat: the only door by which a chat changes (SEMANTICS section 12). Any thread
/// may call.
///
/// The place in the log is the lock: an entry goes in at `at_rev + 1` or not at all, so each chat's
/// history is serial with no lock held, whoever else writes it. What `load` and `append` answer is
/// durable.
class ChatLog {
 public:
  virtual ~ChatLog() = default;

  /// Completes what is pending first. `users` at most 64.
  /// Errors: not_found, store_unavailable.
  [[nodiscard]] virtual Task<Result<LoadedChat>> load(domain::ChatId chat,
                                                      std::vector<domain::UserId> users) = 0;

  /// Who is in the chat: what changes of its members are checked against. The chat is read first,
  /// so an append at its `last_rev` fails where a member has come or gone since. Errors: not_found,
  /// store_unavailable.
  [[nodiscard]] virtual Task<Result<Roster>> roster(domain::ChatId chat) = 0;

  /// Writes `entries` at `at_rev + 1, …`, all or none, and answers after the durable commit. Their
  /// `rev`s, `seq`s and ordinals are already those of these places. A batch is either message
  /// entries, or one change entry. One append a chat at a time from one process. Applies them: the
  /// target's new state, the actor's reaction, the states of who joins, leaves or changes role
  /// (`domain::apply_membership`, where `member_rev` is lower), the sender's own state
  /// (`domain::apply_own_message`), the chat (`domain::apply`). Appends of different chats may
  /// share a commit.
  [[nodiscard]] virtual Task<AppendOutcome> append(domain::ChatId chat, domain::Rev at_rev,
                                                   std::vector<domain::LogEntry> entries) = 0;

  /// Applies what a dead process left between insert and apply. Idempotent. Errors: not_found,
  /// store_unavailable.
  [[nodiscard]] virtual Task<Result<void>> complete_pending(domain::ChatId chat) = 0;
};

}  // namespace knotos::ports
