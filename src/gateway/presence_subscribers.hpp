#pragma once

#include "base/task.hpp"
#include "domain/ids.hpp"
#include "gateway/presence_watch.hpp"
#include "server/server.hpp"
#include "server/timers.hpp"
#include "services/presence_service.hpp"

#include <chrono>
#include <cstddef>
#include <functional>
#include <optional>
#include <unordered_map>
#include <vector>

namespace knotos::gateway {

/// The sockets of this shard that want to hear of somebody's presence, and what each was told:
/// only what the subject lets its user see, at most once in `told_pause` for each subject, and
/// always the last state (SEMANTICS section 7). On the shard. It must outlive what it has spawned.
class PresenceSubscribers {
 public:
  struct Ports {
    boost::asio::any_io_executor executor;  ///< Of the shard.
    server::Timers& timers;
    services::PresenceService& presence;
  };

  struct Limits {
    std::chrono::milliseconds told_pause{10'000};
    std::chrono::milliseconds retry_pause{5'000};  ///< When it could not be read who may see whom.
    std::size_t viewers_max = 1'000;               ///< In one question about that.
  };

  using Tell = std::function<void(server::SocketHandle socket, domain::UserId subject,
                                  const Presence& presence)>;

  PresenceSubscribers(Ports ports, Limits limits, Tell tell);

  /// The socket wants to hear of the subject; once for each until it is removed. What is heard
  /// meanwhile waits for `answered`. True: nobody on this shard did before.
  [[nodiscard]] bool add(domain::UserId subject, domain::UserId viewer,
                         server::SocketHandle socket);
  /// How the subject stood when the socket asked, and what it was told of that: nothing but changes
  /// follow.
  void answered(domain::UserId subject, server::SocketHandle socket, const Presence& read,
                const Presence& told);
  /// True: nobody on this shard wants to hear of the subject any more.
  [[nodiscard]] bool remove(domain::UserId subject, server::SocketHandle socket);

  /// How a subject stands now.
  void hear(domain::UserId subject, const Presence& presence);
  /// Who may see whom has changed, for this user.
  void look_again(domain::UserId user);

  [[nodiscard]] std::size_t subjects() const { return subjects_.size(); }

 private:
  struct Subscriber {
    domain::UserId viewer;
    server::SocketHandle socket;
    std::optional<Presence> told;  ///< nullopt: its question is not answered yet.
    std::optional<SteadyTime> told_at;
    server::Timers::Handle timer = 0;
  };
  struct Subject {
    std::vector<Subscriber> subscribers;
    std::optional<Presence> latest;
    server::Timers::Handle retry_timer = 0;
  };

  [[nodiscard]] Subscriber* find(domain::UserId subject, server::SocketHandle socket);
  void start(domain::UserId subject, std::vector<domain::UserId> viewers);
  [[nodiscard]] Task<void> show(domain::UserId subject, std::vector<domain::UserId> viewers);
  void show_later(domain::UserId subject);
  void offer(domain::UserId subject, Subscriber& subscriber, const Presence& shown);

  Ports ports_;
  Limits limits_;
  Tell tell_;
  std::unordered_map<domain::UserId, Subject> subjects_;
};

}  // namespace knotos::gateway
