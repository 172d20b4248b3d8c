#include "base/assert.hpp"
#include "protocol/json_text/reader.hpp"
#include "protocol/json_text/strings.hpp"
#include "protocol/socketio/assembler.hpp"
#include "protocol/socketio/encoder.hpp"
#include "protocol/socketio/packet.hpp"

#include "fuzz/input.hpp"

namespace knotos::fuzz {
namespace {

using socketio::Packet;
using socketio::PacketType;

constexpr socketio::PacketLimits kPacketLimits{.attachments_max = 4, .json_depth_max = 12};
constexpr socketio::AssemblerLimits kAssemblerLimits{.bytes_max = 40, .json_depth_max = 12};

bool is_one_json_value(std::string_view text) {
  json_text::Reader reader(text);
  while (true) {
    const auto token = reader.next();
    if (token == json_text::Token::end) return true;
    if (token == json_text::Token::malformed || token == json_text::Token::too_deep) return false;
    if (token == json_text::Token::string || token == json_text::Token::key) {
      static_cast<void>(json_text::unescaped(reader.token_text()));
    }
  }
}

bool is_event(const Packet& packet) {
  return packet.type == PacketType::event || packet.type == PacketType::binary_event;
}

std::string encoded(const Packet& packet, const std::vector<std::string_view>& arguments) {
  std::string out;
  if (is_event(packet)) {
    socketio::append_event(out,
                           {.name_space = packet.name_space,
                            .ack_id = packet.ack_id,
                            .attachments = packet.attachments},
                           packet.event, arguments);
  } else {
    socketio::append_ack(out,
                         {.name_space = packet.name_space,
                          .ack_id = *packet.ack_id,
                          .attachments = packet.attachments},
                         arguments);
  }
  return out;
}

/// Written and read again, an event or ack is the same.
void write_again(const Packet& packet) {
  std::vector<std::string_view> arguments;
  for (std::size_t i = 0; i < packet.arguments.size(); ++i) {
    arguments.push_back(packet.argument(i));
    KN_ASSERT(is_one_json_value(arguments.back()));
  }
  const auto text = encoded(packet, arguments);
  Packet again;
  KN_ASSERT(decode(text, kPacketLimits, again));
  KN_ASSERT(again.type == packet.type && again.attachments == packet.attachments);
  KN_ASSERT(again.name_space == packet.name_space && again.ack_id == packet.ack_id);
  KN_ASSERT(again.event == packet.event && again.arguments.size() == arguments.size());
  for (std::size_t i = 0; i < arguments.size(); ++i) {
    KN_ASSERT(again.argument(i) == arguments[i]);
  }
}

void check(const Packet& packet) {
  KN_ASSERT(packet.name_space.starts_with('/'));
  KN_ASSERT(packet.attachments <= kPacketLimits.attachments_max);
  KN_ASSERT(packet.payload.empty() || is_one_json_value(packet.payload));
  switch (packet.type) {
    case PacketType::connect:
    case PacketType::disconnect:
      KN_ASSERT(!packet.ack_id && packet.arguments.empty());
      break;
    case PacketType::connect_error:
      KN_ASSERT(false);
      break;
    case PacketType::event:
    case PacketType::ack:
    case PacketType::binary_event:
    case PacketType::binary_ack:
      KN_ASSERT(!is_event(packet) || !socketio::is_reserved_event(packet.event));
      write_again(packet);
      break;
  }
}

/// A link's messages one after the other, until one closes it.
class Link {
 public:
  /// False: closed.
  [[nodiscard]] bool take(std::string_view message) {
    const auto outcome =
        message.starts_with('b') ? assembler_.binary(message.substr(1)) : take_text(message);
    KN_ASSERT(assembler_.collected_bytes() <= kAssemblerLimits.bytes_max);
    if (!outcome) return false;
    if (*outcome == socketio::Assembler::Outcome::complete) {
      KN_ASSERT(assembler_.take().attachments.size() == packet_.attachments);
      KN_ASSERT(!assembler_.is_collecting());
    }
    return true;
  }

 private:
  std::expected<socketio::Assembler::Outcome, socketio::Fault> take_text(std::string_view text) {
    if (auto decoded = decode(text, kPacketLimits, packet_); !decoded) {
      return std::unexpected(decoded.error());
    }
    check(packet_);
    return assembler_.text(packet_);
  }

  socketio::Assembler assembler_{kAssemblerLimits};
  Packet packet_;
};

}  // namespace
}  // namespace knotos::fuzz

/// Messages with 0x1E between them, as on polling; one that begins with `b` is binary.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace knotos;
  auto rest = fuzz::Input(data, size).rest();
  fuzz::Link link;
  while (true) {
    const auto end = rest.find('\x1e');
    if (!link.take(rest.substr(0, end)) || end == std::string_view::npos) return 0;
    rest.remove_prefix(end + 1);
  }
}
