#include "support/run_task.hpp"

#include <gtest/gtest.h>
#include <boost/asio/io_context.hpp>

#include <string>

namespace knotos {
namespace {

TEST(OneShotTest, WhatWasDeliveredBeforeIsThereAtOnce) {
  OneShot<std::string> answer;
  answer.deliver("early");
  EXPECT_EQ(test::run(answer.wait()), "early");
}

TEST(OneShotTest, WhoWaitsGoesOnLaterAndNotInsideTheDelivery) {
  boost::asio::io_context io{1};
  OneShot<std::string> answer;
  const auto waiter = test::start(io, answer.wait());
  test::run_ready(io);
  EXPECT_FALSE(waiter.is_done());
  answer.deliver("late");
  EXPECT_FALSE(waiter.is_done());
  test::run_ready(io);
  EXPECT_EQ(waiter.get(), "late");
}

}  // namespace
}  // namespace knotos
