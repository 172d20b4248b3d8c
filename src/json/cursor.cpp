#include "json/cursor.hpp"

#include "json/seal.hpp"

#include <cstdint>
#include <optional>

namespace knotos::json {
namespace {

constexpr char kChatList = 'c';
constexpr char kReactions = 'r';
constexpr char kUsers = 'u';
constexpr char kNewestFirst = 'n';
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
  append_time(text, position.updated_at);
  append_bytes(text, position.chat_id.uuid());
  return seal(kChatList, text);
}

Result<ports::ChatListPosition> decode_chat_list_cursor(std::string_view text) {
  const auto position = unseal(kChatList, text);
  if (!position || position->size() != kChatListBytes) return refuse_cursor();
  std::string_view rest = *position;
  ports::ChatListPosition decoded;
  decoded.is_pinned = take_number(rest, 1) != 0;
  decoded.pin_order = static_cast<std::uint32_t>(take_number(rest, 4));
  decoded.updated_at = take_time(rest);
  decoded.chat_id = domain::ChatId(take_uuid(rest));
  return decoded;
}

std::string encode_cursor(const ports::ReactionPosition& position) {
  std::string text;
  append_time(text, position.created_at);
  append_bytes(text, position.user_id.uuid());
  text += position.emoji;
  return seal(kReactions, text);
}

Result<ports::ReactionPosition> decode_reaction_cursor(std::string_view text) {
  const auto position = unseal(kReactions, text);
  if (!position || position->size() < 8 + 16) return refuse_cursor();
  std::string_view rest = *position;
  ports::ReactionPosition decoded;
  decoded.created_at = take_time(rest);
  decoded.user_id = domain::UserId(take_uuid(rest));
  decoded.emoji = rest;
  return decoded;
}

std::string encode_user_cursor(std::string_view username) { return seal(kUsers, username); }

Result<std::string> decode_user_cursor(std::string_view text) {
  auto username = unseal(kUsers, text);
  if (!username) return refuse_cursor();
  return *std::move(username);
}

std::string encode_cursor(const NewestFirstPosition& position) {
  std::string text;
  append_time(text, position.created_at);
  text += position.key;
  return seal(kNewestFirst, text);
}

Result<NewestFirstPosition> decode_newest_first_cursor(std::string_view text) {
  const auto position = unseal(kNewestFirst, text);
  if (!position || position->size() <= 8) return refuse_cursor();
  std::string_view rest = *position;
  NewestFirstPosition decoded;
  decoded.created_at = take_time(rest);
  decoded.key = rest;
  return decoded;
}

}  // namespace knotos::json
