#pragma once

#include "base/error.hpp"
#include "base/task.hpp"
#include "domain/chat.hpp"
#include "domain/message.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace knotos::ports {

enum class MarkKind : std::uint8_t { delivered, read };

/// How far a user has got in a chat.
struct Mark {
  domain::UserId user;
  domain::ChatId chat;
  MarkKind kind = MarkKind::read;
  domain::Seq seq = 0;
  Time now;
};

/// A chat and one member's state in it, as they are after a private change.
struct StateChange {
  domain::Chat chat;
  domain::UserChatState state;
  bool has_moved = false;        ///< False: it stood so already, and nothing was written.
  domain::UserRev user_rev = 0;  ///< The user's, afterwards.
};

/// What a user sets in their own state of a chat; what is not there stays.
struct StatePatch {
  std::optional<bool> is_archived;
  std::optional<bool> is_pinned;
  std::optional<std::uint32_t> pin_order;
  std::optional<std::optional<Time>> muted_until;
  std::optional<bool> marked_unread;
  std::optional<domain::NotificationLevel> notification_level;
  std::optional<std::string> draft;
};

struct Member {
  domain::User user;
  domain::UserChatState state;
};

/// Where a page of members ended: they are listed by the time they joined, then id.
struct MemberPosition {
  Time joined_at;
  domain::UserId user_id;
};

struct MemberPage {
  std::vector<Member> members;
  bool has_more = false;
};

struct UnreadChat {
  domain::ChatId chat_id;
  std::uint64_t unread_count = 0;
  bool marked_unread = false;
};

/// What is private to one user in one chat: read marks, archive, pin, mute, draft, what they hid.
/// None of it takes a place in the chat's log. Each private change writes the store's own time of
/// the change first and raises the user's `userRev` (SEMANTICS sections 2, 4); delivered marks do
/// not raise it. Only for members: errors of all that name a chat: not_found (no such chat, not a
/// member now), store_unavailable. Any thread may call.
class ChatStateStore {
 public:
  virtual ~ChatStateStore() = default;

  /// Raises a watermark; it never falls, and `read` raises `delivered` too and clears
  /// `markedUnread`. Takes `lastReadOrdinal` and `ownCountAtRead` from the log at `seq`. Errors:
  /// validation_failed at /seq (over the chat's `lastSeq`).
  [[nodiscard]] virtual Task<Result<StateChange>> mark(Mark mark) = 0;

  /// Errors: conflict (`domain::kPinnedChatsMax` chats are pinned already).
  [[nodiscard]] virtual Task<Result<StateChange>> update(domain::UserId user, domain::ChatId chat,
                                                         StatePatch patch, Time now) = 0;

  /// Everything up to the chat's present end is gone, for this user: read, and never shown again.
  [[nodiscard]] virtual Task<Result<StateChange>> clear(domain::UserId user, domain::ChatId chat,
                                                        Time now) = 0;
  /// Off the user's list until a later message counts.
  [[nodiscard]] virtual Task<Result<StateChange>> take_off_list(domain::UserId user,
                                                                domain::ChatId chat, Time now) = 0;

  /// Hides one message from one user ("delete for me"). Errors: conflict
  /// (`domain::kHiddenMessagesMax` are hidden already). The message is there: the caller has
  /// looked.
  [[nodiscard]] virtual Task<Result<StateChange>> hide(domain::UserId user, domain::ChatId chat,
                                                       domain::MessageId message, Time now) = 0;
  /// All that the user has hidden, in all chats they are a member of. Errors: store_unavailable.
  [[nodiscard]] virtual Task<Result<std::vector<std::pair<domain::ChatId, domain::MessageId>>>>
  hidden_of(domain::UserId user) = 0;
  /// Likewise of one chat.
  [[nodiscard]] virtual Task<Result<std::vector<domain::MessageId>>> hidden_in(
      domain::UserId user, domain::ChatId chat) = 0;

  /// The user's own state of one chat, with the chat.
  [[nodiscard]] virtual Task<Result<StateChange>> state(domain::UserId user,
                                                        domain::ChatId chat) = 0;

  /// Members now, oldest first. The caller has checked who asks. Errors: store_unavailable.
  [[nodiscard]] virtual Task<Result<MemberPage>> members(domain::ChatId chat,
                                                         std::optional<MemberPosition> after,
                                                         std::size_t limit) = 0;

  /// Every member chat of the user's with something unread, archived ones included. Errors:
  /// store_unavailable.
  [[nodiscard]] virtual Task<Result<std::vector<UnreadChat>>> unread(domain::UserId user,
                                                                     Time now) = 0;
};

}  // namespace knotos::ports
