#pragma once

#include "base/shards.hpp"
#include "gateway/room_order.hpp"
#include "ports/bus.hpp"
#include "ports/chat_store.hpp"
#include "ports/message_store.hpp"
#include "server/timers.hpp"

#include <chrono>
#include <functional>
#include <map>
#include <memory>
#include <unordered_map>
#include <vector>

namespace knotos::gateway {

/// The chats whose home is this shard and that have members somewhere in this process: their order,
/// and which shards want to hear of them. Deliveries leave here in order, and arrive in order,
/// since a mailbox keeps it.
///
/// One a shard, touched there only. It must outlive what it has spawned, so it is destroyed after
/// the shards have stopped.
class RoomOrders {
 public:
  struct Ports {
    Shards& shards;
    server::Timers& timers;
    ports::MessageStore& messages;
  };

  struct Limits {
    std::chrono::milliseconds gap_wait{50};       ///< A missing change may still come by itself.
    std::chrono::milliseconds repair_pause{500};  ///< Between two tries of a repair that failed.
    std::size_t repair_page = 100;
  };

  /// Delivers a change to the members on these shards. Called on the home shard, in order; posts.
  using Deliver = std::function<void(const std::vector<std::size_t>& shards, domain::ChatId chat,
                                     const OrderedChange& change)>;

  RoomOrders(Ports ports, Limits limits, Deliver deliver);

  /// The shard has local members from now on. The first interest in a chat makes its room, which
  /// waits to be settled.
  void add_interest(domain::ChatId chat, std::size_t shard);
  /// It has none any more. The last one drops the room.
  void drop_interest(domain::ChatId chat, std::size_t shard);
  /// Where chats stood after their interest was added.
  void settle(const std::vector<ports::ChatStanding>& standings);

  void hear(ports::ChatChanged event);
  /// The store has the chat's log up to there: what does not come by itself is fetched.
  void compare(domain::ChatId chat, domain::Rev last_rev);

  /// Everything after `known` up to where the room stands when this answers, for members who just
  /// came: from then on they hear the rest by `deliver`. Settles the room if need be. Errors:
  /// not_found (no interest), store_unavailable.
  [[nodiscard]] Task<Result<std::vector<OrderedChange>>> catch_up(domain::ChatId chat,
                                                                  domain::Rev known);

  [[nodiscard]] std::size_t rooms() const { return rooms_.size(); }
  /// Those with members in the chat. Good until the next interest comes or goes.
  [[nodiscard]] const std::vector<std::size_t>& shards_of(domain::ChatId chat) const;

 private:
  struct Room {
    RoomOrder order;
    std::vector<std::size_t> shards;
    /// What the bus told of those who left, until it is passed on. The log has the last word on
    /// who leaves; this adds their `userRev`.
    std::map<domain::Rev, std::vector<std::pair<domain::UserId, domain::UserRev>>> removed;
    bool is_repairing = false;
    server::Timers::Handle gap_timer = 0;
  };

  /// One read of the store: changes in `rev` order, and up to where they are all.
  struct Stretch {
    std::vector<SharedMessage> changes;
    domain::Rev complete_up_to = 0;
    bool is_last = false;  ///< The store has no more.
  };

  [[nodiscard]] Room* find(domain::ChatId chat);
  static void note_removed(Room& room, const ports::ChatChanged& event);
  void pass_on(domain::ChatId chat, Room& room, std::vector<OrderedChange> changes);
  void watch_gap(domain::ChatId chat, Room& room);
  [[nodiscard]] Task<void> repair(domain::ChatId chat);
  [[nodiscard]] Task<Result<bool>> repair_page(domain::ChatId chat);
  [[nodiscard]] Task<Result<Stretch>> read_stretch(domain::ChatId chat, domain::Rev since);

  Ports ports_;
  Limits limits_;
  Deliver deliver_;
  std::unordered_map<domain::ChatId, Room> rooms_;
};

}  // namespace knotos::gateway
