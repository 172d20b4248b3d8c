#pragma once

#include "api/router.hpp"
#include "ports/world.hpp"
#include "services/member_service.hpp"

namespace knotos::api {

/// Who is in a group and what it is called: `PATCH` and `DELETE /v1/chats/{chatId}`, `…/members`,
/// `…/leave`, `…/owner`, `…/invites`, `/v1/invites/{code}`. Any shard.
class MemberRoutes {
 public:
  MemberRoutes(services::MemberService& members, const ports::Clock& clock, std::size_t members_max)
      : members_(members), clock_(clock), members_max_(members_max) {}

  void add_to(Router& router);

 private:
  [[nodiscard]] Task<Result<Reply>> describe(CallPtr call);
  [[nodiscard]] Task<Result<Reply>> drop(CallPtr call);
  [[nodiscard]] Task<Result<Reply>> add(CallPtr call);
  [[nodiscard]] Task<Result<Reply>> set_role(CallPtr call);
  [[nodiscard]] Task<Result<Reply>> remove(CallPtr call);
  [[nodiscard]] Task<Result<Reply>> leave(CallPtr call);
  [[nodiscard]] Task<Result<Reply>> hand_over(CallPtr call);
  [[nodiscard]] Task<Result<Reply>> invites(CallPtr call);
  [[nodiscard]] Task<Result<Reply>> make_invite(CallPtr call);
  [[nodiscard]] Task<Result<Reply>> remove_invite(CallPtr call);
  [[nodiscard]] Task<Result<Reply>> join(CallPtr call);

  [[nodiscard]] Result<Reply> item_reply(Result<domain::ChatListItem> item) const;

  services::MemberService& members_;
  const ports::Clock& clock_;
  std::size_t members_max_;
};

}  // namespace knotos::api
