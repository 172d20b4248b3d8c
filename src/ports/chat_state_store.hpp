#pragma once

#include "base/error.hpp"
#include "base/task.hpp"
#include "domain/chat.hpp"
#include "domain/message.hpp"
#include "domain/private_state.hpp"
#include "domain/visibility.hpp"

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
  domain::Rise rise;             ///< Which watermarks rose by it.
  /// In a direct chat: the peer has blocked the user, so that they are told nothing of them.
  bool is_blocked_by_peer = false;
  bool has_cleared_mark = false;  ///< `markedUnread` fell by it.
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
  bool is_archived = false;  ///< At the time asked for.
};

/// Of which message, and where to go on: members are listed as by `members`.
struct ReceiptQuery {
  domain::ChatId chat;
  domain::UserId sender;  ///< Of the message, who has no receipt of it.
  domain::Seq seq = 0;
  Time created_at;
  std::optional<MemberPosition> after;
  std::size_t limit = 50;
};

struct MemberReceipt {
  domain::UserId user_id;
  Time joined_at;
  bool is_delivered = false;
  bool is_read = false;
  /// Where the message was passed by the last mark of all; an earlier mark's time is not kept.
  std::optional<Time> delivered_at;
  std::optional<Time> read_at;
};

/// Of the members now who were there when the message came, its sender left out.
struct ReceiptPage {
  std::vector<MemberReceipt> receipts;
  bool has_more = false;
  std::size_t member_count = 0;
  std::size_t delivered_count = 0;
  std::size_t read_count = 0;
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
                                                         domain::StatePatch patch, Time now) = 0;

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
  /// All that the user has hidden in a chat. Errors: not_found (no member), store_unavailable.
  [[nodiscard]] virtual Task<Result<std::vector<domain::MessageId>>> hidden_in(
      domain::UserId user, domain::ChatId chat) = 0;

  /// What of the chat the user may see: also whether they are a member now. One read.
  [[nodiscard]] virtual Task<Result<domain::Visibility>> visibility(domain::UserId user,
                                                                    domain::ChatId chat) = 0;

  /// The user's own state of one chat, with the chat.
  [[nodiscard]] virtual Task<Result<StateChange>> state(domain::UserId user,
                                                        domain::ChatId chat) = 0;

  /// Members now, oldest first. The caller has checked who asks. Errors: store_unavailable.
  [[nodiscard]] virtual Task<Result<MemberPage>> members(domain::ChatId chat,
                                                         std::optional<MemberPosition> after,
                                                         std::size_t limit) = 0;

  /// Who has got and read a message. The caller has checked who asks. Errors: store_unavailable.
  [[nodiscard]] virtual Task<Result<ReceiptPage>> receipts(ReceiptQuery query) = 0;

  /// Every member chat on the user's list with something unread, archived ones included. Errors:
  /// store_unavailable.
  [[nodiscard]] virtual Task<Result<std::vector<UnreadChat>>> unread(domain::UserId user,
                                                                     Time now) = 0;
};

}  // namespace knotos::ports
