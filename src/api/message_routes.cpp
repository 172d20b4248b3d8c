#include "api/message_routes.hpp"

#include "api/message_place.hpp"
#include "api/parameters.hpp"
#include "api/user_rate.hpp"
#include "json/requests.hpp"
#include "json/text.hpp"
#include "json/write.hpp"

#include <array>

namespace knotos::api {
namespace {

using ports::HistoryFrom;

/// From where the history is read: one of three, or none for the newest page.
ports::HistoryQuery read_history_query(Parameters& parameters) {
  constexpr std::array<std::pair<std::string_view, HistoryFrom>, 3> kDirections{
      {{"beforeSeq", HistoryFrom::before},
       {"afterSeq", HistoryFrom::after},
       {"aroundSeq", HistoryFrom::around}}};
  ports::HistoryQuery query;
  query.limit = parameters.limit();
  std::vector<std::string_view> given;
  for (const auto& [name, from] : kDirections) {
    if (!parameters.text(name)) continue;
    given.push_back(name);
    query.from = from;
    query.seq = parameters.number(name, 0, json::kNumberMax).value_or(0);
  }
  if (given.size() > 1) {
    for (const auto name : given) {
      parameters.refuse(name, "not-allowed", "Only one of beforeSeq, afterSeq and aroundSeq.");
    }
  }
  return query;
}

/// `hasMore` looks in the direction that was asked.
std::string history_page(const ports::HistoryPage& page, HistoryFrom from) {
  std::string out;
  json::ObjectWriter object(out);
  object.array("data", page.messages, [](std::string& to, const domain::Message& message) {
    json::append_message(to, message);
  });
  json::ObjectWriter info(object.value("page"));
  if (from == HistoryFrom::around) {
    info.flag("hasMore", page.has_older || page.has_newer);
    info.flag("hasOlder", page.has_older);
    info.flag("hasNewer", page.has_newer);
  } else {
    info.flag("hasMore", from == HistoryFrom::after ? page.has_newer : page.has_older);
  }
  info.close();
  object.close();
  return out;
}

}  // namespace

void MessageRoutes::add_to(Router& router) {
  const std::string messages = "/v1/chats/{chatId}/messages";
  const std::string message = messages + "/{messageId}";
  router.add({"GET", messages, Access::signed_in, handled_by(*this, &MessageRoutes::history)});
  router.add({"POST", messages, Access::signed_in, handled_by(*this, &MessageRoutes::send)});
  router.add({"GET", message, Access::signed_in, handled_by(*this, &MessageRoutes::get)});
  router.add({"PATCH", message, Access::signed_in, handled_by(*this, &MessageRoutes::edit)});
  router.add({"DELETE", message, Access::signed_in, handled_by(*this, &MessageRoutes::erase),
              services::RateKind::changes});
  router.add({"GET", "/v1/chats/{chatId}/changes", Access::signed_in,
              handled_by(*this, &MessageRoutes::changes)});
}

Task<Result<Reply>> MessageRoutes::history(CallPtr call) {
  Parameters parameters(*call);
  const auto chat = parameters.id<domain::ChatId>("chatId");
  const auto query = read_history_query(parameters);
  if (auto checked = parameters.finish(); !checked) co_return fail(std::move(checked.error()));
  auto page = co_await messages_.history(call->caller.user_id, chat, query);
  if (!page) co_return fail(std::move(page.error()));
  co_return json_reply(history_page(*page, query.from));
}

Task<Result<Reply>> MessageRoutes::send(CallPtr call) {
  Parameters parameters(*call);
  const auto chat = parameters.id<domain::ChatId>("chatId");
  if (auto checked = parameters.finish(); !checked) co_return fail(std::move(checked.error()));
  const auto body = body_of(*call);
  if (!body) co_return fail(body.error());
  auto draft = json::draft(*body, content_);
  if (!draft) co_return fail(std::move(draft.error()));
  auto receipt = co_await messages_.send(call->caller.user_id, chat, *std::move(draft));
  add_rate_headers("messages", rate_, messages_.rate_of(call->caller.user_id), *call);
  if (!receipt) co_return fail(std::move(receipt.error()));
  co_return json_reply(json::receipt(*receipt), receipt->is_duplicate ? 200 : 201);
}

Task<Result<Reply>> MessageRoutes::get(CallPtr call) {
  Parameters parameters(*call);
  const auto place = read_place(parameters);
  if (auto checked = parameters.finish(); !checked) co_return fail(std::move(checked.error()));
  auto message = co_await messages_.get(call->caller.user_id, place.chat, place.message);
  if (!message) co_return fail(std::move(message.error()));
  co_return json_reply(json::message(*message));
}

Task<Result<Reply>> MessageRoutes::edit(CallPtr call) {
  Parameters parameters(*call);
  const auto place = read_place(parameters);
  if (auto checked = parameters.finish(); !checked) co_return fail(std::move(checked.error()));
  const auto object = body_of(*call);
  if (!object) co_return fail(object.error());
  auto body = json::edit_body(*object, content_);
  if (!body) co_return fail(std::move(body.error()));
  services::MessageService::Edit edit{.chat_id = place.chat,
                                      .message_id = place.message,
                                      .content = std::move(body->content),
                                      .base_version = body->base_version};
  auto message = co_await messages_.edit(call->caller.user_id, std::move(edit));
  add_rate_headers("messages", rate_, messages_.rate_of(call->caller.user_id), *call);
  if (!message) co_return fail(std::move(message.error()));
  co_return json_reply(json::message(*message));
}

Task<Result<Reply>> MessageRoutes::erase(CallPtr call) {
  Parameters parameters(*call);
  const auto place = read_place(parameters);
  const auto scope = json::parse_erase_scope(parameters.text("scope"));
  if (!scope) parameters.refuse_all(scope.error());
  if (auto checked = parameters.finish(); !checked) co_return fail(std::move(checked.error()));
  const auto user = call->caller.user_id;
  auto message = *scope == json::EraseScope::me
                     ? co_await states_.hide(user, place.chat, place.message)
                     : co_await messages_.erase(user, place.chat, place.message);
  if (!message) co_return fail(std::move(message.error()));
  co_return json_reply(json::message(*message));
}

Task<Result<Reply>> MessageRoutes::changes(CallPtr call) {
  Parameters parameters(*call);
  const auto chat = parameters.id<domain::ChatId>("chatId");
  const auto since = parameters.required_number("sinceRev", 0, json::kNumberMax);
  const auto limit = parameters.limit();
  if (auto checked = parameters.finish(); !checked) co_return fail(std::move(checked.error()));
  auto changes = co_await messages_.changes(call->caller.user_id, chat, since, limit);
  if (!changes) co_return fail(std::move(changes.error()));
  co_return json_reply(json::changes(*changes));
}

}  // namespace knotos::api
