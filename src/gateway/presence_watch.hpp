#pragma once

#include "base/task.hpp"
#include "base/time.hpp"
#include "domain/ids.hpp"
#include "ports/bus.hpp"
#include "ports/people_store.hpp"
#include "ports/presence_board.hpp"
#include "server/timers.hpp"

#include <chrono>
#include <cstddef>
#include <functional>
#include <optional>
#include <unordered_map>
#include <vector>

namespace knotos::gateway {

/// What is known of a user: whether they are there, and if not, since when.
struct Presence {
  ports::PresenceState state = ports::PresenceState::offline;
  std::optional<Time> last_seen_at;

  bool operator==(const Presence&) const = default;
};

/// The users whose home is this shard and about whom somebody in this process wants to hear. Looks
/// at the board when the bus says so, and every few seconds anyway: a process that died announces
/// nothing, its word just expires. On the home shard. It must outlive what it has spawned.
class PresenceWatch {
 public:
  struct Ports {
    boost::asio::any_io_executor executor;  ///< Of the shard.
    server::Timers& timers;
    ports::PresenceBoard& board;
    ports::PeopleStore& people;
    ports::Bus& bus;
  };

  struct Limits {
    std::chrono::milliseconds look_pause{5'000};  ///< Between two looks at everybody.
    std::size_t look_users_max = 1'000;           ///< In one question to the board.
  };

  /// Tells the shards how the user stands: when it has changed, and when somebody asked to look.
  using Tell = std::function<void(const std::vector<std::size_t>& shards, domain::UserId subject,
                                  const Presence& presence)>;

  PresenceWatch(Ports ports, Limits limits, Tell tell);

  /// The shard wants to hear of these from now on, until it lets go. Answers those of whom nobody
  /// did, for `begin`.
  [[nodiscard]] std::vector<domain::UserId> want(const std::vector<domain::UserId>& subjects,
                                                 std::size_t shard);
  /// How they stand, in their order, and from then on `tell`. Errors: overloaded,
  /// store_unavailable; then the shard should let go of them.
  [[nodiscard]] Task<Result<std::vector<Presence>>> begin(std::vector<domain::UserId> subjects,
                                                          std::vector<domain::UserId> fresh);
  void let_go(domain::UserId subject, std::size_t shard);

  /// The bus says to look; of a user whom nobody watches, nothing happens.
  void hear(domain::UserId subject);

  [[nodiscard]] std::size_t subjects() const { return subjects_.size(); }

 private:
  struct Subject {
    std::vector<std::size_t> shards;
    bool is_joined = false;  ///< The bus brings what changes.
    std::optional<Presence> known;
    std::uint64_t looked = 0;  ///< The number of the look that `known` is from.
  };

  [[nodiscard]] Task<Result<void>> look(std::vector<domain::UserId> subjects, bool always_tells);
  [[nodiscard]] Task<Result<void>> learn(domain::UserId subject, ports::PresenceState state,
                                         std::uint64_t number, bool always_tells);
  [[nodiscard]] Task<void> look_at(domain::UserId subject);
  [[nodiscard]] Task<void> look_at_all();
  void look_later();

  Ports ports_;
  Limits limits_;
  Tell tell_;
  bool is_looking_ = false;
  std::uint64_t last_look_ = 0;
  std::unordered_map<domain::UserId, Subject> subjects_;
};

}  // namespace knotos::gateway
