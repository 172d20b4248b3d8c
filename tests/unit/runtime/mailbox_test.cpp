#include "runtime/mailbox.hpp"

#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <thread>
#include <vector>

namespace knotos::runtime {
namespace {

void run_all(std::vector<Mailbox::Work>& batch) {
  for (auto& work : batch) work();
  batch.clear();
}

TEST(MailboxTest, OneWakeUpIsAskedForPerBatch) {
  Mailbox box(10);
  EXPECT_TRUE(box.push([] {}).needs_wake);
  EXPECT_FALSE(box.push([] {}).needs_wake);
  EXPECT_FALSE(box.push([] {}).needs_wake);
  std::vector<Mailbox::Work> batch;
  box.take(batch);
  EXPECT_EQ(batch.size(), 3U);
  batch.clear();
  EXPECT_TRUE(box.push([] {}).needs_wake);
}

TEST(MailboxTest, WorkComesOutInOrderAlsoAcrossTheBound) {
  Mailbox box(2);
  std::string order;
  for (const char each : {'a', 'b', 'c', 'd'}) {
    static_cast<void>(box.push([&order, each] { order += each; }));
  }
  std::vector<Mailbox::Work> batch;
  box.take(batch);
  run_all(batch);
  EXPECT_EQ(order, "abcd");
}

TEST(MailboxTest, ThePushBeyondTheBoundIsTakenAndSaysSo) {
  Mailbox box(2);
  EXPECT_FALSE(box.push([] {}).is_over_bound);
  EXPECT_FALSE(box.push([] {}).is_over_bound);
  const auto pushed = box.push([] {});
  EXPECT_TRUE(pushed.is_over_bound);
  EXPECT_FALSE(pushed.is_dropped);
  std::vector<Mailbox::Work> batch;
  box.take(batch);
  EXPECT_EQ(batch.size(), 3U);
}

TEST(MailboxTest, TheMemoryOfABurstIsGivenBack) {
  Mailbox box(4);
  for (int each = 0; each < 1000; ++each) static_cast<void>(box.push([] {}));
  std::vector<Mailbox::Work> batch;
  box.take(batch);
  run_all(batch);
  ASSERT_GE(batch.capacity(), 1000U);
  static_cast<void>(box.push([] {}));
  box.take(batch);
  run_all(batch);
  EXPECT_LE(batch.capacity(), 4U);
}

TEST(MailboxTest, AClosedBoxReturnsWhatWaitedAndDropsWhatComes) {
  Mailbox box(4);
  auto held = std::make_shared<int>();
  static_cast<void>(box.push([held] {}));
  EXPECT_EQ(box.close().size(), 1U);
  EXPECT_TRUE(box.push([held] {}).is_dropped);
  EXPECT_EQ(held.use_count(), 1);
}

TEST(MailboxTest, EachSendersOrderIsKeptAmongManySenders) {
  constexpr int kSenders = 4;
  constexpr int kEach = 5'000;
  Mailbox box(100'000);
  std::vector<int> next(kSenders, 0);
  int out_of_order = 0;
  int seen = 0;
  std::vector<std::jthread> senders;
  for (int sender = 0; sender < kSenders; ++sender) {
    senders.emplace_back([&box, &next, &out_of_order, &seen, sender] {
      for (int number = 0; number < kEach; ++number) {
        static_cast<void>(box.push([&next, &out_of_order, &seen, sender, number] {
          if (next[static_cast<std::size_t>(sender)]++ != number) ++out_of_order;
          ++seen;
        }));
      }
    });
  }
  std::vector<Mailbox::Work> batch;
  while (seen < kSenders * kEach) {
    box.take(batch);
    run_all(batch);
  }
  EXPECT_EQ(out_of_order, 0);
}

}  // namespace
}  // namespace knotos::runtime
