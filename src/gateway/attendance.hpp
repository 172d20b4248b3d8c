#pragma once

#include "base/task.hpp"
#include "base/time.hpp"
#include "domain/ids.hpp"
#include "ports/bus.hpp"
#include "ports/people_store.hpp"
#include "ports/presence_board.hpp"
#include "ports/world.hpp"
#include "server/server.hpp"
#include "server/timers.hpp"

#include <chrono>
#include <cstddef>
#include <optional>
#include <unordered_map>
#include <utility>
#include <vector>

namespace knotos::gateway {

/// Which of the users whose home is this shard are connected to this process, by which devices, and
/// whether they look (SEMANTICS section 7). Says so on the board again and again, so that what a
/// process that died said goes by itself, and keeps when they were last there. On the home shard.
/// It must outlive what it has spawned.
class Attendance {
 public:
  struct Ports {
    boost::asio::any_io_executor executor;  ///< Of the shard.
    server::Timers& timers;
    ports::PresenceBoard& board;
    ports::PeopleStore& people;
    ports::Bus& bus;
    const ports::Clock& clock;
  };

  struct Limits {
    std::chrono::milliseconds grace{20'000};       ///< A link that comes back was never gone.
    std::chrono::milliseconds heartbeat{10'000};   ///< Between two words of a user on the board.
    std::chrono::milliseconds lifetime{30'000};    ///< How long the board believes one.
    std::chrono::milliseconds seen_pause{60'000};  ///< Between two stored `lastSeenAt` of a user.
    std::size_t post_users_max = 1'000;            ///< In one word to the board.
    std::size_t typing_chats_max = 16;  ///< Remembered of a user; of others the typing expires.
  };

  Attendance(Ports ports, Limits limits);

  void arrive(domain::UserId user, domain::DeviceId device, server::SocketHandle link,
              bool is_active);
  void change(domain::UserId user, server::SocketHandle link, bool is_active);
  /// Answers the chats in which nobody of the user's types any more: the device did, and this was
  /// its last link.
  [[nodiscard]] std::vector<domain::ChatId> depart(domain::UserId user, server::SocketHandle link);

  /// The device types in the chat. False: it has no link any more.
  [[nodiscard]] bool type(domain::UserId user, domain::DeviceId device, domain::ChatId chat);

  /// Connected, or gone so short a time ago that nobody was told.
  [[nodiscard]] std::size_t users() const { return users_.size(); }

 private:
  struct Link {
    server::SocketHandle handle;
    domain::DeviceId device_id;
    bool is_active = true;
  };
  struct Typing {
    domain::DeviceId device_id;
    domain::ChatId chat_id;
    SteadyTime ends_at;
  };
  struct User {
    std::vector<Link> links;
    std::vector<Typing> typing;
    /// What is to be said, and what others know.
    ports::PresenceState state = ports::PresenceState::offline;
    ports::PresenceState said = ports::PresenceState::offline;
    bool is_saying = false;
    server::Timers::Handle grace_timer = 0;
    Time seen_at;
    bool is_seen_stored = true;
    SteadyTime arrived_at;
    std::optional<SteadyTime> stored_at;
  };

  void forget_ended_typing(User& user) const;
  void look(domain::UserId user);
  void say(domain::UserId user, ports::PresenceState state);
  [[nodiscard]] Task<void> announce(domain::UserId user);
  void beat_later();
  void beat();
  [[nodiscard]] Task<void> repeat(std::vector<ports::PresenceBoard::Entry> entries);
  [[nodiscard]] Task<void> store_seen(std::vector<domain::UserId> users);
  [[nodiscard]] Task<void> store_seen(domain::UserId user);
  [[nodiscard]] bool may_store_seen(const User& user) const;
  [[nodiscard]] bool is_idle(const User& user) const;
  void drop_idle();

  Ports ports_;
  Limits limits_;
  bool is_beating_ = false;
  bool is_storing_ = false;
  std::unordered_map<domain::UserId, User> users_;
};

}  // namespace knotos::gateway
