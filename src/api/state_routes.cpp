#include "api/state_routes.hpp"

#include "api/page.hpp"
#include "api/parameters.hpp"
#include "json/private_cursors.hpp"
#include "json/private_requests.hpp"
#include "json/write_private.hpp"

namespace knotos::api {
namespace {

using services::RateKind;

Result<domain::ChatId> chat_of(const Call& call) {
  Parameters parameters(call);
  const auto chat = parameters.id<domain::ChatId>("chatId");
  if (auto checked = parameters.finish(); !checked) return fail(std::move(checked.error()));
  return chat;
}

struct MarkCall {
  domain::ChatId chat;
  domain::Seq seq = 0;
};

Result<MarkCall> mark_of(const Call& call) {
  const auto chat = chat_of(call);
  if (!chat) return fail(chat.error());
  const auto body = body_of(call);
  if (!body) return fail(body.error());
  const auto seq = json::mark_body(*body);
  if (!seq) return fail(seq.error());
  return MarkCall{.chat = *chat, .seq = *seq};
}

Result<Reply> read_reply(const Result<services::ReadingService::ReadState>& state) {
  if (!state) return fail(state.error());
  return json_reply(json::read_state(*state));
}

}  // namespace

void StateRoutes::add_to(Router& router) {
  const std::string chat = "/v1/chats/{chatId}";
  const auto add = [this, &router](std::string method, std::string path, auto handler,
                                   std::optional<RateKind> rate = std::nullopt) {
    router.add(
        {std::move(method), std::move(path), Access::signed_in, handled_by(*this, handler), rate});
  };
  add("PATCH", chat + "/state", &StateRoutes::update, RateKind::state);
  add("POST", chat + "/read", &StateRoutes::mark_read, RateKind::marks);
  add("POST", chat + "/delivered", &StateRoutes::mark_delivered, RateKind::marks);
  add("POST", chat + "/clear", &StateRoutes::clear, RateKind::state);
  add("GET", chat + "/members", &StateRoutes::members);
  add("GET", chat + "/messages/{messageId}/receipts", &StateRoutes::receipts);
  add("GET", "/v1/unread", &StateRoutes::unread);
}

Task<Result<Reply>> StateRoutes::update(CallPtr call) {
  const auto chat = chat_of(*call);
  if (!chat) co_return fail(chat.error());
  const auto body = body_of(*call);
  if (!body) co_return fail(body.error());
  auto patch = json::state_patch(*body);
  if (!patch) co_return fail(std::move(patch.error()));
  auto change = co_await own_.states.update(call->caller.user_id, *chat, std::move(*patch));
  if (!change) co_return fail(std::move(change.error()));
  co_return json_reply(json::own_state(*change, clock_.now()));
}

Task<Result<Reply>> StateRoutes::mark_read(CallPtr call) {
  const auto mark = mark_of(*call);
  if (!mark) co_return fail(mark.error());
  co_return read_reply(
      co_await own_.reading.mark_read(call->caller.user_id, mark->chat, mark->seq));
}

Task<Result<Reply>> StateRoutes::mark_delivered(CallPtr call) {
  const auto mark = mark_of(*call);
  if (!mark) co_return fail(mark.error());
  co_return read_reply(
      co_await own_.reading.mark_delivered(call->caller.user_id, mark->chat, mark->seq));
}

Task<Result<Reply>> StateRoutes::clear(CallPtr call) {
  const auto chat = chat_of(*call);
  if (!chat) co_return fail(chat.error());
  auto change = co_await own_.states.clear(call->caller.user_id, *chat);
  if (!change) co_return fail(std::move(change.error()));
  co_return json_reply(json::own_state(*change, clock_.now()));
}

Task<Result<Reply>> StateRoutes::receipts(CallPtr call) {
  Parameters parameters(*call);
  const auto chat = parameters.id<domain::ChatId>("chatId");
  const auto message = parameters.id<domain::MessageId>("messageId");
  const auto query = page_query(parameters, json::decode_member_cursor);
  if (auto checked = parameters.finish(); !checked) co_return fail(std::move(checked.error()));
  const auto found =
      co_await own_.reading.receipts(call->caller.user_id, chat, message, query.after, query.limit);
  if (!found) co_return fail(found.error());
  std::optional<std::string> next_cursor;
  if (found->page.has_more && !found->page.receipts.empty()) {
    const auto& last = found->page.receipts.back();
    next_cursor = json::encode_cursor(
        ports::MemberPosition{.joined_at = last.joined_at, .user_id = last.user_id});
  }
  co_return json_reply(json::receipts(*found, next_cursor));
}

Task<Result<Reply>> StateRoutes::members(CallPtr call) {
  Parameters parameters(*call);
  const auto chat = parameters.id<domain::ChatId>("chatId");
  const auto query = page_query(parameters, json::decode_member_cursor);
  if (auto checked = parameters.finish(); !checked) co_return fail(std::move(checked.error()));
  const auto page =
      co_await own_.states.members(call->caller.user_id, chat, query.after, query.limit);
  if (!page) co_return fail(page.error());
  std::optional<std::string> next_cursor;
  if (page->has_more && !page->members.empty()) {
    const auto& last = page->members.back();
    next_cursor = json::encode_cursor(
        ports::MemberPosition{.joined_at = last.state.joined_at, .user_id = last.user.id});
  }
  co_return json_reply(list_page(page->members, json::append_member, next_cursor));
}

Task<Result<Reply>> StateRoutes::unread(CallPtr call) {
  const auto unread = co_await own_.reading.unread(call->caller.user_id);
  if (!unread) co_return fail(unread.error());
  co_return json_reply(json::unread(*unread));
}

}  // namespace knotos::api
