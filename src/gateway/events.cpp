#include "base/metrics.hpp"
#include "gateway/gateway.hpp"
#include "gateway/shard_part.hpp"
#include "json/read.hpp"
#include "json/requests.hpp"
#include "json/text.hpp"
#include "json/write.hpp"

#include <utility>

namespace knotos::gateway {
namespace {

metrics::Counter events_refused("gateway_events_refused_total", "Events answered with an error.");

}  // namespace

void Gateway::listen_to_events() {
  handle("send_message", &Gateway::send_message, {});
  handle("edit_message", &Gateway::edit_message, {});
  handle("delete_message", &Gateway::delete_message,
         {.event = true, .kind = services::RateKind::changes});
  handle("fetch_changes", &Gateway::fetch_changes, {.event = true});
  handle("auth_refresh", &Gateway::auth_refresh, {.event = true});
  listen_to_state_events();
  auto& chat_namespace = ports_.server.of(kNamespace);
  chat_namespace.on_any([this](server::Socket&, server::Event event) {
    refuse(event, Error{.code = Errc::validation_failed,
                        .detail = "There is no such event.",
                        .fields = {},
                        .cause = {}});
  });
  const Error overloaded{.code = Errc::overloaded,
                         .detail = "Too many events at once: wait for their acks.",
                         .fields = {},
                         .retry_after = std::chrono::seconds(1),
                         .cause = {}};
  chat_namespace.set_overload_reply(json::failure_ack(overloaded, new_request_id()));
}

void Gateway::handle(std::string_view name, Handler handler, CountsAs counted) {
  ports_.server.of(kNamespace)
      .on(std::string(name),
          [this, name, handler, counted](server::Socket& socket, server::Event event) {
            const auto& claims = connection_of(socket).claims;
            if (const auto taken = take_rates(claims.user_id, counted); !taken) {
              return refuse(event, taken.error());
            }
            // Started at once and in order: what one socket sends to one chat reaches it in the
            // order of sending.
            spawn(executor(), name,
                  (this->*handler)(
                      {.handle = socket.handle(), .claims = claims, .event = std::move(event)}));
          });
}

Result<void> Gateway::take_rates(domain::UserId user, CountsAs counted) {
  if (counted.event) {
    const auto verdict = rates_.take(hash_of(user.uuid()), ports_.clock.steady_now());
    if (!verdict.is_allowed) return fail(services::rate_error(verdict));
  }
  if (counted.kind) return ports_.own.rates.check(*counted.kind, user);
  return {};
}

Result<json::Object> Gateway::fields_of(const server::Event& event) {
  if (event.size() == 0)
    return fail(Errc::validation_failed, "The event needs an object as its argument.");
  return json::parse_object(event.argument(0));
}

Task<void> Gateway::send_message(Request request) {
  const auto fields = fields_of(request.event);
  if (!fields) co_return refuse(request.event, fields.error());
  auto send = json::send_request(*fields, limits_.content);
  if (!send) co_return refuse(request.event, send.error());
  const auto receipt =
      co_await ports_.messages.send(request.claims.user_id, send->chat_id, std::move(send->draft));
  if (!receipt) co_return refuse(request.event, receipt.error());
  request.event.ack.reply(json::receipt_ack(*receipt));
}

Task<void> Gateway::edit_message(Request request) {
  const auto fields = fields_of(request.event);
  if (!fields) co_return refuse(request.event, fields.error());
  auto edit = json::edit_request(*fields, limits_.content);
  if (!edit) co_return refuse(request.event, edit.error());
  const auto message = co_await ports_.messages.edit(request.claims.user_id, std::move(*edit));
  if (!message) co_return refuse(request.event, message.error());
  request.event.ack.reply(json::rev_ack(message->rev));
}

Task<void> Gateway::delete_message(Request request) {
  const auto fields = fields_of(request.event);
  if (!fields) co_return refuse(request.event, fields.error());
  const auto erase = json::erase_request(*fields);
  if (!erase) co_return refuse(request.event, erase.error());
  const auto user = request.claims.user_id;
  const auto message =
      erase->scope == json::EraseScope::me
          ? co_await ports_.own.states.hide(user, erase->chat_id, erase->message_id)
          : co_await ports_.messages.erase(user, erase->chat_id, erase->message_id);
  if (!message) co_return refuse(request.event, message.error());
  request.event.ack.reply(json::rev_ack(message->rev));
}

Task<void> Gateway::fetch_changes(Request request) {
  const auto fields = fields_of(request.event);
  if (!fields) co_return refuse(request.event, fields.error());
  const auto query = json::changes_request(*fields);
  if (!query) co_return refuse(request.event, query.error());
  const auto changes = co_await ports_.messages.changes(request.claims.user_id, query->chat_id,
                                                        query->since, query->limit);
  if (!changes) co_return refuse(request.event, changes.error());
  request.event.ack.reply(json::changes_ack(*changes));
}

Task<void> Gateway::auth_refresh(Request request) {
  const auto fields = fields_of(request.event);
  if (!fields) co_return refuse(request.event, fields.error());
  auto token = json::token_request(*fields);
  if (!token) co_return refuse(request.event, token.error());
  const auto claims = co_await ports_.accounts.authenticate_device(std::move(*token));
  if (!claims) co_return refuse(request.event, claims.error());
  if (claims->user_id != request.claims.user_id || claims->device_id != request.claims.device_id) {
    co_return refuse(request.event, Error{.code = Errc::forbidden,
                                          .detail = "The token is another session's.",
                                          .fields = {},
                                          .cause = {}});
  }
  auto* socket = ports_.server.find(request.handle);
  if (socket == nullptr) co_return;
  connection_of(*socket).claims = *claims;
  watch_expiry(*socket);
  std::string ack;
  json::ObjectWriter writer(ack);
  writer.flag("ok", true);
  writer.duration("expiresInMs", std::chrono::duration_cast<Milliseconds>(claims->expires_at -
                                                                          ports_.clock.now()));
  writer.close();
  request.event.ack.reply(ack);
}

void Gateway::refuse(server::Event& event, const Error& error) {
  events_refused.add();
  const auto& description = describe(error.code);
  const auto request_id = new_request_id();
  if (description.weight != LogWeight::debug) {
    log::warning("an event failed", {{"event", event.name},
                                     {"code", description.code},
                                     {"requestId", request_id},
                                     {"cause", error.cause}});
  }
  event.ack.reply(json::failure_ack(error, request_id));
}

}  // namespace knotos::gateway
