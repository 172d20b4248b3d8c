#include "services/reading_service.hpp"
#include "services/state_service.hpp"
#include "support/chat_world.hpp"

#include <gtest/gtest.h>

namespace knotos::test {
namespace {

using services::ReadingService;

class ReadingTest : public testing::Test {
 protected:
  Result<ReadingService::ReadState> read(domain::UserId user, domain::Seq seq) {
    return world.run(reading.mark_read(user, chat, seq));
  }
  Result<ReadingService::ReadState> deliver(domain::UserId user, domain::Seq seq) {
    return world.run(reading.mark_delivered(user, chat, seq));
  }
  ReadingService make(std::size_t members_max, std::size_t waiting_max = 100) {
    return ReadingService({.shards = world.process.shards,
                           .states = world.memory,
                           .messages = world.memory,
                           .relations = world.memory,
                           .bus = world.process.bus,
                           .clock = world.clock},
                          {.receipt_members_max = members_max, .waiting_marks_max = waiting_max});
  }
  std::size_t told_receipts() { return world.process.bus.all<ports::ReceiptMoved>().size(); }

  ChatWorld world;
  domain::UserId ann = world.add_user("ann");
  domain::UserId bob = world.add_user("bob");
  domain::ChatId chat = world.add_direct(ann, bob);
  ReadingService reading = make(100);
};

TEST_F(ReadingTest, ReadingTellsTheOwnDevicesAndThePeer) {
  ChatWorld::must(world.send(ann, chat, "a"));
  ChatWorld::must(world.send(ann, chat, "b"));
  world.process.bus.events.clear();
  const auto state = ChatWorld::must(read(bob, 1));
  EXPECT_EQ(state.last_read_seq, 1U);
  EXPECT_EQ(state.unread_count, 1U);
  const auto own = world.process.bus.all<ports::ReadStateChanged>();
  ASSERT_EQ(own.size(), 1U);
  EXPECT_EQ(own[0].user_id, bob);
  EXPECT_EQ(own[0].unread_count, 1U);
  EXPECT_GT(own[0].user_rev, 0U);
  const auto moved = world.process.bus.all<ports::ReceiptMoved>();
  ASSERT_EQ(moved.size(), 1U);
  EXPECT_TRUE(moved[0].is_read);
  EXPECT_EQ(moved[0].seq, 1U);
  EXPECT_EQ(moved[0].at, world.clock.now());
}

TEST_F(ReadingTest, WhatMovesNothingTellsNobody) {
  ChatWorld::must(world.send(ann, chat, "a"));
  ChatWorld::must(read(bob, 1));
  world.process.bus.events.clear();
  ChatWorld::must(read(bob, 1));
  ChatWorld::must(read(bob, 0));
  ChatWorld::must(deliver(bob, 1));
  EXPECT_TRUE(world.process.bus.events.empty());
}

TEST_F(ReadingTest, OutsidersAndTheFutureAreRefused) {
  EXPECT_EQ(failure_of(read(world.add_user("cat"), 0)), Errc::not_found);
  EXPECT_EQ(failure_of(deliver(world.add_user("dan"), 0)), Errc::not_found);
  EXPECT_EQ(failure_of(read(bob, 1)), Errc::validation_failed);
  EXPECT_EQ(failure_of(deliver(bob, 1)), Errc::validation_failed);
  world.memory.set_available(false);
  EXPECT_EQ(failure_of(read(bob, 0)), Errc::store_unavailable);
  EXPECT_EQ(failure_of(deliver(bob, 0)), Errc::store_unavailable);
}

TEST_F(ReadingTest, ReceiptsOfTheBlockedAreToldToNobody) {
  ChatWorld::must(world.send(ann, chat, "a"));
  ChatWorld::must(world.send(bob, chat, "b"));
  ChatWorld::must(run(world.memory.put_block(ann, bob, world.clock.now())));
  world.process.bus.events.clear();
  ChatWorld::must(deliver(bob, 1));
  ChatWorld::must(read(bob, 1));
  EXPECT_EQ(told_receipts(), 0U);
  const auto message = world.messages_of(chat).at(0).id;
  const auto receipts =
      ChatWorld::must(world.run(reading.receipts(ann, chat, message, std::nullopt, 10)));
  EXPECT_EQ(receipts.state, ReadingService::MessageState::sent);
  EXPECT_FALSE(receipts.page.receipts.at(0).is_read);
  // Behind the end of the list the counts stand alone.
  const auto members = ChatWorld::must(world.run(world.process.states.members(ann, chat, {}, 10)));
  const auto& last = members.members.back().state;
  const ports::MemberPosition end{.joined_at = last.joined_at, .user_id = last.user_id};
  const auto beyond = ChatWorld::must(world.run(reading.receipts(ann, chat, message, end, 10)));
  EXPECT_TRUE(beyond.page.receipts.empty());
  EXPECT_EQ(beyond.state, ReadingService::MessageState::sent);
  EXPECT_EQ(beyond.page.read_count, 0U);
  EXPECT_EQ(beyond.page.delivered_count, 0U);
  // One's own are not withheld from oneself.
  ChatWorld::must(read(ann, 2));
  const auto answer = world.messages_of(chat).at(1).id;
  const auto own =
      ChatWorld::must(world.run(reading.receipts(ann, chat, answer, std::nullopt, 10)));
  EXPECT_EQ(own.state, ReadingService::MessageState::read);
}

TEST_F(ReadingTest, InALargeChatReadIsKeptAndDeliveredIsNot) {
  chat = world.add_group(ann, {bob, world.add_user("cat")});
  ChatWorld::must(world.send(ann, chat, "a"));
  world.process.bus.events.clear();
  auto small = make(2);
  ChatWorld::must(world.run(small.mark_delivered(bob, chat, 2)));
  EXPECT_EQ(world.state(chat, bob).last_delivered_seq, 1U);
  ChatWorld::must(world.run(small.mark_read(bob, chat, 2)));
  EXPECT_EQ(world.state(chat, bob).last_read_seq, 2U);
  EXPECT_EQ(told_receipts(), 0U);
  EXPECT_EQ(world.process.bus.all<ports::ReadStateChanged>().size(), 1U);
}

TEST_F(ReadingTest, DeliveredMarksOfOneUserShareWritesAndAreToldOnce) {
  for (const auto* key : {"a", "b", "c", "d"}) ChatWorld::must(world.send(ann, chat, key));
  world.process.bus.events.clear();
  std::vector<Started<Result<ReadingService::ReadState>>> started;
  for (domain::Seq seq = 1; seq <= 4; ++seq) {
    started.push_back(world.start(reading.mark_delivered(bob, chat, seq)));
  }
  run_ready(world.io);
  for (const auto& each : started) {
    ASSERT_TRUE(each.is_done());
    EXPECT_TRUE(each.get());
  }
  EXPECT_EQ(world.state(chat, bob).last_delivered_seq, 4U);
  EXPECT_EQ(world.process.bus.all<ports::ReceiptMoved>().back().seq, 4U);
  EXPECT_EQ(reading.marks_in_flight(), 0U);
}

TEST_F(ReadingTest, ClearingTheMarkOfUnreadIsToldToo) {
  ChatWorld::must(world.send(ann, chat, "a"));
  ChatWorld::must(read(bob, 1));
  ChatWorld::must(run(world.memory.update(bob, chat, {.marked_unread = true}, world.clock.now())));
  world.process.bus.events.clear();
  ChatWorld::must(read(bob, 1));
  EXPECT_EQ(world.process.bus.all<ports::ReadStateChanged>().size(), 1U);
  const auto states = world.process.bus.all<ports::ChatStateChanged>();
  ASSERT_EQ(states.size(), 1U);
  EXPECT_FALSE(states[0].state->marked_unread);
  EXPECT_EQ(told_receipts(), 0U);
}

TEST_F(ReadingTest, AMessageIsAsFarAsTheLastOfThoseWhoWereThere) {
  const auto cat = world.add_user("cat");
  chat = world.add_group(ann, {bob, cat});
  ChatWorld::must(world.send(ann, chat, "a"));
  const auto message = world.messages_of(chat).back().id;
  const auto state = [&] {
    return ChatWorld::must(world.run(reading.receipts(bob, chat, message, std::nullopt, 10))).state;
  };
  EXPECT_EQ(state(), ReadingService::MessageState::sent);
  ChatWorld::must(deliver(bob, 2));
  EXPECT_EQ(state(), ReadingService::MessageState::sent);
  ChatWorld::must(deliver(cat, 2));
  EXPECT_EQ(state(), ReadingService::MessageState::delivered);
  ChatWorld::must(read(cat, 2));
  ChatWorld::must(read(bob, 2));
  EXPECT_EQ(state(), ReadingService::MessageState::read);
}

TEST_F(ReadingTest, WhoJoinedInTheMillisecondAfterAMessageWasNotThere) {
  chat = world.add_group(ann, {bob});
  ChatWorld::must(world.send(ann, chat, "before"));
  const auto cat = world.add_user("cat");
  ChatWorld::must(world.run(world.process.members.add(ann, chat, {cat})));
  ChatWorld::must(world.send(ann, chat, "after"));
  const auto others_at = [&](domain::MessageId message) {
    return ChatWorld::must(world.run(reading.receipts(ann, chat, message, std::nullopt, 10)))
        .page.member_count;
  };
  const auto stored = world.messages_of(chat);
  ASSERT_EQ(stored.size(), 4U);
  EXPECT_EQ(others_at(stored[1].id), 1U);
  EXPECT_EQ(others_at(stored[3].id), 2U);
}

TEST_F(ReadingTest, WhatIsHiddenHasNoReceiptsEither) {
  ChatWorld::must(world.send(ann, chat, "a"));
  const auto message = world.messages_of(chat).at(0).id;
  services::StateService states({.states = world.memory,
                                 .messages = world.memory,
                                 .bus = world.process.bus,
                                 .clock = world.clock},
                                {});
  ChatWorld::must(world.run(states.hide(bob, chat, message)));
  EXPECT_EQ(failure_of(world.run(reading.receipts(bob, chat, message, std::nullopt, 10))),
            Errc::not_found);
  EXPECT_FALSE(failure_of(world.run(reading.receipts(ann, chat, message, std::nullopt, 10))));
  const auto told = world.process.bus.all<ports::MessageHidden>();
  ASSERT_EQ(told.size(), 1U);
  EXPECT_EQ(told[0].user_id, bob);

  const auto again = ChatWorld::must(world.run(states.hide(bob, chat, message)));
  EXPECT_EQ(again.id, message);
  EXPECT_EQ(again.content, "") << "it may not be seen any more";
  EXPECT_EQ(world.process.bus.all<ports::MessageHidden>().size(), 1U);
}

}  // namespace
}  // namespace knotos::test
