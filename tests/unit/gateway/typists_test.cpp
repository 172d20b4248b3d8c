#include "gateway/typists.hpp"

#include "support/fake_shards.hpp"
#include "support/manual_timers.hpp"
#include "support/seeded_random.hpp"

#include "ports/random_ids.hpp"

#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace knotos::gateway {
namespace {

using std::chrono::milliseconds;

class TypistsTest : public testing::Test {
 protected:
  /// As a process does that hears its own word at once.
  bool start(domain::UserId user) {
    const auto ticket = typists_.admit(chat_, user);
    if (ticket.number == 0) return false;
    typists_.hear({.chat_id = chat_, .user_id = user, .is_typing = true});
    return true;
  }
  void stop(domain::UserId user) {
    if (typists_.withdraw(chat_, user)) {
      typists_.hear({.chat_id = chat_, .user_id = user, .is_typing = false});
    }
  }

  test::SeededRandom random_{1};
  test::FakeShards shards_;
  test::ManualClock clock_{shards_};
  std::string told_;
  Typists typists_{
      clock_.timers(0),
      {.typists_per_chat_max = 2},
      [this](domain::ChatId, domain::UserId, bool is_typing) { told_ += is_typing ? "+" : "-"; }};
  domain::ChatId chat_ = ports::random_id<domain::ChatId>(random_);
  domain::UserId ann_ = ports::random_id<domain::UserId>(random_);
  domain::UserId bob_ = ports::random_id<domain::UserId>(random_);
};

TEST_F(TypistsTest, OneStartASecondIsToldAndTheOthersHearWhenToComeAgain) {
  EXPECT_TRUE(start(ann_));
  clock_.advance(milliseconds(400));
  const auto refused = typists_.admit(chat_, ann_);
  EXPECT_EQ(refused.number, 0U);
  EXPECT_EQ(refused.retry_after, milliseconds(600));
  EXPECT_TRUE(start(bob_)) << "each user has a rate of their own";
  clock_.advance(milliseconds(600));
  EXPECT_TRUE(start(ann_));
  EXPECT_EQ(told_, "+++");
}

TEST_F(TypistsTest, WhoSaysNothingForThreeSecondsTypesNoMore) {
  ASSERT_TRUE(start(ann_));
  clock_.advance(milliseconds(2'000));
  ASSERT_TRUE(start(ann_));
  clock_.advance(milliseconds(2'999));
  EXPECT_EQ(told_, "++") << "the life is that of the last start";
  clock_.advance(milliseconds(1));
  EXPECT_EQ(told_, "++-");
  EXPECT_EQ(typists_.chats(), 0U);
  EXPECT_EQ(clock_.waiting(), 0U);
}

TEST_F(TypistsTest, AStopIsToldOnceAndOnlyOfWhoTypes) {
  stop(ann_);
  EXPECT_EQ(told_, "");
  ASSERT_TRUE(start(ann_));
  stop(ann_);
  stop(ann_);
  EXPECT_EQ(told_, "+-");
  typists_.hear({.chat_id = chat_, .user_id = ann_, .is_typing = false});
  EXPECT_EQ(told_, "+-");
}

TEST_F(TypistsTest, StopsDoNotOpenTheRate) {
  for (int i = 0; i < 5; ++i) {
    (void)start(ann_);
    stop(ann_);
  }
  EXPECT_EQ(told_, "+-");
  clock_.advance(milliseconds(1'000));
  EXPECT_TRUE(start(ann_));
}

TEST_F(TypistsTest, AMessageEndsTheTypingAndOpensTheRate) {
  ASSERT_TRUE(start(ann_));
  typists_.commit(chat_, ann_);
  EXPECT_EQ(told_, "+-");
  EXPECT_TRUE(start(ann_)) << "the rate begins anew with the message";
  stop(ann_);
  typists_.commit(chat_, ann_);
  EXPECT_EQ(told_, "+-+-") << "who has stopped is not stopped again";
  EXPECT_TRUE(start(ann_));
  typists_.commit(chat_, bob_);
  EXPECT_EQ(told_, "+-+-+");
}

TEST_F(TypistsTest, AStartThatAMessageOrAStopOvertookIsNoneAnyMore) {
  auto ticket = typists_.admit(chat_, ann_);
  EXPECT_TRUE(typists_.is_good(chat_, ann_, ticket.number));
  typists_.commit(chat_, ann_);
  EXPECT_FALSE(typists_.is_good(chat_, ann_, ticket.number));
  ticket = typists_.admit(chat_, ann_);
  ASSERT_NE(ticket.number, 0U);
  (void)typists_.withdraw(chat_, ann_);
  EXPECT_FALSE(typists_.is_good(chat_, ann_, ticket.number));
}

TEST_F(TypistsTest, ACrowdIsNotTold) {
  ASSERT_TRUE(start(ann_));
  ASSERT_TRUE(start(bob_));
  const auto eve = ports::random_id<domain::UserId>(random_);
  const auto refused = typists_.admit(chat_, eve);
  EXPECT_EQ(refused.number, 0U);
  EXPECT_GT(refused.retry_after.count(), 0);
  typists_.hear({.chat_id = chat_, .user_id = eve, .is_typing = true});
  EXPECT_EQ(told_, "++");
  typists_.commit(chat_, bob_);
  EXPECT_NE(typists_.admit(chat_, eve).number, 0U);
}

TEST_F(TypistsTest, AChatThatNobodyHereIsInLeavesNothing) {
  ASSERT_TRUE(start(ann_));
  ASSERT_TRUE(start(bob_));
  typists_.forget(chat_);
  EXPECT_EQ(clock_.waiting(), 0U);
  clock_.advance(milliseconds(5'000));
  EXPECT_EQ(told_, "++");
}

}  // namespace
}  // namespace knotos::gateway
