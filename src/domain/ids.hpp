#pragma once

#include "base/uuid.hpp"

#include <cstdint>

namespace knotos::domain {

using UserId = Id<struct UserTag>;
using ChatId = Id<struct ChatTag>;
using DeviceId = Id<struct DeviceTag>;
/// Version 7, so that ids sort by creation.
using MessageId = Id<struct MessageTag>;

/// Dense per chat over its messages, from 1. 0: none yet.
using Seq = std::uint64_t;
/// Dense per chat over its durable changes, from 1. 0: none yet.
using Rev = std::uint64_t;
/// Messages of a chat that count for unread, up to and including one (SEMANTICS section 2).
using Ordinal = std::uint64_t;
/// Rises with every private change of a user.
using UserRev = std::uint64_t;

/// The id of the direct chat between two users: the same whoever asks, in either order.
[[nodiscard]] ChatId direct_chat_id(UserId one, UserId other);
/// The id of the chat that a user has with themselves.
[[nodiscard]] ChatId saved_chat_id(UserId user);
/// The id of a group that `creator` made under `client_chat_id`: asking twice is the same chat.
[[nodiscard]] ChatId group_chat_id(UserId creator, std::string_view client_chat_id);

}  // namespace knotos::domain
