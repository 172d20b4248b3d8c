#pragma once

#include "base/error.hpp"
#include "base/task.hpp"
#include "domain/chat.hpp"
#include "domain/chat_log.hpp"
#include "domain/visibility.hpp"

#include <algorithm>
#include <cstdint>
#include <optional>
#include <vector>

namespace knotos::ports {

/// A chat as it begins: its document at rev 0, its members, and for a group the system message at
/// rev 1.
struct NewChat {
  domain::Chat chat;  ///< Before the first entry.
  std::vector<domain::UserChatState> members;
  std::optional<domain::MessageEntry> first_entry;  ///< Applied in the same step.
};

struct CreatedChat {
  bool is_new = false;  ///< False: a chat of this id was there and nothing was written.
  domain::Chat chat;    ///< As stored.
  /// With is_new: each member and their `userRev` after it.
  std::vector<std::pair<domain::UserId, domain::UserRev>> user_revs;
};

enum class ChatFilter : std::uint8_t { all, unread, archived };

/// Where a page of the list ended. The order is: pinned first (by `pin_order`), then newest
/// `updated_at`, then id.
struct ChatListPosition {
  bool is_pinned = false;
  std::uint32_t pin_order = 0;
  Time updated_at;
  domain::ChatId chat_id;

  bool operator==(const ChatListPosition&) const = default;
};

struct ChatListQuery {
  domain::UserId user;
  ChatFilter filter = ChatFilter::all;  ///< `all` leaves archived ones out.
  std::optional<ChatListPosition> after;
  std::size_t limit = 50;
  Time now;  ///< For what is muted.
};

struct ChatListPage {
  std::vector<domain::ChatListItem> items;
  bool has_more = false;
};

/// A chat that a user is a member of, and where it stands.
struct ChatStanding {
  domain::ChatId chat_id;
  domain::Rev last_rev = 0;
  // Of the user whose chats were asked for.
  domain::Rev member_rev = 0;
  domain::Visibility visibility = {};
};

/// A message that the user has hidden, in the standing of its chat, if it is there. `standings`:
/// ascending by chat. The messages of a chat keep the order of the calls.
inline void add_hidden(std::vector<ChatStanding>& standings, domain::ChatId chat,
                       domain::MessageId message) {
  const auto at = std::ranges::lower_bound(standings, chat, {}, &ChatStanding::chat_id);
  if (at != standings.end() && at->chat_id == chat) at->visibility.hidden.push_back(message);
}

/// Chats and who is in them. Any thread may call.
class ChatStore {
 public:
  virtual ~ChatStore() = default;

  /// One atomic, durable step; of concurrent creations of one id, one is new. Raises each member's
  /// `userRev`. Errors: not_found (a member is no user, named by `cause`), store_unavailable.
  [[nodiscard]] virtual Task<Result<CreatedChat>> create(NewChat chat) = 0;

  /// A page of the user's list, in two statements at any size. Errors: store_unavailable.
  [[nodiscard]] virtual Task<Result<ChatListPage>> list(ChatListQuery query) = 0;

  /// One chat as the user's list shows it. Errors: not_found (also: not a member now),
  /// store_unavailable.
  [[nodiscard]] virtual Task<Result<domain::ChatListItem>> item(domain::UserId user,
                                                                domain::ChatId chat) = 0;

  /// The chats that the user is a member of, with where each stands and what of it they see: one
  /// read. Ascending by chat. Errors: store_unavailable.
  [[nodiscard]] virtual Task<Result<std::vector<ChatStanding>>> chats_of(domain::UserId user) = 0;

  /// Where each of these chats stands; unknown ones are left out. Errors: store_unavailable.
  [[nodiscard]] virtual Task<Result<std::vector<ChatStanding>>> standings(
      std::vector<domain::ChatId> chats) = 0;

  /// Whether the user is a member now. Errors: store_unavailable.
  [[nodiscard]] virtual Task<Result<bool>> is_member(domain::ChatId chat, domain::UserId user) = 0;
};

}  // namespace knotos::ports
