#include "gateway/gateway.hpp"
#include "json/private_requests.hpp"
#include "json/write_private.hpp"

#include <utility>

// What users do for themselves alone. These have rates of their own, shared with REST.
namespace knotos::gateway {

using services::RateKind;

void Gateway::listen_to_state_events() {
  handle("mark_delivered", &Gateway::mark_delivered, {.kind = RateKind::marks});
  handle("mark_read", &Gateway::mark_read, {.kind = RateKind::marks});
  handle("update_chat_state", &Gateway::update_chat_state, {.kind = RateKind::state});
  handle("sync", &Gateway::sync, {.kind = RateKind::sync});
}

Task<void> Gateway::mark_delivered(Request request) {
  return mark(std::move(request), &services::ReadingService::mark_delivered);
}

Task<void> Gateway::mark_read(Request request) {
  return mark(std::move(request), &services::ReadingService::mark_read);
}

Task<void> Gateway::mark(Request request, Marking marking) {
  const auto fields = fields_of(request.event);
  if (!fields) co_return refuse(request.event, fields.error());
  const auto mark = json::mark_request(*fields);
  if (!mark) co_return refuse(request.event, mark.error());
  const auto user = request.claims.user_id;
  const auto state = co_await (ports_.own.reading.*marking)(user, mark->chat_id, mark->seq);
  if (!state) co_return refuse(request.event, state.error());
  request.event.ack.reply(json::read_state_ack(*state));
}

Task<void> Gateway::update_chat_state(Request request) {
  const auto fields = fields_of(request.event);
  if (!fields) co_return refuse(request.event, fields.error());
  auto update = json::state_request(*fields);
  if (!update) co_return refuse(request.event, update.error());
  const auto user = request.claims.user_id;
  const auto change =
      co_await ports_.own.states.update(user, update->chat_id, std::move(update->patch));
  if (!change) co_return refuse(request.event, change.error());
  request.event.ack.reply(json::own_state_ack(*change, ports_.clock.now()));
}

Task<void> Gateway::sync(Request request) {
  // `sync` may come without an argument.
  const auto fields =
      request.event.size() == 0 ? json::parse_object("{}") : fields_of(request.event);
  if (!fields) co_return refuse(request.event, fields.error());
  auto cursor = json::sync_request(*fields);
  if (!cursor) co_return refuse(request.event, cursor.error());
  const auto user = request.claims.user_id;
  const auto answer = co_await ports_.own.syncs.sync(user, std::move(*cursor));
  if (!answer) co_return refuse(request.event, answer.error());
  request.event.ack.reply(json::sync_ack(*answer, user, ports_.clock.now()));
}

}  // namespace knotos::gateway
