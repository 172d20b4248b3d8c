#include "api/reaction_routes.hpp"

#include "api/message_place.hpp"
#include "api/page.hpp"
#include "api/parameters.hpp"
#include "api/user_rate.hpp"
#include "json/cursor.hpp"
#include "json/log_requests.hpp"
#include "json/write.hpp"
#include "json/write_log.hpp"

#include <algorithm>

namespace knotos::api {

using services::RateKind;

void ReactionRoutes::add_to(Router& router) {
  const std::string message = "/v1/chats/{chatId}/messages/{messageId}";
  const std::string reactions = message + "/reactions";
  const std::string reaction = reactions + "/{emoji}";
  router.add({"GET", reactions, Access::signed_in, handled_by(*this, &ReactionRoutes::list)});
  router.add({"PUT", reaction, Access::signed_in, handled_by(*this, &ReactionRoutes::add),
              RateKind::changes});
  router.add({"DELETE", reaction, Access::signed_in, handled_by(*this, &ReactionRoutes::remove),
              RateKind::changes});
  router.add({"PUT", message + "/pin", Access::signed_in, handled_by(*this, &ReactionRoutes::pin),
              RateKind::changes});
  router.add({"DELETE", message + "/pin", Access::signed_in,
              handled_by(*this, &ReactionRoutes::unpin), RateKind::changes});
  router.add({"POST", message + "/forward", Access::signed_in,
              handled_by(*this, &ReactionRoutes::forward)});
}

Task<Result<Reply>> ReactionRoutes::list(CallPtr call) {
  Parameters parameters(*call);
  const auto place = read_place(parameters);
  const auto limit = parameters.limit();
  auto after = parameters.cursor(json::decode_reaction_cursor);
  if (auto checked = parameters.finish(); !checked) co_return fail(std::move(checked.error()));
  auto page = co_await messages_.reactions(call->caller.user_id, place.chat, place.message,
                                           std::move(after), limit);
  if (!page) co_return fail(std::move(page.error()));
  std::optional<std::string> next_cursor;
  if (page->has_more && !page->reactions.empty()) {
    const auto& last = page->reactions.back();
    next_cursor = json::encode_cursor(ports::ReactionPosition{
        .created_at = last.created_at, .user_id = last.user_id, .emoji = last.emoji});
  }
  co_return json_reply(list_page(page->reactions, json::append_reaction, next_cursor));
}

Task<Result<Reply>> ReactionRoutes::add(CallPtr call) {
  co_return co_await react(std::move(call), true);
}

Task<Result<Reply>> ReactionRoutes::remove(CallPtr call) {
  co_return co_await react(std::move(call), false);
}

Task<Result<Reply>> ReactionRoutes::react(CallPtr call, bool adds) {
  Parameters parameters(*call);
  const auto place = read_place(parameters);
  auto emoji = parameters.path_text("emoji");
  if (const auto checked = domain::check_emoji(emoji); !checked) {
    parameters.refuse_all(checked.error());
  }
  if (auto checked = parameters.finish(); !checked) co_return fail(std::move(checked.error()));
  auto message = co_await messages_.react(call->caller.user_id, {.chat_id = place.chat,
                                                                 .message_id = place.message,
                                                                 .emoji = std::move(emoji),
                                                                 .adds = adds});
  if (!message) co_return fail(std::move(message.error()));
  co_return json_reply(json::message(*message));
}

Task<Result<Reply>> ReactionRoutes::pin(CallPtr call) {
  co_return co_await set_pin(std::move(call), true);
}

Task<Result<Reply>> ReactionRoutes::unpin(CallPtr call) {
  co_return co_await set_pin(std::move(call), false);
}

Task<Result<Reply>> ReactionRoutes::set_pin(CallPtr call, bool is_pinned) {
  Parameters parameters(*call);
  const auto place = read_place(parameters);
  if (auto checked = parameters.finish(); !checked) co_return fail(std::move(checked.error()));
  auto message = co_await messages_.pin(call->caller.user_id, place.chat, place.message, is_pinned);
  if (!message) co_return fail(std::move(message.error()));
  co_return json_reply(json::message(*message));
}

Task<Result<Reply>> ReactionRoutes::forward(CallPtr call) {
  Parameters parameters(*call);
  const auto place = read_place(parameters);
  if (auto checked = parameters.finish(); !checked) co_return fail(std::move(checked.error()));
  const auto object = body_of(*call);
  if (!object) co_return fail(object.error());
  auto body = json::forward_body(*object);
  if (!body) co_return fail(std::move(body.error()));
  const auto chats = co_await messages_.forward(
      call->caller.user_id, {.from_chat = place.chat,
                             .message_id = place.message,
                             .to_chats = std::move(body->chat_ids),
                             .client_message_id = std::move(body->client_message_id)});
  add_rate_headers("messages", rate_, messages_.rate_of(call->caller.user_id), *call);
  if (!chats) co_return fail(chats.error());
  const bool is_any_new = std::ranges::any_of(
      *chats, [](const auto& each) { return each.receipt && !each.receipt->is_duplicate; });
  co_return json_reply(json::forwarded(*chats, call->request_id), is_any_new ? 201 : 200);
}

}  // namespace knotos::api
