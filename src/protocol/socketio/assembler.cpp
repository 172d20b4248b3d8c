#include "protocol/socketio/assembler.hpp"

#include "base/assert.hpp"
#include "protocol/json_text/reader.hpp"
#include "protocol/json_text/strings.hpp"

#include <algorithm>
#include <charconv>
#include <utility>

namespace knotos::socketio {
namespace {

using json_text::Reader;
using json_text::Token;

std::unexpected<Fault> fault(Fault fault) {
  count(fault);
  return std::unexpected(fault);
}

/// An array or object that is open, with what it says of an attachment.
struct Level {
  enum class Key : std::uint8_t { other, placeholder, num };

  Key key = Key::other;         ///< Whose value comes next.
  bool is_placeholder = false;  ///< `_placeholder` is exactly true.
  bool is_in_range = false;     ///< `num` names an attachment.
};

Level::Key key_named(std::string_view name) {
  if (name == "_placeholder") return Level::Key::placeholder;
  return name == "num" ? Level::Key::num : Level::Key::other;
}

Level::Key key_of(std::string_view token) {
  // Escapes may spell the keys too.
  if (token.contains('\\')) return key_named(json_text::unescaped(token));
  return key_named(token.substr(1, token.size() - 2));
}

/// Digits only: who builds the value later must come to the same number.
bool names_attachment(std::string_view number, std::size_t attachments) {
  std::size_t index = 0;
  const auto [end, error] = std::from_chars(number.data(), number.data() + number.size(), index);
  return error == std::errc() && end == number.data() + number.size() && index < attachments;
}

/// A value begins: of a repeated key, the last one counts, as in JavaScript.
void set_value(Level& level, Token token, std::string_view text, std::size_t attachments) {
  switch (std::exchange(level.key, Level::Key::other)) {
    case Level::Key::placeholder:
      level.is_placeholder = token == Token::true_literal;
      break;
    case Level::Key::num:
      level.is_in_range = token == Token::number && names_attachment(text, attachments);
      break;
    case Level::Key::other:
      break;
  }
}

}  // namespace

std::expected<Assembler::Outcome, Fault> Assembler::text(const Packet& packet) {
  if (packet_) return fault(Fault::interrupted_attachments);
  if (packet.attachments == 0) return Outcome::passes;
  if (!placeholders_fit(packet.payload, packet.attachments, limits_.json_depth_max)) {
    return fault(Fault::bad_placeholder);
  }
  packet_ = BinaryPacket{.type = packet.type,
                         .name_space = std::string(packet.name_space),
                         .ack_id = packet.ack_id,
                         .payload = std::string(packet.payload),
                         .event = packet.event,
                         .arguments = packet.arguments,
                         .attachments = {}};
  missing_ = packet.attachments;
  bytes_ = 0;
  return Outcome::collects;
}

std::expected<Assembler::Outcome, Fault> Assembler::binary(std::string_view bytes) {
  if (!packet_ || missing_ == 0) return fault(Fault::unexpected_binary);
  if (bytes.size() > limits_.bytes_max - bytes_) return fault(Fault::attachments_too_big);
  bytes_ += bytes.size();
  packet_->attachments.emplace_back(bytes);
  --missing_;
  return missing_ == 0 ? Outcome::complete : Outcome::collects;
}

BinaryPacket Assembler::take() {
  KN_ASSERT(packet_ && missing_ == 0);
  bytes_ = 0;
  return *std::exchange(packet_, std::nullopt);
}

bool placeholders_fit(std::string_view payload, std::size_t attachments, std::size_t depth_max) {
  Reader reader(payload, depth_max);
  std::vector<Level> levels;
  while (true) {
    const auto token = reader.next();
    switch (token) {
      case Token::end:
        return true;
      case Token::malformed:
      case Token::too_deep:
        return false;
      case Token::key:
        levels.back().key = key_of(reader.token_text());
        continue;
      case Token::array_end:
      case Token::object_end:
        if (levels.back().is_placeholder && !levels.back().is_in_range) return false;
        levels.pop_back();
        continue;
      default:
        break;
    }
    if (!levels.empty()) set_value(levels.back(), token, reader.token_text(), attachments);
    if (token == Token::array_begin || token == Token::object_begin) levels.emplace_back();
  }
}

}  // namespace knotos::socketio
