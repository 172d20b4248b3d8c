#pragma once

#include "base/error.hpp"
#include "base/task.hpp"
#include "domain/ids.hpp"
#include "ports/chat_store.hpp"
#include "ports/people_store.hpp"

#include <optional>
#include <vector>

namespace knotos::services {

/// Who may see whether somebody is there, and that they type. Stateless, so all shards share one
/// instance.
class PresenceService {
 public:
  struct Ports {
    ports::PeopleStore& people;
    ports::ChatStore& chats;
  };

  explicit PresenceService(Ports ports) : ports_(ports) {}

  /// Of each of the others (at most 1,024), in their order: whether the one and they see each
  /// other's presence. It is mutual, so it does not matter who asks: neither has blocked the other,
  /// and each is among those whom the other's privacy lets see them. Who does not exist sees
  /// nobody. Errors: store_unavailable.
  [[nodiscard]] Task<Result<std::vector<bool>>> see_each_other(domain::UserId one,
                                                               std::vector<domain::UserId> others);

  /// Whether the others in the chat are told that the user types: not where a peer has blocked
  /// them. Errors: not_found (also to outsiders), store_unavailable.
  [[nodiscard]] Task<Result<bool>> tells_typing(domain::UserId user, domain::ChatId chat);

 private:
  Ports ports_;
};

}  // namespace knotos::services
