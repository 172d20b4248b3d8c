#include "adapters/memory/local_bus.hpp"
#include "chat_device.hpp"
#include "lossy_bus.hpp"
#include "node.hpp"
#include "support/seeded_random.hpp"

#include <gtest/gtest.h>

#include <algorithm>

// Members who come and go while they are connected, between any two steps of the process.
namespace knotos::gateway {
namespace {

using test::ChatDevice;
using test::Node;

class Membership {
 public:
  struct Person {
    domain::UserId id;
    std::string token;
  };

  Membership() = default;
  explicit Membership(ports::Bus& other_bus) : node(store, other_bus, random, 3) {}

  Person join(const std::string& name) {
    const auto session = node.run(node.accounts.register_user(
        {.username = name, .password = "correct horse", .display_name = {}, .device_name = {}}));
    return {.id = session->user.id, .token = session->access_token};
  }
  domain::ChatId group(std::vector<domain::UserId> others) {
    return node
        .run(node.chats.create_group(ann.id, {.title = "Group", .member_ids = std::move(others)}))
        ->item.chat.id;
  }
  ChatDevice online(const Person& person, std::size_t shard = 0) {
    ChatDevice device(person.id, person.token);
    device.connect(node, shard);
    settle(device);
    return device;
  }
  void settle(ChatDevice& device) {
    node.world.shards.run();
    device.hear();
  }
  services::Receipt say(const std::string& content, const Person& by) {
    return *node.run(node.messages.send(by.id, chat, {.content = content}));
  }
  void add(const Person& person) {
    EXPECT_TRUE(node.run(node.members.add(ann.id, chat, {person.id})));
  }
  void remove(const Person& person) {
    EXPECT_TRUE(node.run(node.members.remove(ann.id, chat, person.id)));
  }
  /// Starts it; what it does mixes with the rest.
  template <class T>
  void begin(Task<T> task) {
    boost::asio::co_spawn(node.world.shards.executor(0), std::move(task), [](auto&&...) {});
  }
  void step(std::size_t count) {
    auto& shards = node.world.shards;
    for (; count > 0; --count) shards.run_one(random.below(shards.count()));
  }

  test::SeededRandom random{1};
  adapters::memory::MemoryStore store;
  adapters::memory::LocalBus bus;
  Node node{store, bus, random, 3};
  Person ann = join("ann");
  Person bob = join("bob");
  Person cat = join("cat");
  domain::ChatId chat = group({bob.id});
};

/// Tells what it is told when the test says so, in order.
struct SlowBus {
  SlowBus() { medium.set_reliable(true); }

