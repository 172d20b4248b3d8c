#include "gateway/gateway.hpp"
#include "json/log_requests.hpp"
#include "json/write.hpp"

#include <utility>

// Reactions and pins.
namespace knotos::gateway {

void Gateway::listen_to_log_events() {
  const CountsAs counted{.event = true, .kind = services::RateKind::changes};
  handle("react", &Gateway::react, counted);
  handle("pin_message", &Gateway::pin_message, counted);
  handle("unpin_message", &Gateway::unpin_message, counted);
}

Task<void> Gateway::react(Request request) {
  const auto fields = fields_of(request.event);
  if (!fields) co_return refuse(request.event, fields.error());
  auto reacting = json::react_request(*fields);
  if (!reacting) co_return refuse(request.event, reacting.error());
  const auto message = co_await ports_.messages.react(request.claims.user_id, std::move(*reacting));
  if (!message) co_return refuse(request.event, message.error());
  request.event.ack.reply(json::rev_ack(message->rev));
}

Task<void> Gateway::pin_message(Request request) { co_await set_pin(std::move(request), true); }

Task<void> Gateway::unpin_message(Request request) { co_await set_pin(std::move(request), false); }

Task<void> Gateway::set_pin(Request request, bool is_pinned) {
  const auto fields = fields_of(request.event);
  if (!fields) co_return refuse(request.event, fields.error());
  const auto pin = json::pin_request(*fields);
  if (!pin) co_return refuse(request.event, pin.error());
  const auto message = co_await ports_.messages.pin(request.claims.user_id, pin->chat_id,
                                                    pin->message_id, is_pinned);
  if (!message) co_return refuse(request.event, message.error());
  request.event.ack.reply(json::rev_ack(message->rev));
}

}  // namespace knotos::gateway
