#pragma once

#include "contract/scene.hpp"

#include <string>
#include <utility>

namespace knotos::contract {

using domain::StatePatch;
using ports::MarkKind;
using ports::StateChange;

/// Ann and Bob in a direct chat, and what each does for themselves.
class StateTest : public ContractTest {
 protected:
  ports::ChatStateStore& states() { return world_->states(); }

  void send(domain::UserId sender, const std::string& key) {
    ASSERT_EQ(scene_.send(chat_, sender, key).status, ports::AppendStatus::appended);
  }
  Result<StateChange> mark(domain::UserId user, MarkKind kind, domain::Seq seq,
                           Time now = at(1000)) {
    return world_->run(
        states().mark({.user = user, .chat = chat_, .kind = kind, .seq = seq, .now = now}));
  }
  StateChange moved(Result<StateChange> change) {
    EXPECT_TRUE(change);
    if (!change) return {};
    EXPECT_TRUE(change->has_moved);
    return std::move(*change);
  }
  StateChange unmoved(Result<StateChange> change) {
    EXPECT_TRUE(change);
    if (!change) return {};
    EXPECT_FALSE(change->has_moved);
    EXPECT_FALSE(change->rise.of_read || change->rise.of_delivered);
    return std::move(*change);
  }
  template <class T>
  Errc code(const Result<T>& result) {
    EXPECT_FALSE(result);
    return result ? Errc::internal : result.error().code;
  }
  Result<StateChange> update(domain::UserId user, StatePatch patch, Time now = at(5)) {
    return world_->run(states().update(user, chat_, std::move(patch), now));
  }
  domain::UserRev rev_of(domain::UserId user) {
    return world_->run(world_->people().user_rev(user)).value();
  }
  domain::UserChatState state(domain::UserId user) {
    auto found = world_->run(states().state(user, chat_));
    EXPECT_TRUE(found);
    return found.value_or(StateChange{}).state;
  }

  domain::UserId ann_ = scene_.user("ann");
  domain::UserId bob_ = scene_.user("bob");
  domain::ChatId chat_ = scene_.direct(ann_, bob_);
};

}  // namespace knotos::contract
