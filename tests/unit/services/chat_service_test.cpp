#include "support/chat_world.hpp"

#include <gtest/gtest.h>

namespace knotos::services {
namespace {

using test::failure_of;

class ChatServiceTest : public ::testing::Test {
 protected:
  test::ChatWorld world;
  domain::UserId ann = world.add_user("ann");
  domain::UserId bob = world.add_user("bob");
  domain::UserId cat = world.add_user("cat");
  domain::UserId nobody = ports::random_id<domain::UserId>(world.random);
  ChatService& chats = world.process.chats;
  test::RecordingBus& bus = world.process.bus;

  Result<ChatService::Created> group(std::string title, std::vector<domain::UserId> members,
                                     std::optional<std::string> client_chat_id = {}) {
    return world.run(chats.create_group(ann, {.title = std::move(title),
                                              .member_ids = std::move(members),
                                              .client_chat_id = std::move(client_chat_id)}));
  }
};

TEST_F(ChatServiceTest, ADirectChatBeginsEmptyAndBothAreTold) {
  const auto created = world.run(chats.create_direct(ann, bob));
  ASSERT_TRUE(created);
  EXPECT_TRUE(created->is_new);
  EXPECT_EQ(created->item.chat.member_count, 2U);
  EXPECT_EQ(created->item.chat.last_rev, 0U);
  EXPECT_EQ(created->item.state.role, domain::Role::member);
  EXPECT_EQ(created->item.people.at(0).id, bob);
  const auto added = bus.all<ports::ChatAdded>();
  ASSERT_EQ(added.size(), 2U);
  EXPECT_EQ(added[0].user_rev, 1U);
  EXPECT_EQ(added[0].known_rev, 0U);
  EXPECT_TRUE(bus.all<ports::ChatChanged>().empty());
}

TEST_F(ChatServiceTest, WhoeverAsksAgainGetsTheSameDirectChat) {
  const auto first = world.run(chats.create_direct(ann, bob));
  const auto told = bus.events.size();
  const auto again = world.run(chats.create_direct(bob, ann));
  ASSERT_TRUE(first && again);
  EXPECT_FALSE(again->is_new);
  EXPECT_EQ(again->item.chat.id, first->item.chat.id);
  EXPECT_EQ(again->item.people.at(0).id, ann);
  EXPECT_EQ(bus.events.size(), told);
}

TEST_F(ChatServiceTest, OfBothAtOnceOneIsNewAndBothHaveTheChat) {
  world.process.store.turns_max = 3;
  const auto one = world.start(chats.create_direct(ann, bob));
  const auto other = world.start(chats.create_direct(bob, ann));
  test::run_ready(world.io);
  ASSERT_TRUE(one.get() && other.get());
  EXPECT_NE(one.get()->is_new, other.get()->is_new);
  EXPECT_EQ(one.get()->item.chat.id, other.get()->item.chat.id);
}

TEST_F(ChatServiceTest, ADirectChatIsWithSomebodyElseWhoExists) {
  const auto with_oneself = world.run(chats.create_direct(ann, ann));
  ASSERT_EQ(failure_of(with_oneself), Errc::validation_failed);
  EXPECT_EQ(with_oneself.error().fields.at(0).pointer, "/userId");
  const auto with_nobody = world.run(chats.create_direct(ann, nobody));
  ASSERT_EQ(failure_of(with_nobody), Errc::validation_failed);
  EXPECT_EQ(with_nobody.error().fields.at(0).pointer, "/userId");
  EXPECT_EQ(with_nobody.error().fields.at(0).code, "not-found");
}

TEST_F(ChatServiceTest, AGroupBeginsWithTheMessageOfItsCreation) {
  const auto created = group("Friends", {bob, cat, bob, ann});
  ASSERT_TRUE(created);
  const auto& item = created->item;
  EXPECT_TRUE(created->is_new);
  EXPECT_EQ(item.chat.title, "Friends");
  EXPECT_EQ(item.chat.owner_id, ann);
  EXPECT_EQ(item.chat.member_count, 3U);
  EXPECT_EQ(item.chat.last_seq, 1U);
  EXPECT_EQ(item.chat.last_rev, 1U);
  EXPECT_EQ(item.chat.last_ordinal, 0U);
  EXPECT_EQ(item.state.role, domain::Role::owner);
  EXPECT_EQ(world.state(item.chat.id, bob).role, domain::Role::member);
  for (const auto& user : {ann, bob, cat}) {
    const auto state = world.state(item.chat.id, user);
    EXPECT_EQ(state.last_read_seq, 1U);
    EXPECT_EQ(state.visible_from_seq, 1U);
    EXPECT_EQ(domain::unread_count(item.chat, state), 0U);
  }
  const auto first = world.messages_of(item.chat.id).at(0);
  EXPECT_EQ(first.type, domain::MessageType::system);
  ASSERT_TRUE(first.system_event);
  EXPECT_EQ(first.system_event->event, "group_created");
  EXPECT_EQ(first.system_event->actor_id, ann);
  EXPECT_EQ(first.system_event->user_ids, (std::vector{bob, cat}));
  EXPECT_EQ(first.system_event->title, "Friends");

  ASSERT_EQ(bus.events.size(), 4U);
  EXPECT_EQ(bus.all<ports::ChatAdded>().size(), 3U);
  const auto& last = std::get<ports::ChatChanged>(bus.events.back());
  EXPECT_EQ(last.rev, 1U);
  EXPECT_EQ(*last.message, first);
}

TEST_F(ChatServiceTest, TheSameClientChatIdMakesOneGroup) {
  const auto first = group("Friends", {bob, cat}, "g1");
  const auto told = bus.events.size();
  const auto again = group("Friends", {cat, bob}, "g1");
  ASSERT_TRUE(first && again);
  EXPECT_FALSE(again->is_new);
  EXPECT_EQ(again->item.chat.id, first->item.chat.id);
  EXPECT_EQ(bus.events.size(), told);
  EXPECT_EQ(failure_of(group("Foes", {bob, cat}, "g1")), Errc::client_message_id_reused);
  EXPECT_EQ(failure_of(group("Friends", {bob}, "g1")), Errc::client_message_id_reused);
}

TEST_F(ChatServiceTest, WithoutAClientChatIdEachGroupIsAnother) {
  EXPECT_NE(group("Friends", {bob})->item.chat.id, group("Friends", {bob})->item.chat.id);
}

TEST_F(ChatServiceTest, EveryFieldOfAGroupThatDoesNotFitIsNamed) {
  test::ChatProcess process(world.memory, world.io, world.clock, world.random);
  ChatService small({.chats = process.store,
                     .relations = world.memory,
                     .bus = process.bus,
                     .clock = world.clock,
                     .random = world.random},
                    {.group_members_max = 2});
  const auto created = world.run(
      small.create_group(ann, {.title = " ", .member_ids = {bob, cat}, .client_chat_id = "a b"}));
  ASSERT_EQ(failure_of(created), Errc::validation_failed);
  std::vector<std::string> pointers;
  for (const auto& field : created.error().fields) pointers.push_back(field.pointer);
  EXPECT_EQ(pointers, (std::vector<std::string>{"/title", "/memberIds", "/clientChatId"}));
}

TEST_F(ChatServiceTest, AMemberWhoIsNobodyIsNamedByPlace) {
  const auto created = group("Friends", {bob, nobody});
  ASSERT_EQ(failure_of(created), Errc::validation_failed);
  EXPECT_EQ(created.error().fields.at(0).pointer, "/memberIds/1");
  EXPECT_EQ(created.error().fields.at(0).code, "not-found");
  EXPECT_TRUE(bus.events.empty());
}

TEST_F(ChatServiceTest, AChatIsShownToItsMembersOnly) {
  const auto created = group("Friends", {bob});
  ASSERT_TRUE(created);
  const auto id = created->item.chat.id;
  EXPECT_EQ(world.run(chats.get(bob, id))->chat.id, id);
  EXPECT_EQ(failure_of(world.run(chats.get(cat, id))), Errc::not_found);
  EXPECT_EQ(world.run(chats.list(bob, {}))->items.size(), 1U);
  EXPECT_TRUE(world.run(chats.list(cat, {}))->items.empty());
}

TEST_F(ChatServiceTest, AStoreThatIsAwayMakesNothing) {
  world.memory.set_available(false);
  EXPECT_EQ(failure_of(world.run(chats.create_direct(ann, bob))), Errc::store_unavailable);
  EXPECT_EQ(failure_of(group("Friends", {bob})), Errc::store_unavailable);
  EXPECT_EQ(failure_of(world.run(chats.list(ann, {}))), Errc::store_unavailable);
  EXPECT_TRUE(bus.events.empty());
}

}  // namespace
}  // namespace knotos::services
