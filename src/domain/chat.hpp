#pragma once

#include "base/digest.hpp"
#include "base/time.hpp"
#include "domain/ids.hpp"
#include "domain/message.hpp"
#include "domain/user.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace knotos::domain {

enum class ChatType : std::uint8_t { direct, group, saved };

[[nodiscard]] std::string_view name_of(ChatType type);
[[nodiscard]] std::optional<ChatType> parse_chat_type(std::string_view name);

/// `lastMessagePreview`: what a chat list shows of the last message, without reading it.
struct Preview {
  MessageId message_id;
  Seq seq = 0;
  UserId sender_id;
  MessageType type = MessageType::text;
  std::string content;  ///< Cut at 140 code points; empty once deleted.
  bool is_deleted = false;
  Time created_at;

  bool operator==(const Preview&) const = default;
};

/// What of a group's past its new members see.
enum class HistoryVisibility : std::uint8_t { all, since_join };

[[nodiscard]] std::string_view name_of(HistoryVisibility visibility);
[[nodiscard]] std::optional<HistoryVisibility> parse_history_visibility(std::string_view name);

/// Of a group; its owner and admins change them.
struct ChatSettings {
  HistoryVisibility history_visibility = HistoryVisibility::all;

  bool operator==(const ChatSettings&) const = default;
};

/// What a user wants to be told of in a chat.
enum class NotificationLevel : std::uint8_t { all, mentions, none };

[[nodiscard]] std::string_view name_of(NotificationLevel level);
[[nodiscard]] std::optional<NotificationLevel> parse_notification_level(std::string_view name);

/// The chat's document: what it is, and the projections of its log up to `last_rev`.
struct Chat {
  ChatId id;
  ChatType type = ChatType::direct;
  std::string title;               ///< Groups only.
  std::optional<UserId> owner_id;  ///< Groups only.
  ChatSettings settings;
  std::optional<Sha256> request_hash;  ///< Of the request that made it under a `clientChatId`.
  std::uint32_t member_count = 0;
  Seq last_seq = 0;
  Rev last_rev = 0;
  Ordinal last_ordinal = 0;
  std::optional<Preview> last_message_preview;
  std::vector<MessageId> pinned_message_ids;  ///< In the order of pinning.
  Time created_at;
  Time updated_at;  ///< Of the last new message, else creation: what the list is sorted by.

  bool operator==(const Chat&) const = default;
};

/// One user in one chat: membership, and all that is private to them. Kept after they leave.
struct UserChatState {
  UserId user_id;
  ChatId chat_id;
  Role role = Role::member;
  bool is_member = true;
  Rev member_rev = 0;  ///< Place in the log of the last change of membership; 0 from the creation
                       ///< of a direct chat.
  Time joined_at;
  Seq visible_from_seq = 1;
  Seq last_read_seq = 0;
  Ordinal last_read_ordinal = 0;
  Seq last_delivered_seq = 0;
  Ordinal own_count = 0;          ///< `sender_ordinal` of the user's last message.
  Ordinal own_count_at_read = 0;  ///< That of the last one up to `last_read_seq`.
  bool is_archived = false;
  Ordinal archived_ordinal = 0;
  bool is_pinned = false;
  std::uint32_t pin_order = 0;
  std::optional<Time> muted_until;
  bool marked_unread = false;
  NotificationLevel notification_level = NotificationLevel::all;
  std::string draft;
  Seq cleared_seq = 0;  ///< Messages up to it were cleared away, for this user alone.
  /// Taken off the own list (not archived): back with the next message that counts.
  bool is_off_list = false;
  Ordinal off_list_ordinal = 0;
  Time updated_at;

  bool operator==(const UserChatState&) const = default;
};

/// SEMANTICS section 5: own and system messages never count.
[[nodiscard]] std::uint64_t unread_count(const Chat& chat, const UserChatState& state);
/// SEMANTICS section 6: archived until a later message counts, or for good while muted.
[[nodiscard]] bool is_archived_now(const Chat& chat, const UserChatState& state, Time now);
/// Off the list until a later message counts.
[[nodiscard]] bool is_off_list_now(const Chat& chat, const UserChatState& state);
/// The first `seq` that the user may see: what came before they joined, where the group keeps that
/// to itself, and what they cleared away, is not for them.
[[nodiscard]] Seq first_visible_seq(const UserChatState& state);
[[nodiscard]] Preview preview_of(const Message& message);

/// What a user's chat list shows of one chat.
struct ChatListItem {
  Chat chat;
  UserChatState state;       ///< The asking user's own.
  std::vector<User> people;  ///< The peer of a direct chat; up to 5 members of a group, oldest
                             ///< first, the asking user included.
};

inline constexpr std::size_t kTitleCodePointsMax = 128;
inline constexpr std::size_t kListPeopleMax = 5;
inline constexpr std::size_t kPinnedChatsMax = 10;      ///< Of a user's list.
inline constexpr std::size_t kPinnedMessagesMax = 100;  ///< Of a chat.
inline constexpr std::size_t kDraftBytesMax = 4096;
inline constexpr std::size_t kHiddenMessagesMax = 1000;  ///< "Deleted for me", of a user in a chat.

/// Errors: validation_failed at /title.
[[nodiscard]] Result<void> check_title(std::string_view title);

}  // namespace knotos::domain
