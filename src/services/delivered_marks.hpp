#pragma once

#include "base/error.hpp"
#include "base/task.hpp"
#include "ports/chat_state_store.hpp"

#include <map>
#include <memory>
#include <utility>
#include <vector>

namespace knotos::services {

/// Delivered marks on their way to the store: of one user in one chat one write at a time, and what
/// comes meanwhile is merged into the next, so that a hundred marks of a reconnecting device cost
/// two. On the chat's home shard.
class DeliveredMarks : public std::enable_shared_from_this<DeliveredMarks> {
 public:
  DeliveredMarks(ports::ChatStateStore& states, std::size_t waiting_max)
      : states_(states), waiting_max_(waiting_max) {}

  /// Answers with the write that holds the mark. Errors: overloaded (too many are under way), and
  /// those of the store.
  [[nodiscard]] Task<Result<ports::StateChange>> put(ports::Mark mark);

 private:
  using Key = std::pair<domain::ChatId, domain::UserId>;
  using Answer = OneShot<Result<ports::StateChange>>;

  /// What waits for the write under way.
  struct Next {
    ports::Mark mark;
    std::vector<std::shared_ptr<Answer>> answers;
  };

  [[nodiscard]] Task<Result<ports::StateChange>> write_first(ports::Mark mark);
  [[nodiscard]] static Task<void> write_rest(std::shared_ptr<DeliveredMarks> self, Key key);

  ports::ChatStateStore& states_;
  std::size_t waiting_max_;
  std::size_t waiting_ = 0;
  std::map<Key, Next> under_way_;
};

}  // namespace knotos::services
