#include "protocol/socketio/encoder.hpp"

#include "protocol/json_text/strings.hpp"
#include "protocol/socketio/packet.hpp"

#include <array>
#include <charconv>

namespace knotos::socketio {
namespace {

// Type, count of attachments, ack id and punctuation.
constexpr std::size_t kPacketOverheadBytes = 64;

void append_number(std::string& out, std::uint64_t number) {
  std::array<char, 20> digits;
  const auto end = std::to_chars(digits.data(), digits.data() + digits.size(), number).ptr;
  out.append(digits.data(), end);
}

void append_type(std::string& out, PacketType type) {
  out += static_cast<char>('0' + static_cast<int>(type));
}

void append_name_space(std::string& out, std::string_view name_space) {
  if (name_space != "/") (out += name_space) += ',';
}

void append_start(std::string& out, PacketType text_type, PacketType binary_type,
                  std::size_t attachments, std::string_view name_space) {
  append_type(out, attachments == 0 ? text_type : binary_type);
  if (attachments != 0) {
    append_number(out, attachments);
    out += '-';
  }
  append_name_space(out, name_space);
}

void reserve(std::string& out, std::size_t fixed, std::span<const std::string_view> arguments) {
  std::size_t size = out.size() + fixed + kPacketOverheadBytes;
  for (const auto argument : arguments) size += argument.size() + 1;
  out.reserve(size);
}

void append_array(std::string& out, std::string_view event,
                  std::span<const std::string_view> arguments) {
  out += '[';
  json_text::append_string(out, event);
  for (const auto argument : arguments) (out += ',') += argument;
}

}  // namespace

void append_event_start(std::string& out, std::string_view name_space, std::size_t attachments) {
  append_start(out, PacketType::event, PacketType::binary_event, attachments, name_space);
}

void append_event_array(std::string& out, std::string_view event,
                        std::span<const std::string_view> arguments) {
  reserve(out, event.size(), arguments);
  append_array(out, event, arguments);
}

void append_event(std::string& out, const EventHeader& header, std::string_view event,
                  std::span<const std::string_view> arguments) {
  reserve(out, header.name_space.size() + event.size(), arguments);
  append_event_start(out, header.name_space, header.attachments);
  if (header.ack_id) append_number(out, *header.ack_id);
  append_array(out, event, arguments);
  out += ']';
}

void append_ack(std::string& out, const AckHeader& header,
                std::span<const std::string_view> arguments) {
  reserve(out, header.name_space.size(), arguments);
  append_start(out, PacketType::ack, PacketType::binary_ack, header.attachments, header.name_space);
  append_number(out, header.ack_id);
  out += '[';
  for (std::size_t i = 0; i < arguments.size(); ++i) {
    if (i != 0) out += ',';
    out += arguments[i];
  }
  out += ']';
}

void append_connect(std::string& out, std::string_view name_space, std::string_view sid,
                    std::string_view pid) {
  append_type(out, PacketType::connect);
  append_name_space(out, name_space);
  out += R"({"sid":)";
  json_text::append_string(out, sid);
  if (!pid.empty()) {
    out += R"(,"pid":)";
    json_text::append_string(out, pid);
  }
  out += '}';
}

void append_connect_error(std::string& out, std::string_view name_space, std::string_view message,
                          std::string_view data) {
  append_type(out, PacketType::connect_error);
  append_name_space(out, name_space);
  out += R"({"message":)";
  json_text::append_string(out, message);
  if (!data.empty()) (out += R"(,"data":)") += data;
  out += '}';
}

void append_disconnect(std::string& out, std::string_view name_space) {
  append_type(out, PacketType::disconnect);
  append_name_space(out, name_space);
}

}  // namespace knotos::socketio
