#pragma once

#include "gateway/gateway.hpp"
#include "gateway/user_revs.hpp"
#include "gateway/visibility.hpp"

#include <algorithm>
#include <cstdint>
#include <map>
#include <set>
#include <unordered_map>

namespace knotos::gateway {

inline constexpr std::string_view kNamespace = "/";

/// What the gateway keeps on one shard. Private to the gateway's own files.
struct Gateway::ShardPart {
  std::unordered_map<domain::UserId, std::vector<server::SocketHandle>> sockets_of;
  /// How many sockets and arrivals of this shard want each chat; its home knows of those above 0.
  std::unordered_map<domain::ChatId, std::uint32_t> interests;
  Visibility visibility;
  /// The users whose channel this shard has joined, and what it brought of their private changes.
  struct Heard {
    std::uint32_t holds = 0;
    bool has_base = false;
    UserRevs revs;
  };
  std::unordered_map<domain::UserId, Heard> heard;
  /// Those of them of whom the store says that something changed at this time or later.
  std::map<domain::UserId, Time> doubted;
  bool is_comparing = false;
  /// Those of them whose sessions moved: what says which one ended may be lost.
  std::set<domain::UserId> sessions_moved;
  /// The chats whose home this shard is.
  std::unique_ptr<RoomOrders> orders;
  std::unique_ptr<Typists> typists;
  std::unique_ptr<ReceiptMerger> receipts;
  /// The users whose home this shard is.
  std::unique_ptr<Attendance> attendance;
  std::unique_ptr<PresenceWatch> presence_watch;
  /// This shard's sockets that watch somebody.
  std::unique_ptr<PresenceSubscribers> presence_subscribers;
};

/// What a change is called live.
[[nodiscard]] inline std::string_view event_of(const OrderedChange& change) {
  if (change.is_new) return "new_message";
  return change.message->is_deleted ? "message_deleted" : "message_updated";
}

/// The room of a chat is named by the sixteen bytes of its id. The view is good while the id is.
[[nodiscard]] inline std::string_view room_of(const domain::ChatId& chat) {
  const auto& bytes = chat.uuid().bytes;
  return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

/// The room of those sockets in a chat that may not see all of it.
[[nodiscard]] inline std::string cut_room(const domain::ChatId& chat) {
  return "cut" + std::string(room_of(chat));
}

/// The socket is in the chat.
[[nodiscard]] inline bool hears(const Connection& connection, domain::ChatId chat) {
  return connection.is_ready() && std::ranges::binary_search(connection.chats, chat);
}

/// The room of a user's sockets. No chat's and no socket's name is as long.
[[nodiscard]] inline std::string user_room(const domain::UserId& user) {
  const auto& bytes = user.uuid().bytes;
  return "u" + std::string(reinterpret_cast<const char*>(bytes.data()), bytes.size());
}

}  // namespace knotos::gateway
