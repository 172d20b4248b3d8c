#include "support/chat_world.hpp"

#include <gtest/gtest.h>

namespace knotos::services {
namespace {

using adapters::memory::UnknownFate;
using ports::AppendStatus;
using test::draft_of;
using test::failure_of;

/// Limits, draining and a store in trouble.
class RefusalTest : public ::testing::Test {
 protected:
  test::ChatWorld world;
  domain::UserId ann = world.add_user("ann");
  domain::UserId bob = world.add_user("bob");
  domain::ChatId chat = world.add_direct(ann, bob);
  MessageService& messages = world.process.messages;
  test::RecordingBus& bus = world.process.bus;

  test::ChatProcess process_with(MessageService::Limits limits) {
    return {world.memory, world.io, world.clock, world.random, limits};
  }
};

TEST_F(RefusalTest, TooManyMessagesAreRefusedUntilTheRateAllowsThem) {
  MessageService::Limits limits;
  limits.rate_messages = {2, std::chrono::seconds(1), 2};
  auto process = process_with(limits);
  const auto send = [&](const char* key) {
    return world.run(process.messages.send(ann, chat, draft_of(key, "hello")));
  };
  EXPECT_TRUE(send("k1"));
  EXPECT_TRUE(send("k2"));
  const auto refused = send("k3");
  ASSERT_EQ(failure_of(refused), Errc::rate_limited);
  EXPECT_EQ(refused.error().retry_after, std::chrono::milliseconds(500));
  world.clock.advance(std::chrono::milliseconds(500));
  EXPECT_TRUE(send("k3"));
}

TEST_F(RefusalTest, ARepeatIsAnsweredHoweverFullTheRate) {
  MessageService::Limits limits;
  limits.rate_messages = {1, std::chrono::seconds(1), 1};
  auto process = process_with(limits);
  const auto send = [&](const char* key, const char* content) {
    return world.run(process.messages.send(ann, chat, draft_of(key, content)));
  };
  const auto first = send("k1", "hello");
  const auto again = send("k1", "hello");
  ASSERT_TRUE(first && again);
  EXPECT_TRUE(again->is_duplicate);
  EXPECT_EQ(again->message_id, first->message_id);
  EXPECT_EQ(failure_of(send("k1", "other")), Errc::client_message_id_reused);
  EXPECT_EQ(failure_of(send("k2", "hello")), Errc::rate_limited);
}

TEST_F(RefusalTest, ARepeatIsNotCounted) {
  MessageService::Limits limits;
  limits.rate_messages = {3, std::chrono::seconds(1), 3};
  auto process = process_with(limits);
  const auto send = [&](const char* key) {
    return world.run(process.messages.send(ann, chat, draft_of(key, "hello")));
  };
  EXPECT_TRUE(send("k1"));
  for (int count = 0; count < 5; ++count) {
    const auto again = send("k1");
    EXPECT_TRUE(again && again->is_duplicate);
  }
  EXPECT_TRUE(send("k2"));
  EXPECT_TRUE(send("k3"));
  EXPECT_EQ(failure_of(send("k4")), Errc::rate_limited);
}

TEST_F(RefusalTest, EditsCountAsMessagesDo) {
  MessageService::Limits limits;
  limits.rate_messages = {1, std::chrono::seconds(1), 1};
  auto process = process_with(limits);
  const auto sent = world.run(process.messages.send(ann, chat, draft_of("k1", "hello")));
  ASSERT_TRUE(sent);
  EXPECT_EQ(failure_of(world.run(process.messages.edit(ann, {.chat_id = chat,
                                                             .message_id = sent->message_id,
                                                             .content = "changed",
                                                             .base_version = {}}))),
            Errc::rate_limited);
}

TEST_F(RefusalTest, AChatTakesOnlySoManyWaitingWrites) {
  auto limits = test::without_rate();
  limits.waiting_writes_max = 3;
  auto process = process_with(limits);
  process.store.hold_appends();
  std::vector<test::Started<Result<Receipt>>> sends;
  for (const char* key : {"k1", "k2", "k3"}) {
    sends.push_back(world.start(process.messages.send(ann, chat, draft_of(key, "hello"))));
  }
  test::run_ready(world.io);
  const auto crowded = world.run(process.messages.send(ann, chat, draft_of("k4", "hello")));
  ASSERT_EQ(failure_of(crowded), Errc::overloaded);
  EXPECT_GT(crowded.error().retry_after.count(), 0);
  EXPECT_EQ(failure_of(world.run(process.messages.erase(ann, chat, domain::MessageId()))),
            Errc::overloaded);
  EXPECT_EQ(failure_of(world.run(process.messages.send(ann, chat, draft_of("k1", "hello")))),
            Errc::overloaded)
      << "a repeat waits like a write";
  process.store.release_appends();
  test::run_ready(world.io);
  for (const auto& send : sends) EXPECT_TRUE(send.get());
  EXPECT_TRUE(world.run(process.messages.send(ann, chat, draft_of("k4", "hello"))));
}

TEST_F(RefusalTest, DrainingFinishesWhatWasBegunAndTakesNothingNew) {
  ASSERT_TRUE(world.send(ann, chat, "k0"));
  world.process.store.hold_appends();
  const auto begun = world.start(messages.send(ann, chat, draft_of("k1", "hello")));
  test::run_ready(world.io);
  EXPECT_EQ(messages.writes_in_flight(), 1U);
  messages.drain(std::chrono::milliseconds(1500));

  const auto late = world.send(ann, chat, "k2");
  ASSERT_EQ(failure_of(late), Errc::overloaded);
  EXPECT_EQ(late.error().retry_after, std::chrono::milliseconds(1500));
  EXPECT_EQ(failure_of(world.run(messages.erase(ann, chat, domain::MessageId()))),
            Errc::overloaded);
  const auto repeat = world.send(ann, chat, "k0");
  ASSERT_TRUE(repeat);
  EXPECT_TRUE(repeat->is_duplicate);
  EXPECT_EQ(messages.writes_in_flight(), 1U);

  world.process.store.release_appends();
  test::run_ready(world.io);
  EXPECT_TRUE(begun.get());
  EXPECT_EQ(messages.writes_in_flight(), 0U);
}

TEST_F(RefusalTest, WritesInFlightAreExactOnEveryRoad) {
  EXPECT_FALSE(world.send(ann, chat, "k1", ""));
  EXPECT_FALSE(world.send(ann, domain::ChatId(), "k1"));
  world.memory.set_available(false);
  EXPECT_FALSE(world.send(ann, chat, "k1"));
  EXPECT_FALSE(world.run(messages.erase(ann, chat, domain::MessageId())));
  EXPECT_EQ(messages.writes_in_flight(), 0U);
}

TEST_F(RefusalTest, AStoreThatIsAwayRefusesAndOneThatIsBackServes) {
  ASSERT_TRUE(world.send(ann, chat, "k1"));
  world.memory.set_available(false);
  EXPECT_EQ(failure_of(world.send(ann, chat, "k2")), Errc::store_unavailable);
  EXPECT_EQ(failure_of(world.send(ann, chat, "k2")), Errc::store_unavailable);
  EXPECT_EQ(failure_of(world.run(messages.history(ann, chat, {}))), Errc::store_unavailable);
  world.memory.set_available(true);
  const auto sent = world.send(ann, chat, "k2");
  ASSERT_TRUE(sent);
  EXPECT_EQ(sent->seq, 2U);
  EXPECT_FALSE(sent->is_duplicate);
}

TEST_F(RefusalTest, AnOutcomeThatStaysUnknownIsLookedUpBeforeItIsDoneAgain) {
  for (const auto fate : {UnknownFate::lost, UnknownFate::written}) {
    const std::string key = fate == UnknownFate::lost ? "lost" : "written";
    const auto told = bus.events.size();
    world.memory.fail_next(AppendStatus::unknown, fate);
    const auto sent = world.send(ann, chat, key);
    ASSERT_TRUE(sent);
    EXPECT_FALSE(sent->is_duplicate) << key;
    EXPECT_EQ(bus.events.size(), told + 1) << key;
  }
  EXPECT_EQ(world.messages_of(chat).size(), 2U);
}

TEST_F(RefusalTest, ABatchOfUnknownOutcomeIsAnsweredOneByOne) {
  ASSERT_TRUE(world.send(ann, chat, "k0"));
  world.process.store.hold_appends();
  std::vector<test::Started<Result<Receipt>>> sends;
  for (const char* key : {"k1", "k2", "k3"}) {
    sends.push_back(world.start(messages.send(ann, chat, draft_of(key, "hello"))));
  }
  test::run_ready(world.io);
  world.memory.fail_next(AppendStatus::unknown, UnknownFate::written);
  world.memory.fail_next(AppendStatus::unknown, UnknownFate::lost);
  world.process.store.release_appends();
  test::run_ready(world.io);
  for (const auto& send : sends) {
    ASSERT_TRUE(send.get());
    EXPECT_FALSE(send.get()->is_duplicate);
  }
  EXPECT_EQ(world.chat(chat).last_seq, 4U);
}

TEST_F(RefusalTest, AnOutcomeThatIsNeverKnownIsToldAsStoreTrouble) {
  for (int count = 0; count < 3; ++count) world.memory.fail_next(AppendStatus::unknown);
  EXPECT_EQ(failure_of(world.send(ann, chat, "k1")), Errc::store_unavailable);
  EXPECT_TRUE(world.send(ann, chat, "k1"));
}

TEST_F(RefusalTest, APlaceThatIsAlwaysTakenEndsInOverloaded) {
  for (int count = 0; count < 32; ++count) world.memory.fail_next(AppendStatus::place_taken);
  EXPECT_EQ(failure_of(world.send(ann, chat, "k1")), Errc::overloaded);
  EXPECT_TRUE(world.send(ann, chat, "k1"));
  const auto id = world.messages_of(chat).at(0).id;
  for (int count = 0; count < 32; ++count) world.memory.fail_next(AppendStatus::place_taken);
  EXPECT_EQ(failure_of(world.run(messages.erase(ann, chat, id))), Errc::overloaded);
}

TEST_F(RefusalTest, AStoreThatContradictsItselfDoesNotHoldTheSenderForEver) {
  for (int count = 0; count < 32; ++count) world.memory.fail_next(AppendStatus::key_taken);
  EXPECT_EQ(failure_of(world.send(ann, chat, "k1")), Errc::overloaded);
  EXPECT_TRUE(world.send(ann, chat, "k1"));
}

TEST_F(RefusalTest, AStoreThatThrowsLeavesNobodyWaitingAndTheChatGoesOn) {
  ASSERT_TRUE(world.send(ann, chat, "k1"));
  world.process.store.hold_appends();
  world.process.store.throws_next_append = true;
  const auto first = world.start(messages.send(ann, chat, draft_of("k2", "hello")));
  const auto repeat = world.start(messages.send(ann, chat, draft_of("k2", "hello")));
  const auto next = world.start(messages.send(bob, chat, draft_of("k1", "hello")));
  const auto change = world.start(messages.erase(bob, chat, domain::MessageId()));
  test::run_ready(world.io);
  world.process.store.release_appends();
  test::run_ready(world.io);
  for (const auto* send : {&first, &repeat, &next}) {
    ASSERT_TRUE(send->is_done());
    EXPECT_EQ(failure_of(send->get()), Errc::internal);
  }
  ASSERT_TRUE(change.is_done());
  EXPECT_EQ(failure_of(change.get()), Errc::internal);
  EXPECT_EQ(messages.writes_in_flight(), 0U);

  const auto again = world.send(ann, chat, "k2");
  ASSERT_TRUE(again);
  EXPECT_FALSE(again->is_duplicate);
}

TEST_F(RefusalTest, ARepeatInTheMiddleOfABatchIsTakenOutAndTheRestGoesOn) {
  ASSERT_TRUE(world.send(ann, chat, "k0"));
  auto other = process_with(test::without_rate());
  ASSERT_TRUE(world.run(other.messages.send(ann, chat, draft_of("k2", "hello"))));
  world.process.store.hold_appends();
  std::vector<test::Started<Result<Receipt>>> sends;
  for (const char* key : {"warm", "k1", "k2", "k3"}) {
    sends.push_back(world.start(messages.send(ann, chat, draft_of(key, "hello"))));
  }
  test::run_ready(world.io);
  world.process.store.release_appends();
  test::run_ready(world.io);
  for (const auto& send : sends) ASSERT_TRUE(send.get());
  EXPECT_FALSE(sends[1].get()->is_duplicate);
  EXPECT_TRUE(sends[2].get()->is_duplicate);
  EXPECT_EQ(sends[2].get()->rev, 2U);
  EXPECT_FALSE(sends[3].get()->is_duplicate);
  EXPECT_EQ(world.chat(chat).last_seq, 5U);
}

TEST_F(RefusalTest, HeadsBeyondTheLimitAreDroppedAndLoadedAgain) {
  auto limits = test::without_rate();
  limits.chats_held_max = 2;
  auto process = process_with(limits);
  std::vector<domain::ChatId> chats{chat};
  for (int count = 0; count < 4; ++count) {
    chats.push_back(world.add_direct(ann, world.add_user("user" + std::to_string(count))));
  }
  for (const char* key : {"k1", "k2"}) {
    for (const auto& id : chats) {
      EXPECT_TRUE(world.run(process.messages.send(ann, id, draft_of(key, "hello"))));
    }
  }
  EXPECT_EQ(process.store.loads, 10U);
  for (const auto& id : chats) EXPECT_EQ(world.chat(id).last_seq, 2U);
}

/// As at the end of a process: the loop turns no more, and is destroyed last. What is left of the
/// writes must go with it; the address sanitizer looks.
TEST_F(RefusalTest, AServiceMayGoBeforeTheCoroutinesOfItsWrites) {
  auto process =
      std::make_unique<test::ChatProcess>(world.memory, world.io, world.clock, world.random);
  process->store.hold_appends();
  const auto first = world.start(process->messages.send(ann, chat, draft_of("k1", "hello")));
  const auto repeat = world.start(process->messages.send(ann, chat, draft_of("k1", "hello")));
  const auto change = world.start(process->messages.erase(bob, chat, domain::MessageId()));
  test::run_ready(world.io);
  EXPECT_EQ(process->messages.writes_in_flight(), 3U);
  process.reset();
  EXPECT_FALSE(first.is_done() || repeat.is_done() || change.is_done());
}

}  // namespace
}  // namespace knotos::services
