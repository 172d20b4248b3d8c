#include "runtime/blocking_pool.hpp"

#include <gtest/gtest.h>
#include <boost/asio/io_context.hpp>

#include <atomic>
#include <latch>
#include <memory>
#include <optional>
#include <stdexcept>
#include <string>
#include <thread>

namespace knotos::runtime {
namespace {

template <class T>
using Job = std::move_only_function<Result<T>()>;

/// Runs the loop on the test's own thread until the job has answered.
template <class T>
Result<T> answer_of(BlockingPool& pool, Job<T> job) {
  boost::asio::io_context loop;
  std::optional<Result<T>> answer;
  boost::asio::co_spawn(loop, pool.run<T>(std::move(job)),
                        [&](const std::exception_ptr& thrown, Result<T> result) {
                          EXPECT_FALSE(thrown);
                          answer.emplace(std::move(result));
                        });
  loop.run();
  return std::move(*answer);
}

TEST(BlockingPoolTest, AnswersOnTheCallersThreadWithWhatTheJobReturned) {
  BlockingPool pool("test", 2, 8);
  boost::asio::io_context loop;
  std::thread::id ran_on;
  std::thread::id answered_on;
  std::string answer;
  boost::asio::co_spawn(loop, pool.run<std::string>([&]() -> Result<std::string> {
    ran_on = std::this_thread::get_id();
    return "done";
  }),
                        [&](const std::exception_ptr&, Result<std::string> result) {
                          answered_on = std::this_thread::get_id();
                          answer = *result;
                        });
  loop.run();
  EXPECT_EQ(answer, "done");
  EXPECT_NE(ran_on, std::this_thread::get_id());
  EXPECT_EQ(answered_on, std::this_thread::get_id());
}

TEST(BlockingPoolTest, TheJobsOwnErrorArrivesUnchanged) {
  BlockingPool pool("test", 1, 8);
  const auto answer = answer_of<int>(pool, [] { return fail(Errc::not_found, "no such row"); });
  ASSERT_FALSE(answer);
  EXPECT_EQ(answer.error().code, Errc::not_found);
  EXPECT_EQ(answer.error().detail, "no such row");
}

TEST(BlockingPoolTest, AJobWithoutAValueAnswersToo) {
  BlockingPool pool("test", 1, 8);
  EXPECT_TRUE(answer_of<void>(pool, []() -> Result<void> { return {}; }));
}

TEST(BlockingPoolTest, WhatAJobThrowsIsAnInternalErrorAndItsTextIsForTheLogOnly) {
  BlockingPool pool("test", 1, 8);
  const auto answer =
      answer_of<int>(pool, []() -> Result<int> { throw std::runtime_error("disk on fire"); });
  ASSERT_FALSE(answer);
  EXPECT_EQ(answer.error().code, Errc::internal);
  EXPECT_EQ(answer.error().cause, "disk on fire");
  EXPECT_EQ(answer.error().detail, "");
}

/// One thread that is kept busy until `free` counts down.
struct BusyPool {
  BlockingPool pool{"test", 1, 2};
  std::latch busy{1};
  std::latch free{1};
  std::atomic<int> finished = 0;
  boost::asio::io_context loop;

  BusyPool() {
    add([this] {
      busy.count_down();
      free.wait();
    });
    loop.poll();
    busy.wait();
  }

  void add(std::move_only_function<void()> work) {
    boost::asio::co_spawn(loop, pool.run<void>([work = std::move(work)]() mutable -> Result<void> {
      work();
      return {};
    }),
                          [this](const std::exception_ptr&, const Result<void>& result) {
                            if (result) {
                              ++finished;
                            } else {
                              refused_with = result.error().code;
                            }
                          });
  }

  std::optional<Errc> refused_with;
};

TEST(BlockingPoolTest, AFullQueueRefusesAtOnceWhileTheQueuedJobsStillRun) {
  BusyPool busy;
  busy.add([] {});
  busy.add([] {});
  busy.loop.poll();
  ASSERT_FALSE(busy.refused_with);
  busy.add([] { FAIL() << "a refused job ran"; });
  busy.loop.poll();
  // Answered while the only thread is still blocked.
  EXPECT_EQ(busy.refused_with, Errc::overloaded);
  busy.free.count_down();
  busy.loop.run();
  EXPECT_EQ(busy.finished, 3);
}

TEST(BlockingPoolTest, StopFinishesWhatWasQueuedAndRefusesWhatComesAfter) {
  BusyPool busy;
  std::atomic<bool> ran = false;
  busy.add([&] { ran = true; });
  busy.loop.poll();
  busy.free.count_down();
  busy.pool.stop();
  EXPECT_TRUE(ran);
  busy.add([] { FAIL() << "a job ran after stop"; });
  busy.loop.run();
  EXPECT_EQ(busy.finished, 2);
  EXPECT_EQ(busy.refused_with, Errc::overloaded);
}

TEST(BlockingPoolTest, JobsOfOneThreadRunInTheOrderInWhichTheyWereGiven) {
  BusyPool busy;
  std::string order;
  busy.add([&] { order += 'a'; });
  busy.add([&] { order += 'b'; });
  busy.loop.poll();
  busy.free.count_down();
  busy.loop.run();
  EXPECT_EQ(order, "ab");
}

TEST(BlockingPoolTest, WhatAJobHoldsIsReleasedBeforeItsAnswerArrives) {
  BlockingPool pool("test", 1, 8);
  auto held = std::make_shared<int>(7);
  const auto answer = answer_of<int>(pool, [held]() -> Result<int> { return *held; });
  EXPECT_EQ(*answer, 7);
  EXPECT_EQ(held.use_count(), 1);
}

}  // namespace
}  // namespace knotos::runtime
