#pragma once

#include "domain/message.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <iterator>
#include <map>
#include <utility>
#include <vector>

namespace knotos::test {

/// Who was in a group after each of its messages, by the system messages of its log alone. Each of
/// them is expected to be one that its actor may have done then.
class GroupReplay {
 public:
  using Members = std::map<domain::UserId, domain::Role>;

  /// `members`: those of the creation. `messages`: all of the group's, in any order.
  GroupReplay(Members members, std::vector<domain::Message> messages)
      : members_(std::move(members)) {
    std::ranges::sort(messages, {}, &domain::Message::place);
    history_[0] = {};
    for (const auto& message : messages) {
      const bool is_creation = message.place == 1;
      if (message.system_event && !is_creation) {
        apply(*message.system_event);
        expect_one_owner(message.system_event->event);
      }
      history_[message.place] = members_;
    }
  }

  [[nodiscard]] const Members& members() const { return members_; }

  /// Just before that place: who leaves by a message is a member up to it.
  [[nodiscard]] bool was_member(domain::UserId user, domain::Rev place) const {
    return std::prev(history_.lower_bound(place))->second.contains(user);
  }

 private:
  void expect_one_owner(const std::string& event) {
    const auto owners =
        std::ranges::count(members_, domain::Role::owner, &Members::value_type::second);
    EXPECT_EQ(owners, members_.empty() ? 0 : 1) << event;
  }

  void apply(const domain::SystemEvent& event) {
    EXPECT_TRUE(members_.contains(event.actor_id)) << "a stranger changed the group";
    if (event.event == domain::kMembersAdded) {
      EXPECT_NE(members_[event.actor_id], domain::Role::member);
      for (const auto& user : event.user_ids) {
        EXPECT_TRUE(members_.emplace(user, domain::Role::member).second) << "added twice";
      }
    } else if (event.event == domain::kMemberRemoved) {
      const auto target = members_.find(event.user_ids.at(0));
      ASSERT_NE(target, members_.end()) << "removed twice";
      EXPECT_LT(members_[event.actor_id], target->second) << "of an equal or higher role";
      members_.erase(target);
    } else if (event.event == domain::kMemberLeft) {
      members_.erase(event.actor_id);
      if (event.new_owner_id) members_.at(*event.new_owner_id) = domain::Role::owner;
    } else if (event.event == domain::kRoleChanged) {
      EXPECT_EQ(members_[event.actor_id], domain::Role::owner);
      members_.at(event.user_ids.at(0)) = *event.role;
    } else if (event.event == domain::kOwnerChanged) {
      EXPECT_EQ(members_[event.actor_id], domain::Role::owner);
      members_.at(event.actor_id) = domain::Role::admin;
      members_.at(*event.new_owner_id) = domain::Role::owner;
    } else {
      ADD_FAILURE() << event.event;
    }
  }

  Members members_;
  std::map<domain::Rev, Members> history_;  ///< After each place.
};

}  // namespace knotos::test
