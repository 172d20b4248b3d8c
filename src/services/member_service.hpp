#pragma once

#include "base/error.hpp"
#include "base/task.hpp"
#include "domain/chat.hpp"
#include "ports/chat_log.hpp"
#include "ports/chat_store.hpp"
#include "ports/invite_store.hpp"
#include "ports/world.hpp"
#include "services/chat_head.hpp"
#include "services/message_service.hpp"
#include "services/state_service.hpp"

#include <chrono>
#include <optional>
#include <string>
#include <vector>

namespace knotos::services {

/// Who is in a group, who may do what there, and the links that lead into it. Each change is one
/// system message in the chat's log, written by the chat's home as messages are: so it has its
/// place among them. Stateless, so all shards share one instance.
class MemberService {
 public:
  struct Ports {
    MessageService& messages;
    StateService& states;
    ports::ChatLog& log;
    ports::ChatStore& chats;
    ports::InviteStore& invites;
    const ports::Clock& clock;
    ports::Random& random;
  };

  struct Limits {
    std::size_t group_members_max = 1024;
    std::size_t invites_max = 50;  ///< Of a chat that can still be used.
  };

  struct NewInvite {
    std::optional<std::chrono::milliseconds> expires_in;
    std::uint32_t uses_max = 0;  ///< 0: no limit.
  };

  MemberService(Ports ports, Limits limits) : ports_(ports), limits_(limits) {}

  /// Errors of all that change a chat: not_found (also to outsiders), forbidden (no group; a role
  /// that is too low), overloaded, store_unavailable. What stands already is a success that writes
  /// nothing. They answer the chat as the user's list shows it.

  /// Errors: validation_failed (unknown users; too many, at /memberIds), cannot_contact_user.
  [[nodiscard]] Task<Result<domain::ChatListItem>> add(domain::UserId user, domain::ChatId chat,
                                                       std::vector<domain::UserId> whom);
  [[nodiscard]] Task<Result<void>> remove(domain::UserId user, domain::ChatId chat,
                                          domain::UserId whom);
  [[nodiscard]] Task<Result<void>> leave(domain::UserId user, domain::ChatId chat);
  /// `role`: admin or member. Answers how they stand now. Errors: validation_failed at /role;
  /// not_found (no such member).
  [[nodiscard]] Task<Result<ports::RosterMember>> set_role(domain::UserId user, domain::ChatId chat,
                                                           domain::UserId whom, domain::Role role);
  /// Errors: validation_failed at /userId.
  [[nodiscard]] Task<Result<domain::ChatListItem>> hand_over(domain::UserId user,
                                                             domain::ChatId chat,
                                                             domain::UserId to);

  struct Description {
    std::optional<std::string> title;
    std::optional<domain::HistoryVisibility> history_visibility;
  };
  /// Errors: validation_failed at /title.
  [[nodiscard]] Task<Result<domain::ChatListItem>> describe(domain::UserId user,
                                                            domain::ChatId chat,
                                                            Description description);
  /// Off the user's own list: a group is left, a direct chat comes back with its next message.
  /// Errors: forbidden (the saved chat).
  [[nodiscard]] Task<Result<void>> drop(domain::UserId user, domain::ChatId chat);
  /// For everybody, by its owner.
  [[nodiscard]] Task<Result<void>> end(domain::UserId user, domain::ChatId chat);

  /// Those who lead see and make invites; who left or was stepped down leaves theirs behind.
  /// Errors: conflict (`invites_max` can be used still).
  [[nodiscard]] Task<Result<std::vector<ports::Invite>>> invites(domain::UserId user,
                                                                 domain::ChatId chat);
  [[nodiscard]] Task<Result<ports::Invite>> make_invite(domain::UserId user, domain::ChatId chat,
                                                        NewInvite invite);
  [[nodiscard]] Task<Result<void>> remove_invite(domain::UserId user, domain::ChatId chat,
                                                 std::string code);
  /// The user joins by a link. A member uses up nothing. Errors: not_found (unknown, expired, used
  /// up, a group that has ended), conflict (full).
  [[nodiscard]] Task<Result<domain::ChatListItem>> join(domain::UserId user, std::string code);

 private:
  [[nodiscard]] Task<Result<domain::ChatListItem>> change(domain::ChatId chat,
                                                          GroupRequest request);
  [[nodiscard]] Task<Result<void>> change_and_forget(domain::ChatId chat, GroupRequest request);
  [[nodiscard]] Task<Result<void>> check_lead(domain::UserId user, domain::ChatId chat);
  [[nodiscard]] Task<Result<void>> drop_dead_invites(domain::ChatId chat);

  Ports ports_;
  Limits limits_;
};

}  // namespace knotos::services