  test::SeededRandom random{1};
  test::LossyMedium medium{random};
  test::LossyBus bus{medium};
};

using Names = std::vector<std::string>;

Names names(const ChatDevice& device) {
  Names out;
  for (const auto& [name, data] : device.events()) out.push_back(name);
  return out;
}

std::vector<std::string> contents(const ChatDevice& device) {
  std::vector<std::string> out;
  for (const auto& [name, data] : device.events()) {
    if (name == "new_message" && !data.at("content").as_string().empty()) {
      out.emplace_back(data.at("content").as_string());
    }
  }
  return out;
}

TEST(MembershipsTest, WhoIsRemovedHearsOfItAndThenNothing) {
  Membership world;
  auto one = world.online(world.bob, 0);
  auto other = world.online(world.bob, 2);
  world.remove(world.bob);
  world.say("too late", world.ann);
  for (auto* device : {&one, &other}) {
    world.settle(*device);
    EXPECT_EQ(names(*device), (Names{"session_ready", "new_message", "chat_removed"}));
    const auto& removed = device->events().back().second.as_object();
    EXPECT_EQ(removed.at("chatId").as_string(), world.chat.to_string());
    EXPECT_GT(removed.at("userRev").to_number<int>(), 0);
  }
}

TEST(MembershipsTest, WhoComesHearsTheJoinAndAllThatFollowsOnce) {
  Membership world;
  world.say("before", world.ann);
  auto device = world.online(world.cat, 1);
  world.add(world.cat);
  world.say("after", world.ann);
  world.settle(device);
  EXPECT_EQ(names(device), (Names{"session_ready", "chat_added", "new_message", "new_message"}));
  const auto& join = device.events()[2].second.as_object();
  EXPECT_EQ(join.at("systemEvent").at("event").as_string(), "members_added");
  EXPECT_EQ(join.at("prevRev").to_number<int>(), 2);
  EXPECT_EQ(device.events()[3].second.at("prevRev").to_number<int>(), 3);
  EXPECT_EQ(device.chats().at(world.chat).size(), 4U) << "what was before is there too";
}

TEST(MembershipsTest, WhatTheStoreHasBeforeTheBusTellsItIsHeardOnce) {
  SlowBus slow;
  auto& medium = slow.medium;
  Membership world{slow.bus};
  auto bob = world.online(world.bob, 0);
  auto cat = world.online(world.cat, 1);
  world.add(world.cat);
  world.say("stored already", world.ann);
  while (medium.deliver_one()) {
    world.settle(cat);
  }
  world.settle(bob);
  EXPECT_EQ(names(cat), (Names{"session_ready", "chat_added", "new_message", "new_message"}));
  EXPECT_EQ(names(bob), (Names{"session_ready", "new_message", "new_message"}));
}

TEST(MembershipsTest, WhoComesHearsNothingOfBeforeThatTheBusTellsLate) {
  SlowBus slow;
  auto& medium = slow.medium;
  Membership world{slow.bus};
  auto bob = world.online(world.bob, 0);
  auto cat = world.online(world.cat, 1);
  while (medium.deliver_one()) {
  }
  world.say("before", world.ann);
  medium.lose_all();
  world.add(world.cat);
  while (medium.deliver_one()) {
    world.settle(cat);
  }
  world.settle(bob);
  EXPECT_EQ(names(cat), (Names{"session_ready", "chat_added", "new_message"}));
  EXPECT_EQ(names(bob), (Names{"session_ready", "new_message", "new_message"}));
}

TEST(MembershipsTest, AGroupThatEndsIsTakenFromEverybody) {
  Membership world;
  auto ann = world.online(world.ann, 0);
  auto bob = world.online(world.bob, 1);
  EXPECT_TRUE(world.node.run(world.node.members.end(world.ann.id, world.chat)));
  for (auto* device : {&ann, &bob}) {
    world.settle(*device);
    EXPECT_EQ(names(*device), (Names{"session_ready", "new_message", "chat_removed"}));
  }
}

TEST(MembershipsTest, WhoSeesOnlySinceTheirJoinGetsStubsOfOldMessages) {
  Membership world;
  auto& node = world.node;
  const auto old = world.say("of old", world.ann);
  EXPECT_TRUE(node.run(node.members.describe(
      world.ann.id, world.chat,
      {.title = {}, .history_visibility = domain::HistoryVisibility::since_join})));
  auto bob = world.online(world.bob, 0);
  auto joined = world.online(world.cat, 1);
  world.add(world.cat);
  auto returned = world.online(world.cat, 2);
  EXPECT_TRUE(node.run(node.messages.react(
      world.bob.id,
      {.chat_id = world.chat, .message_id = old.message_id, .emoji = "+1", .adds = true})));
  domain::Draft answer;
  answer.content = "an answer";
  answer.reply_to = old.message_id;
  EXPECT_TRUE(node.run(node.messages.send(world.ann.id, world.chat, answer)));
  for (auto* device : {&joined, &returned}) {
    world.settle(*device);
    const auto& events = device->events();
    const auto& stub = events[events.size() - 2].second.as_object();
    EXPECT_EQ(stub.size(), 5U);
    EXPECT_EQ(stub.at("seq").to_number<domain::Seq>(), old.seq);
    EXPECT_FALSE(stub.contains("content"));
    EXPECT_EQ(events.back().second.at("content").as_string(), "an answer");
    EXPECT_EQ(events.back().second.at("replyTo").at("preview").as_string(), "");
  }
  world.settle(bob);
  EXPECT_EQ(bob.events().back().second.at("replyTo").at("preview").as_string(), "of old");
  EXPECT_TRUE(bob.events()[bob.events().size() - 2].second.as_object().contains("reactions"));
}

TEST(MembershipsTest, WhatAUserHidOrClearedChangesAsAStubOnAllTheirDevices) {
  Membership world;
  auto& node = world.node;
  const auto cleared = world.say("cleared", world.ann);
  EXPECT_TRUE(node.run(node.own.states.clear(world.bob.id, world.chat)));
  const auto hidden = world.say("hidden", world.ann);
  auto before = world.online(world.bob, 0);
  EXPECT_TRUE(node.run(node.own.states.hide(world.bob.id, world.chat, hidden.message_id)));
  auto after = world.online(world.bob, 1);
  for (const auto& id : {cleared.message_id, hidden.message_id}) {
    EXPECT_TRUE(node.run(node.messages.edit(
        world.ann.id,
        {.chat_id = world.chat, .message_id = id, .content = "edited", .base_version = {}})));
  }
  for (auto* device : {&before, &after}) {
    world.settle(*device);
    std::size_t stubs = 0;
    for (const auto& [name, data] : device->events()) {
      if (name == "message_updated" && !data.as_object().contains("content")) ++stubs;
    }
    EXPECT_EQ(stubs, 2U);
  }
}

TEST(MembershipsTest, WhatAUserHidStaysSoWhenTheyComeBack) {
  Membership world;
  auto& node = world.node;
  const auto hidden = world.say("hidden", world.ann);
  auto bob = world.online(world.bob, 0);
  EXPECT_TRUE(node.run(node.own.states.hide(world.bob.id, world.chat, hidden.message_id)));
  EXPECT_TRUE(node.run(node.members.remove(world.ann.id, world.chat, world.bob.id)));
  world.settle(bob);
  EXPECT_TRUE(node.run(node.members.add(world.ann.id, world.chat, {world.bob.id})));
  world.settle(bob);
  EXPECT_TRUE(node.run(node.messages.edit(world.ann.id, {.chat_id = world.chat,
                                                         .message_id = hidden.message_id,
                                                         .content = "edited",
                                                         .base_version = {}})));
  world.settle(bob);
  const auto& [name, data] = bob.events().back();
  EXPECT_EQ(name, "message_updated");
  EXPECT_FALSE(data.as_object().contains("content"));
}

TEST(MembershipsTest, ARemovalBetweenAnyTwoStepsOfAnArrivalHolds) {
  for (std::size_t steps = 0; steps < 40; ++steps) {
    Membership world;
    ChatDevice device(world.bob.id, world.bob.token);
    device.connect(world.node, steps % 3);
    world.step(steps);
    world.begin(world.node.members.remove(world.ann.id, world.chat, world.bob.id));
    world.step(steps % 7);
    world.settle(device);
    world.say("too late", world.ann);
    world.settle(device);
    EXPECT_TRUE(contents(device).empty()) << steps;
    EXPECT_EQ(device.heard_outside(), 0) << steps;
    EXPECT_FALSE(names(device).empty()) << steps;
  }
}

TEST(MembershipsTest, AReturnBetweenAnyTwoStepsOfARemovalHolds) {
  for (std::size_t steps = 0; steps < 40; ++steps) {
    Membership world;
    auto device = world.online(world.bob, steps % 3);
    world.begin(world.node.members.remove(world.ann.id, world.chat, world.bob.id));
    world.step(steps);
    world.begin(world.node.members.add(world.ann.id, world.chat, {world.bob.id}));
    world.step(steps % 5);
    world.begin(world.node.messages.send(world.ann.id, world.chat, {.content = "welcome"}));
    world.settle(device);
    world.say("again", world.ann);
    world.settle(device);
    EXPECT_EQ(contents(device), (std::vector<std::string>{"welcome", "again"})) << steps;
    EXPECT_EQ(device.heard_outside(), 0) << steps;
    EXPECT_EQ(device.gaps(), 0) << steps;
    EXPECT_EQ(device.chats().at(world.chat).size(), 5U) << steps;
  }
}

TEST(MembershipsTest, AJoinAndARemovalAtOnceLeaveNobodyListening) {
  for (std::size_t steps = 0; steps < 40; ++steps) {
    Membership world;
    auto device = world.online(world.cat, steps % 3);
    world.begin(world.node.members.add(world.ann.id, world.chat, {world.cat.id}));
    world.step(steps);
    world.begin(world.node.members.remove(world.ann.id, world.chat, world.cat.id));
    world.settle(device);
    world.say("too late", world.ann);
    world.settle(device);
    EXPECT_TRUE(contents(device).empty()) << steps;
    EXPECT_EQ(device.heard_outside(), 0) << steps;
    EXPECT_FALSE(device.chats().contains(world.chat)) << steps;
  }
}

}  // namespace
}  // namespace knotos::gateway
