#include "json/cursor.hpp"

#include "base/digest.hpp"

#include <algorithm>
#include <array>
#include <cstdint>
#include <optional>

namespace knotos::json {
namespace {

/// The first byte: raised when the form changes, so that an old cursor is refused and not misread.
constexpr char kVersion = 1;
constexpr char kChatList = 'c';
constexpr char kReactions = 'r';
constexpr char kUsers = 'u';
constexpr std::size_t kChecksumBytes = 8;
/// Longer than any cursor of ours.
constexpr std::size_t kCursorBytesMax = 512;
/// Not a secret: it only keeps other checksums from passing for ours.
constexpr std::string_view kChecksumKey = "knotos cursor";

std::string checksum_of(std::string_view body) {
  const auto digest = hmac_sha256(as_octets(kChecksumKey), as_octets(body));
  return {reinterpret_cast<const char*>(digest.data()), kChecksumBytes};
}

std::string seal(char kind, std::string_view position) {
  std::string body{kVersion, kind};
  body += position;
  body += checksum_of(body);
  return base64url_encode(as_octets(body));
}

/// The position inside; nullopt where it is no such cursor.
std::optional<std::string> unseal(char kind, std::string_view text) {
  std::string body;
  if (text.size() > kCursorBytesMax || !base64url_decode(text, body)) return std::nullopt;
  if (body.size() < 2 + kChecksumBytes) return std::nullopt;
  const auto checksum = body.substr(body.size() - kChecksumBytes);
  body.resize(body.size() - kChecksumBytes);
  if (body[0] != kVersion || body[1] != kind || checksum != checksum_of(body)) return std::nullopt;
  return body.substr(2);
}

void append_number(std::string& out, std::uint64_t number, std::size_t bytes) {
  for (std::size_t i = 0; i < bytes; ++i) {
    out += static_cast<char>((number >> (8 * i)) & 0xffU);
  }
}

std::uint64_t take_number(std::string_view& text, std::size_t bytes) {
  std::uint64_t number = 0;
  for (std::size_t i = 0; i < bytes; ++i) {
    number |= std::uint64_t{static_cast<unsigned char>(text[i])} << (8 * i);
  }
  text.remove_prefix(bytes);
  return number;
}

std::unexpected<Error> refused() {
  return fail_field("/cursor", "malformed", "A cursor is taken as a page gave it, or left out.");
}

constexpr std::size_t kChatListBytes = 1 + 4 + 8 + 16;

}  // namespace

ports::ChatListPosition position_of(const domain::ChatListItem& item) {
  return {.is_pinned = item.state.is_pinned,
          .pin_order = item.state.pin_order,
          .updated_at = item.chat.updated_at,
          .chat_id = item.chat.id};
}

std::string encode_cursor(const ports::ChatListPosition& position) {
  std::string text;
  append_number(text, position.is_pinned ? 1 : 0, 1);
  append_number(text, position.pin_order, 4);
  append_number(text, static_cast<std::uint64_t>(position.updated_at.time_since_epoch().count()),
                8);
  const auto& bytes = position.chat_id.uuid().bytes;
  text.append(bytes.begin(), bytes.end());
  return seal(kChatList, text);
}

Result<ports::ChatListPosition> decode_chat_list_cursor(std::string_view text) {
  const auto position = unseal(kChatList, text);
  if (!position || position->size() != kChatListBytes) return refused();
  std::string_view rest = *position;
  ports::ChatListPosition decoded;
  decoded.is_pinned = take_number(rest, 1) != 0;
  decoded.pin_order = static_cast<std::uint32_t>(take_number(rest, 4));
  decoded.updated_at = Time(Milliseconds(static_cast<std::int64_t>(take_number(rest, 8))));
  Uuid uuid;
  std::ranges::copy(as_octets(rest), uuid.bytes.begin());
  decoded.chat_id = domain::ChatId(uuid);
  return decoded;
}

std::string encode_cursor(const ports::ReactionPosition& position) {
  std::string text;
  append_number(text, static_cast<std::uint64_t>(position.created_at.time_since_epoch().count()),
                8);
  const auto& bytes = position.user_id.uuid().bytes;
  text.append(bytes.begin(), bytes.end());
  text += position.emoji;
  return seal(kReactions, text);
}

Result<ports::ReactionPosition> decode_reaction_cursor(std::string_view text) {
  const auto position = unseal(kReactions, text);
  if (!position || position->size() < 8 + 16) return refused();
  std::string_view rest = *position;
  ports::ReactionPosition decoded;
  decoded.created_at = Time(Milliseconds(static_cast<std::int64_t>(take_number(rest, 8))));
  Uuid uuid;
  std::ranges::copy(as_octets(rest.substr(0, 16)), uuid.bytes.begin());
  decoded.user_id = domain::UserId(uuid);
  decoded.emoji = rest.substr(16);
  return decoded;
}

std::string encode_user_cursor(std::string_view username) { return seal(kUsers, username); }

Result<std::string> decode_user_cursor(std::string_view text) {
  auto username = unseal(kUsers, text);
  if (!username) return refused();
  return *std::move(username);
}

}  // namespace knotos::json
