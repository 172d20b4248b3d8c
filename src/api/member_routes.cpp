#include "api/member_routes.hpp"

#include "api/page.hpp"
#include "api/parameters.hpp"
#include "json/log_requests.hpp"
#include "json/write.hpp"
#include "json/write_log.hpp"

namespace knotos::api {

using services::RateKind;

namespace {

/// The chat that the path names, alone.
Result<domain::ChatId> chat_of(const Call& call) {
  Parameters parameters(call);
  const auto chat = parameters.id<domain::ChatId>("chatId");
  if (auto checked = parameters.finish(); !checked) return fail(std::move(checked.error()));
  return chat;
}

struct Target {
  domain::ChatId chat;
  domain::UserId user;
};

Result<Target> target_of(const Call& call) {
  Parameters parameters(call);
  const auto chat = parameters.id<domain::ChatId>("chatId");
  const auto user = parameters.id<domain::UserId>("userId");
  if (auto checked = parameters.finish(); !checked) return fail(std::move(checked.error()));
  return Target{.chat = chat, .user = user};
}

Result<Reply> nothing_or(Result<void> done) {
  if (!done) return fail(std::move(done.error()));
  return empty_reply();
}

}  // namespace

void MemberRoutes::add_to(Router& router) {
  const std::string chat = "/v1/chats/{chatId}";
  const auto add = [this, &router](std::string method, std::string path, auto handler,
                                   std::optional<RateKind> rate = std::nullopt) {
    router.add(
        {std::move(method), std::move(path), Access::signed_in, handled_by(*this, handler), rate});
  };
  add("PATCH", chat, &MemberRoutes::describe, RateKind::members);
  add("DELETE", chat, &MemberRoutes::drop, RateKind::members);
  add("POST", chat + "/members", &MemberRoutes::add, RateKind::members);
  add("PATCH", chat + "/members/{userId}", &MemberRoutes::set_role, RateKind::members);
  add("DELETE", chat + "/members/{userId}", &MemberRoutes::remove, RateKind::members);
  add("POST", chat + "/leave", &MemberRoutes::leave, RateKind::members);
  add("POST", chat + "/owner", &MemberRoutes::hand_over, RateKind::members);
  add("GET", chat + "/invites", &MemberRoutes::invites);
  add("POST", chat + "/invites", &MemberRoutes::make_invite, RateKind::members);
  add("DELETE", chat + "/invites/{code}", &MemberRoutes::remove_invite, RateKind::members);
  add("POST", "/v1/invites/{code}", &MemberRoutes::join, RateKind::members);
}

Task<Result<Reply>> MemberRoutes::describe(CallPtr call) {
  const auto chat = chat_of(*call);
  if (!chat) co_return fail(chat.error());
  const auto body = body_of(*call);
  if (!body) co_return fail(body.error());
  auto description = json::description_body(*body);
  if (!description) co_return fail(std::move(description.error()));
  co_return item_reply(
      co_await members_.describe(call->caller.user_id, *chat, std::move(*description)));
}

Task<Result<Reply>> MemberRoutes::drop(CallPtr call) {
  Parameters parameters(*call);
  const auto chat = parameters.id<domain::ChatId>("chatId");
  const auto scope = parameters.text("scope").value_or("me");
  if (scope != "me" && scope != "everyone") {
    parameters.refuse("scope", "not-allowed", "One of me and everyone.");
  }
  if (auto checked = parameters.finish(); !checked) co_return fail(std::move(checked.error()));
  const auto user = call->caller.user_id;
  if (scope == "everyone") co_return nothing_or(co_await members_.end(user, chat));
  co_return nothing_or(co_await members_.drop(user, chat));
}

Task<Result<Reply>> MemberRoutes::add(CallPtr call) {
  const auto chat = chat_of(*call);
  if (!chat) co_return fail(chat.error());
  const auto body = body_of(*call);
  if (!body) co_return fail(body.error());
  auto whom = json::members_body(*body, members_max_);
  if (!whom) co_return fail(std::move(whom.error()));
  co_return item_reply(co_await members_.add(call->caller.user_id, *chat, std::move(*whom)));
}

Task<Result<Reply>> MemberRoutes::set_role(CallPtr call) {
  const auto target = target_of(*call);
  if (!target) co_return fail(target.error());
  const auto body = body_of(*call);
  if (!body) co_return fail(body.error());
  const auto role = json::role_body(*body);
  if (!role) co_return fail(role.error());
  const auto member =
      co_await members_.set_role(call->caller.user_id, target->chat, target->user, *role);
  if (!member) co_return fail(member.error());
  co_return json_reply(json::standing(*member));
}

Task<Result<Reply>> MemberRoutes::remove(CallPtr call) {
  const auto target = target_of(*call);
  if (!target) co_return fail(target.error());
  co_return nothing_or(co_await members_.remove(call->caller.user_id, target->chat, target->user));
}

Task<Result<Reply>> MemberRoutes::leave(CallPtr call) {
  const auto chat = chat_of(*call);
  if (!chat) co_return fail(chat.error());
  co_return nothing_or(co_await members_.leave(call->caller.user_id, *chat));
}

Task<Result<Reply>> MemberRoutes::hand_over(CallPtr call) {
  const auto chat = chat_of(*call);
  if (!chat) co_return fail(chat.error());
  const auto body = body_of(*call);
  if (!body) co_return fail(body.error());
  const auto to = json::user_body(*body);
  if (!to) co_return fail(to.error());
  co_return item_reply(co_await members_.hand_over(call->caller.user_id, *chat, *to));
}

Task<Result<Reply>> MemberRoutes::invites(CallPtr call) {
  Parameters parameters(*call);
  const auto chat = parameters.id<domain::ChatId>("chatId");
  const auto query = page_query(parameters, json::decode_newest_first_cursor);
  if (auto checked = parameters.finish(); !checked) co_return fail(std::move(checked.error()));
  auto invites = co_await members_.invites(call->caller.user_id, chat);
  if (!invites) co_return fail(std::move(invites.error()));
  const auto next_cursor = cut_to_page(*invites, query, [](const ports::Invite& invite) {
    return json::NewestFirstPosition{.created_at = invite.created_at, .key = invite.code};
  });
  co_return json_reply(list_page(*invites, json::append_invite, next_cursor));
}

Task<Result<Reply>> MemberRoutes::make_invite(CallPtr call) {
  const auto chat = chat_of(*call);
  if (!chat) co_return fail(chat.error());
  const auto body = body_of(*call);
  if (!body) co_return fail(body.error());
  const auto fresh = json::invite_body(*body);
  if (!fresh) co_return fail(fresh.error());
  const auto invite = co_await members_.make_invite(call->caller.user_id, *chat, *fresh);
  if (!invite) co_return fail(invite.error());
  co_return json_reply(json::invite(*invite), 201);
}

Task<Result<Reply>> MemberRoutes::remove_invite(CallPtr call) {
  Parameters parameters(*call);
  const auto chat = parameters.id<domain::ChatId>("chatId");
  auto code = parameters.path_text("code");
  if (auto checked = parameters.finish(); !checked) co_return fail(std::move(checked.error()));
  co_return nothing_or(
      co_await members_.remove_invite(call->caller.user_id, chat, std::move(code)));
}

Task<Result<Reply>> MemberRoutes::join(CallPtr call) {
  Parameters parameters(*call);
  auto code = parameters.path_text("code");
  if (auto checked = parameters.finish(); !checked) co_return fail(std::move(checked.error()));
  co_return item_reply(co_await members_.join(call->caller.user_id, std::move(code)));
}

Result<Reply> MemberRoutes::item_reply(Result<domain::ChatListItem> item) const {
  if (!item) return fail(std::move(item.error()));
  return json_reply(json::chat_list_item(*item, clock_.now()));
}

}  // namespace knotos::api
