#pragma once

#include "protocol/socketio/fault.hpp"

#include <cstddef>
#include <cstdint>
#include <expected>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace knotos::socketio {

enum class PacketType : std::uint8_t {
  connect,
  disconnect,
  event,
  ack,
  connect_error,
  binary_event,
  binary_ack,
};

/// Begin and end of an argument, counted from the begin of the payload.
using Slice = std::pair<std::uint32_t, std::uint32_t>;

/// A decoded packet that lies in the text it was decoded from. Meant to be used again and again:
/// its strings and vectors keep their room.
struct Packet {
  PacketType type = PacketType::connect;
  std::size_t attachments = 0;  ///< Binary messages that follow.
  std::string_view name_space = "/";
  std::optional<std::uint64_t> ack_id;
  std::string_view payload;      ///< JSON text, valid and not too deep; empty: none.
  std::string event;             ///< Of an event: its name, unescaped; a number as it is written.
  std::vector<Slice> arguments;  ///< Of an event, without its name; of an ack, all.

  [[nodiscard]] std::string_view argument(std::size_t index) const {
    return payload.substr(arguments[index].first, arguments[index].second - arguments[index].first);
  }
};

struct PacketLimits {
  std::size_t attachments_max = 10;
  std::size_t json_depth_max = 96;
};

/// Reads a client's packet (WIRE 6.1), strictly: decimal digits only, an ack id of at most 16, no
/// leading zero in the count of attachments. Arguments are checked and sliced, not built, so they
/// can be passed on unharmed. `text` is UTF-8, shorter than 4 GiB, without the Engine.IO type, and
/// outlives `packet`. After a fault, which is counted, `packet` holds nothing of use. Linear time.
[[nodiscard]] std::expected<void, Fault> decode(std::string_view text, const PacketLimits& limits,
                                                Packet& packet);

/// Names that the protocol keeps for itself, both ways.
[[nodiscard]] bool is_reserved_event(std::string_view name);

}  // namespace knotos::socketio
