#include "api/chat_routes.hpp"

#include "api/page.hpp"
#include "api/parameters.hpp"
#include "json/cursor.hpp"
#include "json/requests.hpp"
#include "json/write.hpp"

namespace knotos::api {
namespace {

using services::ChatService;

ports::ChatFilter read_filter(Parameters& parameters) {
  const auto name = parameters.text("filter");
  if (!name || *name == "all") return ports::ChatFilter::all;
  if (*name == "unread") return ports::ChatFilter::unread;
  if (*name == "archived") return ports::ChatFilter::archived;
  parameters.refuse("filter", "not-allowed", "One of all, unread and archived.");
  return ports::ChatFilter::all;
}

}  // namespace

void ChatRoutes::add_to(Router& router) {
  router.add({"GET", "/v1/chats", Access::signed_in, handled_by(*this, &ChatRoutes::list)});
  router.add({"POST", "/v1/chats", Access::signed_in, handled_by(*this, &ChatRoutes::create),
              services::RateKind::chats});
  router.add({"GET", "/v1/chats/{chatId}", Access::signed_in, handled_by(*this, &ChatRoutes::get)});
}

Task<Result<Reply>> ChatRoutes::list(CallPtr call) {
  Parameters parameters(*call);
  ChatService::ListQuery query;
  query.filter = read_filter(parameters);
  query.limit = parameters.limit();
  query.after = parameters.cursor(json::decode_chat_list_cursor);
  if (auto checked = parameters.finish(); !checked) co_return fail(std::move(checked.error()));

  auto page = co_await chats_.list(call->caller.user_id, query);
  if (!page) co_return fail(std::move(page.error()));
  std::optional<std::string> next_cursor;
  if (page->has_more && !page->items.empty()) {
    next_cursor = json::encode_cursor(json::position_of(page->items.back()));
  }
  const auto append = [now = clock_.now()](std::string& out, const domain::ChatListItem& item) {
    json::append_chat_list_item(out, item, now);
  };
  co_return json_reply(list_page(page->items, append, next_cursor));
}

Task<Result<Reply>> ChatRoutes::create(CallPtr call) {
  const auto body = body_of(*call);
  if (!body) co_return fail(body.error());
  auto request = json::new_chat(*body, members_max_);
  if (!request) co_return fail(std::move(request.error()));
  auto created = co_await make(call->caller.user_id, *std::move(request));
  if (!created) co_return fail(std::move(created.error()));
  co_return json_reply(json::chat_list_item(created->item, clock_.now()),
                       created->is_new ? 201 : 200);
}

Task<Result<ChatService::Created>> ChatRoutes::make(domain::UserId creator,
                                                    json::NewChatRequest request) {
  if (const auto other = request.direct_with) {
    co_return co_await chats_.create_direct(creator, *other);
  }
  co_return co_await chats_.create_group(creator, std::move(request.group));
}

Task<Result<Reply>> ChatRoutes::get(CallPtr call) {
  Parameters parameters(*call);
  const auto chat = parameters.id<domain::ChatId>("chatId");
  if (auto checked = parameters.finish(); !checked) co_return fail(std::move(checked.error()));
  auto item = co_await chats_.get(call->caller.user_id, chat);
  if (!item) co_return fail(std::move(item.error()));
  co_return json_reply(json::chat_list_item(*item, clock_.now()));
}

}  // namespace knotos::api
