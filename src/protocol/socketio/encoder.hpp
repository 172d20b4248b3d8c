#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>

/// Socket.IO packets, appended to `out` without the Engine.IO type, so that the caller may begin
/// with its `4`. Arguments are JSON texts; names and messages are UTF-8. `attachments`: how many
/// binary messages follow; not 0 makes the packet a binary one.
namespace knotos::socketio {

struct EventHeader {
  std::string_view name_space = "/";
  std::optional<std::uint64_t> ack_id;  ///< An ack is asked for.
  std::size_t attachments = 0;
};

struct AckHeader {
  std::string_view name_space = "/";
  std::uint64_t ack_id = 0;
  std::size_t attachments = 0;
};

/// What comes before the array of an event that asks for no ack.
void append_event_start(std::string& out, std::string_view name_space, std::size_t attachments);
/// The array of an event, without its closing bracket.
void append_event_array(std::string& out, std::string_view event,
                        std::span<const std::string_view> arguments);
void append_event(std::string& out, const EventHeader& header, std::string_view event,
                  std::span<const std::string_view> arguments);
void append_ack(std::string& out, const AckHeader& header,
                std::span<const std::string_view> arguments);
/// `pid`: empty without connection state recovery.
void append_connect(std::string& out, std::string_view name_space, std::string_view sid,
                    std::string_view pid = {});
/// `data`: JSON text; empty: none.
void append_connect_error(std::string& out, std::string_view name_space, std::string_view message,
                          std::string_view data = {});
void append_disconnect(std::string& out, std::string_view name_space);

}  // namespace knotos::socketio
