#pragma once

#include "domain/message.hpp"

#include <cstddef>
#include <map>
#include <memory>
#include <optional>
#include <utility>
#include <vector>

namespace knotos::gateway {

using SharedMessage = std::shared_ptr<const domain::Message>;

/// A change that is to be delivered now, and the `rev` after which it comes.
struct OrderedChange {
  SharedMessage message;
  domain::Rev prev_rev = 0;
  bool is_new =
      false;  ///< New to the room: `new_message`; else it was delivered before, in another state.
  /// Of those whose membership ended by it, as far as the bus told.
  std::vector<std::pair<domain::UserId, domain::UserRev>> removed = {};
};

/// The order of one chat's changes as this process delivers them (SEMANTICS section 4): drops what
/// was delivered, lets the next one pass, holds what comes too early. Sans-I/O: whoever owns it
/// fetches what is missing. On the home shard of the chat.
class RoomOrder {
 public:
  /// How many changes wait behind a gap; with more, the later ones are left to the repair.
  static constexpr std::size_t kHeldMax = 1024;

  /// Where the room stands, once it is known: changes up to `rev` need no delivery. Answers what
  /// waited for it. A room that knows already keeps what it knows.
  [[nodiscard]] std::vector<OrderedChange> settle(domain::Rev rev);

  /// A change from the bus. Answers what is to be delivered now, in order. Without a message it is
  /// a hint, which waits for the repair.
  [[nodiscard]] std::vector<OrderedChange> hear(domain::Rev rev, SharedMessage message);

  /// What the store says follows: the messages with `rev` over `delivered()`, ascending, each in
  /// its present state, up to `complete_up_to`, beyond which nothing was read. Superseded numbers
  /// are skipped, so `prev_rev` bridges them.
  [[nodiscard]] std::vector<OrderedChange> repair(std::vector<SharedMessage> changes,
                                                  domain::Rev complete_up_to);

  /// What waits behind the gap, ascending.
  [[nodiscard]] std::vector<domain::Rev> held() const;
  /// These never happened, says the store. Answers how many were held still.
  std::size_t forget(const std::vector<domain::Rev>& revs);

  [[nodiscard]] bool is_settled() const { return delivered_.has_value(); }
  /// Something is missing before what is held.
  [[nodiscard]] bool has_gap() const { return delivered_ && !held_.empty(); }
  [[nodiscard]] domain::Rev delivered() const { return delivered_.value_or(0); }

 private:
  void pass(SharedMessage message, domain::Rev rev, std::vector<OrderedChange>& out);
  void pass_held(std::vector<OrderedChange>& out);

  std::optional<domain::Rev> delivered_;
  std::map<domain::Rev, SharedMessage> held_;
};

}  // namespace knotos::gateway
