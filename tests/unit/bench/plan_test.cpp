#include "bench/plan.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <set>

namespace knotos::bench {
namespace {

Options options_for(const std::string& scenario) {
  Options options;
  options.scenario_name = scenario;
  return options;
}

Plan plan_for(Options options) {
  EXPECT_EQ(complete(options), std::nullopt);
  return make_plan(options);
}

/// Links of the room, found the long way.
std::size_t links_in(const Plan& plan, std::size_t room) {
  const std::set<std::uint32_t> users(plan.room_users[room].begin(), plan.room_users[room].end());
  return static_cast<std::size_t>(std::ranges::count_if(
      plan.link_users, [&](std::uint32_t user) { return users.contains(user); }));
}

void expect_sound(const Plan& plan) {
  const auto receivers = plan.receivers();
  for (std::size_t room = 0; room < plan.room_users.size(); ++room) {
    const auto& users = plan.room_users[room];
    EXPECT_EQ(std::set<std::uint32_t>(users.begin(), users.end()).size(), users.size());
    EXPECT_EQ(receivers[room], links_in(plan, room)) << room;
  }
  const auto user_rooms = plan.user_rooms();
  for (const auto& lane : plan.lanes) {
    const auto& rooms = user_rooms[plan.link_users[lane.link]];
    EXPECT_NE(std::ranges::find(rooms, lane.room), rooms.end()) << "a sender is no member";
  }
}

TEST(PlanTest, FanoutPutsAsManyLinksInARoomAsItHasMembers) {
  auto options = options_for("fanout");
  options.members_text = "10000";
  options.rooms = 2;
  const auto plan = plan_for(options);
  expect_sound(plan);
  EXPECT_EQ(plan.link_users.size(), 20'000U);
  EXPECT_EQ(plan.receivers(), (std::vector<std::uint32_t>{10'000, 10'000}));
  EXPECT_EQ(plan.users, 64U);
}

TEST(PlanTest, ASmallRoomHasAUserForEachMember) {
  auto options = options_for("fanout");
  options.members_text = "10";
  const auto plan = plan_for(options);
  expect_sound(plan);
  EXPECT_EQ(plan.users, 10U);
  EXPECT_EQ(plan.room_users[0].size(), 10U);
}

TEST(PlanTest, RoomsComeInEverySizeOfTheRange) {
  auto options = options_for("rooms");
  options.rooms = 90;
  options.users = 50;
  options.members_text = "2-10";
  const auto plan = plan_for(options);
  expect_sound(plan);
  std::set<std::size_t> sizes;
  for (const auto& users : plan.room_users) sizes.insert(users.size());
  EXPECT_EQ(sizes, (std::set<std::size_t>{2, 3, 4, 5, 6, 7, 8, 9, 10}));
  EXPECT_EQ(plan.lanes.size(), 90U);
}

TEST(PlanTest, MoreLinksThanUsersAreFurtherDevices) {
  auto options = options_for("rooms");
  options.users = 20;
  options.links = 100;
  const auto plan = plan_for(options);
  expect_sound(plan);
  EXPECT_EQ(plan.link_users.size(), 100U);
}

TEST(PlanTest, StalledReadersAreMembersBesideTheOthers) {
  auto options = options_for("fanout");
  options.members_text = "100";
  options.stalled = 7;
  const auto plan = plan_for(options);
  expect_sound(plan);
  EXPECT_EQ(plan.stalled_users.size(), 7U);
  EXPECT_EQ(plan.receivers()[0], 100U);
}

TEST(PlanTest, ListMakesChatsOfAllItsUsers) {
  auto options = options_for("list");
  options.rooms = 30;
  const auto plan = plan_for(options);
  expect_sound(plan);
  for (const auto& rooms : plan.user_rooms()) EXPECT_EQ(rooms.size(), 30U);
}

}  // namespace
}  // namespace knotos::bench
