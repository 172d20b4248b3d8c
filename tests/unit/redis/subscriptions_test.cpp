#include "adapters/redis/subscriptions.hpp"

#include "adapters/redis/resp.hpp"

#include <gtest/gtest.h>

#include <random>
#include <set>
#include <string>

namespace knotos::adapters::redis {
namespace {

/// A command as words, read as the server reads it.
std::vector<std::vector<std::string>> words_of(const std::string& text) {
  ReplyReader reader(1'000'000);
  reader.feed(text);
  std::vector<std::vector<std::string>> commands;
  while (true) {
    auto command = reader.next();
    if (!command || !*command) return commands;
    auto& words = commands.emplace_back();
    for (const auto& item : (*command)->items) words.push_back(item.text);
  }
}

using Words = std::vector<std::vector<std::string>>;

class SubscriptionsTest : public testing::Test {
 protected:
  void join(const std::vector<std::string>& channels) {
    subscriptions_.join(channels, [this] { ++answered_; });
  }

  Subscriptions subscriptions_;
  int answered_ = 0;
};

TEST_F(SubscriptionsTest, AJoinIsAnsweredWhenTheServerHasConfirmedAllOfIt) {
  subscriptions_.connected();
  join({"a", "b"});
  EXPECT_EQ(words_of(subscriptions_.take_commands()), (Words{{"SUBSCRIBE", "a", "b"}}));
  subscriptions_.confirmed("a");
  EXPECT_EQ(answered_, 0);
  subscriptions_.confirmed("b");
  EXPECT_EQ(answered_, 1);
  join({"b"});
  EXPECT_EQ(answered_, 2) << "it is there already";
  EXPECT_EQ(subscriptions_.take_commands(), "");
}

TEST_F(SubscriptionsTest, InAClusterEachChannelHasACommand) {
  Subscriptions sharded(Subscriptions::kSharded);
  sharded.connected();
  sharded.join({"a", "b"}, [] {});
  EXPECT_EQ(words_of(sharded.take_commands()), (Words{{"SSUBSCRIBE", "a"}, {"SSUBSCRIBE", "b"}}));
  EXPECT_TRUE(sharded.confirmed("a"));
  EXPECT_FALSE(sharded.confirmed("a")) << "taken away by the server";
}

TEST_F(SubscriptionsTest, OnlyTheLastLeaveIsTold) {
  subscriptions_.connected();
  join({"a"});
  join({"a"});
  (void)subscriptions_.take_commands();
  subscriptions_.confirmed("a");
  EXPECT_EQ(answered_, 2);
  subscriptions_.leave("a");
  EXPECT_EQ(subscriptions_.take_commands(), "");
  subscriptions_.leave("a");
  EXPECT_EQ(words_of(subscriptions_.take_commands()), (Words{{"UNSUBSCRIBE", "a"}}));
  subscriptions_.confirmed("a");
  EXPECT_EQ(subscriptions_.size(), 0U);
  subscriptions_.leave("a");
  EXPECT_EQ(subscriptions_.take_commands(), "");
}

TEST_F(SubscriptionsTest, WhatCancelsOutIsNotSaid) {
  subscriptions_.connected();
  join({"a"});
  subscriptions_.leave("a");
  EXPECT_EQ(subscriptions_.take_commands(), "");
  EXPECT_EQ(subscriptions_.size(), 0U);
}

TEST_F(SubscriptionsTest, AJoinDuringALeaveWaitsForItsOwnConfirmation) {
  subscriptions_.connected();
  join({"a"});
  (void)subscriptions_.take_commands();
  subscriptions_.confirmed("a");
  subscriptions_.leave("a");
  (void)subscriptions_.take_commands();
  join({"a"});
  EXPECT_EQ(words_of(subscriptions_.take_commands()), (Words{{"SUBSCRIBE", "a"}}));
  subscriptions_.confirmed("a");
  EXPECT_EQ(answered_, 1) << "that was the leave";
  subscriptions_.confirmed("a");
  EXPECT_EQ(answered_, 2);
}

TEST_F(SubscriptionsTest, ALostConnectionAnswersWhoWaitsAndTheNextOneJoinsAgain) {
  join({"early"});
  EXPECT_EQ(answered_, 1) << "nobody waits for a server that is away";
  subscriptions_.connected();
  EXPECT_FALSE(subscriptions_.is_restored());
  (void)subscriptions_.take_commands();
  join({"late"});
  (void)subscriptions_.take_commands();
  subscriptions_.disconnected();
  EXPECT_EQ(answered_, 2);
  subscriptions_.connected();
  const auto said = words_of(subscriptions_.take_commands());
  ASSERT_EQ(said.size(), 1U);
  EXPECT_EQ((std::set<std::string>(said[0].begin(), said[0].end())),
            (std::set<std::string>{"SUBSCRIBE", "early", "late"}));
  subscriptions_.confirmed("early");
  EXPECT_FALSE(subscriptions_.is_restored());
  subscriptions_.confirmed("late");
  EXPECT_TRUE(subscriptions_.is_restored());
}

TEST_F(SubscriptionsTest, AThousandRoomsGoInOneCommand) {
  std::vector<std::string> rooms;
  for (int i = 0; i < 2'500; ++i) rooms.push_back("room" + std::to_string(i));
  join(rooms);
  subscriptions_.connected();
  EXPECT_EQ(words_of(subscriptions_.take_commands()).size(), 3U);
}

/// Beside a server that does what it is told, some time later: in the end exactly what is wanted is
/// subscribed, and everybody was answered.
TEST_F(SubscriptionsTest, WhateverHappensTheServerEndsWithWhatIsWanted) {
  for (unsigned seed = 1; seed <= 200; ++seed) {
    SCOPED_TRACE(seed);
    std::mt19937 random(seed);
    Subscriptions subscriptions;
    std::map<std::string, int> joined;
    std::set<std::string> at_server;
    std::vector<std::vector<std::string>> on_the_way;
    int asked = 0;
    int answered = 0;
    const auto serve = [&] {
      for (const auto& command : std::exchange(on_the_way, {})) {
        for (std::size_t i = 1; i < command.size(); ++i) {
          if (command[0] == "SUBSCRIBE") at_server.insert(command[i]);
          if (command[0] == "UNSUBSCRIBE") at_server.erase(command[i]);
          subscriptions.confirmed(command[i]);
        }
      }
    };
    const auto say = [&] {
      for (auto& command : words_of(subscriptions.take_commands())) {
        on_the_way.push_back(std::move(command));
      }
    };
    for (int step = 0; step < 100; ++step) {
      const std::string name(1, static_cast<char>('a' + random() % 4));
      switch (random() % 6) {
        case 0:
        case 1:
          ++joined[name];
          ++asked;
          subscriptions.join({name}, [&answered] { ++answered; });
          break;
        case 2:
          if (joined[name] > 0) {
            --joined[name];
            subscriptions.leave(name);
          }
          break;
        case 3:
          say();
          break;
        case 4:
          serve();
          break;
        default:
          if (random() % 5 != 0) break;
          subscriptions.disconnected();
          on_the_way.clear();
          at_server.clear();
          subscriptions.connected();
      }
    }
    subscriptions.disconnected();
    on_the_way.clear();
    at_server.clear();
    subscriptions.connected();
    say();
    serve();
    std::set<std::string> wanted;
    for (const auto& [name, count] : joined) {
      if (count > 0) wanted.insert(name);
    }
    EXPECT_EQ(at_server, wanted);
    EXPECT_EQ(answered, asked);
    EXPECT_TRUE(subscriptions.is_restored());
    EXPECT_EQ(subscriptions.size(), wanted.size());
  }
}

}  // namespace
}  // namespace knotos::adapters::redis
