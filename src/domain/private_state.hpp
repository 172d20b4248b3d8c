#pragma once

#include "base/error.hpp"
#include "domain/chat.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

/// What a user does to their own state of a chat, as pure functions of the state, so that every
/// store does the same. Each answers whether anything changed; what changed nothing is not written.
namespace knotos::domain {

/// What a user sets; what is not there stays.
struct StatePatch {
  std::optional<bool> is_archived;
  std::optional<bool> is_pinned;
  std::optional<std::uint32_t> pin_order;  ///< Of a chat that is or becomes pinned; else ignored.
  std::optional<std::optional<Time>> muted_until;
  std::optional<bool> marked_unread;
  std::optional<NotificationLevel> notification_level;
  std::optional<std::string> draft;
};

/// A place in the log that was read up to, and what the log says of it.
struct ReadPoint {
  Seq seq = 0;
  Ordinal ordinal = 0;    ///< Of the message there.
  Ordinal own_count = 0;  ///< `sender_ordinal` of the reader's own last message up to it.
};

struct Rise {
  bool of_read = false;
  bool of_delivered = false;
};

/// Watermarks only rise; read implies delivered.
[[nodiscard]] Rise raise_delivered(UserChatState& state, Seq seq);
[[nodiscard]] Rise raise_read(UserChatState& state, const ReadPoint& point);

/// `pinned_orders`: the places of the user's other pinned chats. A chat that is pinned without a
/// place goes behind them. Errors: conflict (`kPinnedChatsMax` others are pinned).
[[nodiscard]] Result<bool> patch_state(const Chat& chat, UserChatState& state,
                                       const StatePatch& patch,
                                       const std::vector<std::uint32_t>& pinned_orders, Time now);

/// Everything up to the chat's end is read, and gone for this user.
[[nodiscard]] bool clear_state(const Chat& chat, UserChatState& state, Time now);
/// Off the list until a later message counts; also not pinned any more.
[[nodiscard]] bool take_off_list(const Chat& chat, UserChatState& state, Time now);

/// Places in the list of pinned chats go from 0 to this: enough for every order of so few.
inline constexpr std::uint32_t kPinOrderMax = kPinnedChatsMax;

}  // namespace knotos::domain
