#pragma once

#include "domain/ids.hpp"

#include <algorithm>
#include <cstdint>
#include <map>
#include <vector>

/// What happened to chats and to users in them, as a story remembers it: from the messages alone,
/// every number is counted by brute force.
namespace knotos::contract {

using domain::ChatId;
using domain::Seq;
using domain::UserId;

/// A message as the story remembers it.
struct Told {
  domain::MessageId id;
  UserId sender;
  bool counts = true;
};

/// A user in a chat as the story remembers them.
struct Stand {
  bool is_member = false;
  Seq read = 0;
  Seq delivered = 0;
  bool is_archived = false;
  Seq archived_at = 0;  ///< The last message there was.
  bool is_muted = false;
  bool is_marked = false;
  bool is_off_list = false;
  Seq off_list_at = 0;
};

struct Room {
  ChatId id;
  bool is_group = false;
  std::vector<Told> messages;  ///< `messages[n]` has seq n + 1.
  std::map<UserId, Stand> people;
};

inline std::uint64_t unread_of(const Room& room, UserId user, const Stand& stand) {
  std::uint64_t count = 0;
  for (auto seq = stand.read; seq < room.messages.size(); ++seq) {
    const auto& message = room.messages[seq];
    if (message.counts && message.sender != user) ++count;
  }
  return count;
}
inline bool counts_after(const Room& room, Seq seq) {
  return std::any_of(room.messages.begin() + static_cast<std::ptrdiff_t>(seq), room.messages.end(),
                     [](const Told& each) { return each.counts; });
}
inline bool is_archived(const Room& room, const Stand& stand) {
  return stand.is_archived && (stand.is_muted || !counts_after(room, stand.archived_at));
}
inline bool is_off_list(const Room& room, const Stand& stand) {
  return stand.is_off_list && !counts_after(room, stand.off_list_at);
}
inline std::size_t stands(const Room& room) {
  return static_cast<std::size_t>(
      std::ranges::count_if(room.people, [](const auto& each) { return each.second.is_member; }));
}

}  // namespace knotos::contract
