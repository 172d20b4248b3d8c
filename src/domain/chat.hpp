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

/// The chat's document: what it is, and the projections of its log up to `last_rev`.
struct Chat {
  ChatId id;
  ChatType type = ChatType::direct;
  std::string title;                   ///< Groups only.
  std::optional<UserId> owner_id;      ///< Groups only.
  std::optional<Sha256> request_hash;  ///< Of the request that made it under a `clientChatId`.
  std::uint32_t member_count = 0;
  Seq last_seq = 0;
  Rev last_rev = 0;
  Ordinal last_ordinal = 0;
  std::optional<Preview> last_message_preview;
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
  Time updated_at;

  bool operator==(const UserChatState&) const = default;
};

/// SEMANTICS section 5: own and system messages never count.
[[nodiscard]] std::uint64_t unread_count(const Chat& chat, const UserChatState& state);
/// SEMANTICS section 6: archived until a later message counts, or for good while muted.
[[nodiscard]] bool is_archived_now(const Chat& chat, const UserChatState& state, Time now);
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

/// Errors: validation_failed at /title.
[[nodiscard]] Result<void> check_title(std::string_view title);

}  // namespace knotos::domain
