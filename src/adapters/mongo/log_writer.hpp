#pragma once

#include "adapters/mongo/documents.hpp"
#include "ports/chat_log.hpp"

#include <span>
#include <utility>
#include <vector>

namespace knotos::adapters::mongo {

/// Applies the entries of a chat's log, in order: the target, the states, and last the chat,
/// guarded by `lastRev`. Idempotent at every step, so that any process may do it, also twice at
/// once, also one that slept for an hour. Throws Failure.
class LogApplier {
 public:
  explicit LogApplier(Session& session) : session_(session) {}

  /// `chat` stands just before the first entry, and just after the last one when this returns.
  /// False: another process has moved the chat on meanwhile, and `chat` says nothing any more.
  [[nodiscard]] bool apply(domain::Chat& chat, std::span<const domain::LogEntry> entries);

  /// Whose membership changed, and their `userRev` after it.
  [[nodiscard]] std::vector<std::pair<domain::UserId, domain::UserRev>> take_user_revs() {
    return std::exchange(user_revs_, {});
  }

 private:
  void apply_own(const std::vector<domain::Chat>& before,
                 std::span<const domain::LogEntry> entries);
  void apply_memberships(const domain::MessageEntry& entry);
  void apply_membership(const domain::MembershipChange& change, const domain::Message& message);
  void apply_change(const domain::ChangeEntry& entry);
  void apply_reaction(const domain::ChangeEntry& entry);

  Session& session_;
  std::vector<std::pair<domain::UserId, domain::UserRev>> user_revs_;
};

/// The chat with nothing pending: what is inserted and not applied is applied first. nullopt: no
/// such chat. Throws Failure.
[[nodiscard]] std::optional<domain::Chat> settle_chat(Session& session, domain::ChatId chat);

/// A chat as it was asked for, written into its own document until all that belongs to it is
/// there: the insert of that is the commit of a new chat.
[[nodiscard]] Document founding_document(const domain::Chat& chat,
                                         const std::vector<domain::UserChatState>& members,
                                         const std::optional<domain::MessageEntry>& first_entry);
/// Writes what is founded and not there yet. Answers the chat, and each member's `userRev`.
std::pair<domain::Chat, std::vector<std::pair<domain::UserId, domain::UserRev>>> complete_founding(
    Session& session, const View& chat);

}  // namespace knotos::adapters::mongo
