#include "domain/chat.hpp"

#include "base/names.hpp"

#include <algorithm>

namespace knotos::domain {
namespace {

constexpr Names<ChatType, 3> kTypes{{
    {ChatType::direct, "direct"},
    {ChatType::group, "group"},
    {ChatType::saved, "saved"},
}};

constexpr Names<HistoryVisibility, 2> kVisibilities{{
    {HistoryVisibility::all, "all"},
    {HistoryVisibility::since_join, "sinceJoin"},
}};

constexpr Names<NotificationLevel, 3> kNotificationLevels{{
    {NotificationLevel::all, "all"},
    {NotificationLevel::mentions, "mentions"},
    {NotificationLevel::none, "none"},
}};

bool is_muted(const UserChatState& state, Time now) {
  return state.muted_until && *state.muted_until > now;
}

}  // namespace

std::string_view name_of(ChatType type) { return name_in(kTypes, type); }

std::optional<ChatType> parse_chat_type(std::string_view name) { return find_in(kTypes, name); }

std::string_view name_of(HistoryVisibility visibility) {
  return name_in(kVisibilities, visibility);
}

std::optional<HistoryVisibility> parse_history_visibility(std::string_view name) {
  return find_in(kVisibilities, name);
}

std::string_view name_of(NotificationLevel level) { return name_in(kNotificationLevels, level); }

std::optional<NotificationLevel> parse_notification_level(std::string_view name) {
  return find_in(kNotificationLevels, name);
}

std::uint64_t unread_count(const Chat& chat, const UserChatState& state) {
  const auto since_read = chat.last_ordinal - std::min(chat.last_ordinal, state.last_read_ordinal);
  const auto own_since_read = state.own_count - std::min(state.own_count, state.own_count_at_read);
  return since_read - std::min(since_read, own_since_read);
}

bool is_archived_now(const Chat& chat, const UserChatState& state, Time now) {
  return state.is_archived && (chat.last_ordinal <= state.archived_ordinal || is_muted(state, now));
}

bool is_off_list_now(const Chat& chat, const UserChatState& state) {
  return state.is_off_list && chat.last_ordinal <= state.off_list_ordinal;
}

Seq first_visible_seq(const UserChatState& state) {
  return std::max(state.visible_from_seq, state.cleared_seq + 1);
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
