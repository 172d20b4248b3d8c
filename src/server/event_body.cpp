#include "server/event_body.hpp"

#include "base/log.hpp"
#include "protocol/socketio/encoder.hpp"
#include "protocol/socketio/packet.hpp"
#include "server/counters.hpp"

namespace knotos::server {

std::optional<EventBody> make_body(std::string_view event,
                                   std::span<const std::string_view> arguments,
                                   PacketClass packet_class,
                                   std::span<const std::string> attachments) {
  if (socketio::is_reserved_event(event) || attachments.size() > kAttachmentsMax) {
    counters::emits_refused.add();
    log::debug("an event was not sent: its name is reserved or its attachments are too many",
               {{"event", event}, {"attachments", attachments.size()}});
    return std::nullopt;
  }
  EventBody body{.text = {},
                 .attachments = {attachments.begin(), attachments.end()},
                 .packet_class = packet_class};
  socketio::append_event_array(body.text, event, arguments);
  return body;
}

}  // namespace knotos::server
