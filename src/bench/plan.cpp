#include "bench/plan.hpp"

#include <algorithm>

namespace knotos::bench {
namespace {

std::uint32_t narrow(std::size_t value) { return static_cast<std::uint32_t>(value); }

/// Rooms that share nobody; `members` counts links, so a room of 10,000 needs no 10,000 users.
void plan_fanout(const Options& options, Plan& plan) {
  const auto members = options.members_max;
  const auto users = std::min(members, options.users);
  plan.users = users * options.rooms;
  for (std::size_t room = 0; room < options.rooms; ++room) {
    auto& room_users = plan.room_users.emplace_back();
    for (std::size_t user = 0; user < users; ++user)
      room_users.push_back(narrow(room * users + user));
    for (std::size_t link = 0; link < members; ++link)
      plan.link_users.push_back(room_users[link % users]);
  }
  const auto senders = std::min(options.senders, members);
  for (std::size_t sender = 0; sender < senders; ++sender) {
    for (std::size_t room = 0; room < options.rooms; ++room)
      plan.lanes.push_back({.link = narrow(room * members + sender), .room = narrow(room)});
  }
}

/// Rooms of every size in the range, over users who are in several of them.
void plan_rooms(const Options& options, Plan& plan) {
  plan.users = options.users;
  for (std::size_t link = 0; link < options.links; ++link)
    plan.link_users.push_back(narrow(link % plan.users));
  const auto sizes = options.members_max - options.members_min + 1;
  std::size_t next_user = 0;
  for (std::size_t room = 0; room < options.rooms; ++room) {
    const auto size = std::min(options.members_min + room % sizes, plan.users);
    auto& users = plan.room_users.emplace_back();
    for (std::size_t member = 0; member < size; ++member)
      users.push_back(narrow(next_user++ % plan.users));
  }
  for (std::size_t sender = 0; sender < options.senders; ++sender) {
    const auto room = sender % options.rooms;
    const auto& users = plan.room_users[room];
    const auto user = users[sender / options.rooms % users.size()];
    if (user < options.links) plan.lanes.push_back({.link = user, .room = narrow(room)});
  }
}

void plan_links(const Options& options, Plan& plan) {
  plan.users = options.users;
  for (std::size_t link = 0; link < options.links; ++link)
    plan.link_users.push_back(narrow(link % plan.users));
  std::size_t next_user = 0;
  for (std::size_t room = 0; room < options.rooms; ++room) {
    auto& users = plan.room_users.emplace_back();
    const auto size = std::min(options.members_max, plan.users);
    // Its maker is not always the same one; whoever is named once is in it once.
    for (std::size_t member = 0; member < size; ++member)
      users.push_back(narrow((next_user + member) % plan.users));
    ++next_user;
  }
}

}  // namespace

std::vector<std::uint32_t> Plan::receivers() const {
  std::vector<std::uint32_t> links_of(users);
  for (const auto user : link_users) ++links_of[user];
  std::vector<std::uint32_t> counts;
  counts.reserve(room_users.size());
  for (const auto& in_room : room_users) {
    std::uint32_t count = 0;
    for (const auto user : in_room) count += links_of[user];
    counts.push_back(count);
  }
  return counts;
}

std::vector<std::vector<std::uint32_t>> Plan::user_rooms() const {
  std::vector<std::vector<std::uint32_t>> rooms(users);
  for (std::size_t room = 0; room < room_users.size(); ++room) {
    for (const auto user : room_users[room]) rooms[user].push_back(narrow(room));
  }
  return rooms;
}

Plan make_plan(const Options& options) {
  Plan plan;
  switch (options.scenario) {
    case Scenario::fanout:
      plan_fanout(options, plan);
      break;
    case Scenario::rooms:
      plan_rooms(options, plan);
      break;
    case Scenario::idle:
    case Scenario::storm:
    case Scenario::list:
      plan_links(options, plan);
      break;
  }
  for (std::size_t link = 0; link < options.stalled; ++link)
    plan.stalled_users.push_back(plan.room_users.at(0)[link % plan.room_users[0].size()]);
  return plan;
}

}  // namespace knotos::bench
