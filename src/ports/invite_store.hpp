#pragma once

#include "base/error.hpp"
#include "base/task.hpp"
#include "domain/chat.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace knotos::ports {

/// A link by which anybody who has it joins a group.
struct Invite {
  std::string code;  ///< URL-safe, secret.
  domain::ChatId chat_id;
  domain::UserId creator_id;
  std::optional<Time> expires_at;
  std::uint32_t uses_max = 0;  ///< 0: no limit.
  std::uint32_t uses = 0;
  Time created_at;

  bool operator==(const Invite&) const = default;
};

/// Neither expired at `now` nor used up.
[[nodiscard]] inline bool is_usable(const Invite& invite, Time now) {
  return (!invite.expires_at || *invite.expires_at > now) &&
         (invite.uses_max == 0 || invite.uses < invite.uses_max);
}

/// Invites to groups. Any thread may call. Errors of all: store_unavailable.
class InviteStore {
 public:
  virtual ~InviteStore() = default;

  /// Errors: conflict (the chat has `count_max` already).
  [[nodiscard]] virtual Task<Result<void>> put_invite(Invite invite, std::size_t count_max) = 0;
  /// Of a chat, newest first; dead ones included.
  [[nodiscard]] virtual Task<Result<std::vector<Invite>>> invites(domain::ChatId chat) = 0;
  /// Errors: not_found.
  [[nodiscard]] virtual Task<Result<Invite>> find_invite(std::string code) = 0;
  /// False: it was not there.
  [[nodiscard]] virtual Task<Result<bool>> remove_invite(domain::ChatId chat, std::string code) = 0;
  /// Takes one use, if one is left and it has not expired at `now`: of two who ask for the last
  /// one, one gets it. Errors: not_found (unknown, expired, used up).
  [[nodiscard]] virtual Task<Result<Invite>> use_invite(std::string code, Time now) = 0;
  /// Gives a use back that led to no join.
  [[nodiscard]] virtual Task<Result<void>> return_invite_use(std::string code) = 0;
};

}  // namespace knotos::ports
