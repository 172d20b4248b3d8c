#include "domain/chat.hpp"

#include <algorithm>
#include <array>
#include <utility>

namespace knotos::domain {
namespace {

constexpr std::array<std::pair<ChatType, std::string_view>, 3> kTypes{{
    {ChatType::direct, "direct"},
    {ChatType::group, "group"},
    {ChatType::saved, "saved"},
}};

bool is_muted(const UserChatState& state, Time now) {
  return state.muted_until && *state.muted_until > now;
}

}  // namespace

std::string_view name_of(ChatType type) { return kTypes[static_cast<std::size_t>(type)].second; }

std::optional<ChatType> parse_chat_type(std::string_view name) {
  const auto* const found =
      std::ranges::find(kTypes, name, [](const auto& row) { return row.second; });
  if (found == kTypes.end()) return std::nullopt;
  return found->first;
}

std::uint64_t unread_count(const Chat& chat, const UserChatState& state) {
  const auto since_read = chat.last_ordinal - std::min(chat.last_ordinal, state.last_read_ordinal);
  const auto own_since_read = state.own_count - std::min(state.own_count, state.own_count_at_read);
  return since_read - std::min(since_read, own_since_read);
}

bool is_archived_now(const Chat& chat, const UserChatState& state, Time now) {
  return state.is_archived && (chat.last_ordinal <= state.archived_ordinal || is_muted(state, now));
}

Preview preview_of(const Message& message) {
  return {.message_id = message.id,
          .seq = message.seq,
          .sender_id = message.sender_id,
          .type = message.type,
          .content = std::string(first_code_points(message.content, kPreviewCodePointsMax)),
          .is_deleted = message.is_deleted,
          .created_at = message.created_at};
}

Result<void> check_title(std::string_view title) {
  if (title.find_first_not_of(" \t\r\n") == std::string_view::npos) {
    return fail_field("/title", "required", "A group needs a title.");
  }
  if (count_code_points(title) > kTitleCodePointsMax) {
    return fail_field("/title", "too-long", "A title has at most 128 characters.");
  }
  return {};
}

}  // namespace knotos::domain
