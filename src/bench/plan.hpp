#pragma once

#include "bench/options.hpp"

#include <cstddef>
#include <cstdint>
#include <vector>

namespace knotos::bench {

/// Who is in which chat with which links, all by number: the shape of a run, before anything
/// exists on the server. A link is in every chat of its user.
struct Plan {
  /// A link, and a chat it sends to.
  struct Lane {
    std::uint32_t link = 0;
    std::uint32_t room = 0;
  };

  std::size_t users = 0;
  std::vector<std::vector<std::uint32_t>> room_users;  ///< Each user once; the first one makes it.
  std::vector<std::uint32_t> link_users;
  std::vector<std::uint32_t> stalled_users;  ///< Of further links that will not read.
  std::vector<Lane> lanes;

  /// Links that receive what is sent to a chat, per chat.
  [[nodiscard]] std::vector<std::uint32_t> receivers() const;
  /// Chats of each user.
  [[nodiscard]] std::vector<std::vector<std::uint32_t>> user_rooms() const;
};

[[nodiscard]] Plan make_plan(const Options& options);

}  // namespace knotos::bench
