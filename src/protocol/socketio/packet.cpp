#include "protocol/socketio/packet.hpp"

#include "protocol/json_text/reader.hpp"
#include "protocol/json_text/strings.hpp"

#include <algorithm>
#include <array>
#include <limits>

namespace knotos::socketio {
namespace {

using json_text::Reader;
using json_text::Token;

constexpr std::size_t kAckIdDigitsMax = 16;
constexpr std::size_t kAttachmentDigitsMax = 9;  // What is longer is above any limit.

std::unexpected<Fault> fault(Fault fault) { return std::unexpected(fault); }

bool is_binary(PacketType type) {
  return type == PacketType::binary_event || type == PacketType::binary_ack;
}

bool is_digit(char character) { return character >= '0' && character <= '9'; }

std::string_view take_digits(std::string_view& rest) {
  const auto end = std::ranges::find_if_not(rest, is_digit);
  const auto digits = rest.substr(0, static_cast<std::size_t>(end - rest.begin()));
  rest.remove_prefix(digits.size());
  return digits;
}

/// Of at most 19 digits, so that it fits.
std::uint64_t value_of(std::string_view digits) {
  std::uint64_t value = 0;
  for (const char digit : digits) value = value * 10 + static_cast<std::uint64_t>(digit - '0');
  return value;
}

std::expected<void, Fault> take_attachments(std::string_view& rest, std::size_t attachments_max,
                                            Packet& packet) {
  const auto digits = take_digits(rest);
  if (digits.empty() || digits.front() == '0') return fault(Fault::bad_attachment_count);
  if (!rest.starts_with('-')) return fault(Fault::bad_attachment_count);
  rest.remove_prefix(1);
  if (digits.size() > kAttachmentDigitsMax) return fault(Fault::too_many_attachments);
  packet.attachments = value_of(digits);
  if (packet.attachments > attachments_max) return fault(Fault::too_many_attachments);
  return {};
}

void take_name_space(std::string_view& rest, Packet& packet) {
  if (!rest.starts_with('/')) return;
  const auto comma = rest.find(',');
  packet.name_space = rest.substr(0, comma);
  rest.remove_prefix(comma == std::string_view::npos ? rest.size() : comma + 1);
}

std::expected<void, Fault> take_ack_id(std::string_view& rest, Packet& packet) {
  const auto digits = take_digits(rest);
  if (digits.empty()) return {};
  if (digits.size() > kAckIdDigitsMax) return fault(Fault::bad_ack_id);
  packet.ack_id = value_of(digits);
  return {};
}

/// Reads on to the end of the text. Values at depth 1 go to `arguments`.
std::expected<void, Fault> read_rest(Reader& reader, std::vector<Slice>& arguments) {
  std::size_t begin = 0;
  while (true) {
    const auto token = reader.next();
    switch (token) {
      case Token::end:
        return {};
      case Token::malformed:
        return fault(Fault::malformed_json);
      case Token::too_deep:
        return fault(Fault::json_too_deep);
      case Token::key:
        continue;
      case Token::array_begin:
      case Token::object_begin:
        if (reader.depth() == 2) begin = reader.token_begin();
        continue;
      case Token::array_end:
      case Token::object_end:
        break;
      default:
        if (reader.depth() == 1) begin = reader.token_begin();
        break;
    }
    if (reader.depth() == 1) {
      arguments.emplace_back(static_cast<std::uint32_t>(begin),
                             static_cast<std::uint32_t>(reader.token_end()));
    }
  }
}

std::expected<void, Fault> check_connect(const PacketLimits& limits, Packet& packet) {
  if (packet.ack_id) return fault(Fault::unexpected_ack_id);
  if (packet.payload.empty()) return {};
  if (!packet.payload.starts_with('{')) return fault(Fault::wrong_payload_type);
  Reader reader(packet.payload, limits.json_depth_max);
  auto read = read_rest(reader, packet.arguments);
  packet.arguments.clear();
  return read;
}

std::expected<void, Fault> check_disconnect(const Packet& packet) {
  if (packet.ack_id) return fault(Fault::unexpected_ack_id);
  if (!packet.payload.empty()) return fault(Fault::unexpected_payload);
  return {};
}

std::expected<void, Fault> take_event_name(Reader& reader, Packet& packet) {
  switch (reader.next()) {
    case Token::string:
      packet.event = json_text::unescaped(reader.token_text());
      if (is_reserved_event(packet.event)) return fault(Fault::reserved_event_name);
      return {};
    case Token::number:
      packet.event = reader.token_text();
      return {};
    case Token::malformed:
      return fault(Fault::malformed_json);
    case Token::too_deep:
      return fault(Fault::json_too_deep);
    default:
      return fault(Fault::bad_event_name);
  }
}

std::expected<void, Fault> check_array(const PacketLimits& limits, Packet& packet) {
  const bool is_event = packet.type == PacketType::event || packet.type == PacketType::binary_event;
  if (!is_event && !packet.ack_id) return fault(Fault::missing_ack_id);
  if (packet.payload.empty()) return fault(Fault::missing_payload);
  // The slices are 32 bits wide.
  if (packet.payload.size() > std::numeric_limits<std::uint32_t>::max()) {
    return fault(Fault::malformed_json);
  }
  if (!packet.payload.starts_with('[')) return fault(Fault::wrong_payload_type);
  Reader reader(packet.payload, limits.json_depth_max);
  if (reader.next() != Token::array_begin) return fault(Fault::json_too_deep);
  if (is_event) {
    if (auto named = take_event_name(reader, packet); !named) return named;
  }
  return read_rest(reader, packet.arguments);
}

void reset(Packet& packet) {
  packet.attachments = 0;
  packet.name_space = "/";
  packet.ack_id.reset();
  packet.payload = {};
  packet.event.clear();
  packet.arguments.clear();
}

std::expected<void, Fault> decode_uncounted(std::string_view text, const PacketLimits& limits,
                                            Packet& packet) {
  reset(packet);
  if (text.empty()) return fault(Fault::empty);
  if (text.front() < '0' || text.front() > '6') return fault(Fault::unknown_type);
  packet.type = static_cast<PacketType>(text.front() - '0');
  text.remove_prefix(1);

  if (is_binary(packet.type)) {
    if (auto taken = take_attachments(text, limits.attachments_max, packet); !taken) return taken;
  }
  take_name_space(text, packet);
  if (auto taken = take_ack_id(text, packet); !taken) return taken;
  packet.payload = text;

  switch (packet.type) {
    case PacketType::connect:
      return check_connect(limits, packet);
    case PacketType::disconnect:
      return check_disconnect(packet);
    case PacketType::connect_error:
      return fault(Fault::connect_error_from_client);
    case PacketType::event:
    case PacketType::ack:
    case PacketType::binary_event:
    case PacketType::binary_ack:
      break;
  }
  return check_array(limits, packet);
}

}  // namespace

std::expected<void, Fault> decode(std::string_view text, const PacketLimits& limits,
                                  Packet& packet) {
  auto decoded = decode_uncounted(text, limits, packet);
  if (!decoded) count(decoded.error());
  return decoded;
}

bool is_reserved_event(std::string_view name) {
  static constexpr std::array<std::string_view, 6> kReserved{
      "connect", "connect_error", "disconnect", "disconnecting", "newListener", "removeListener"};
  return std::ranges::find(kReserved, name) != kReserved.end();
}

}  // namespace knotos::socketio
