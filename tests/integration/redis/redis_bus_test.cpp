#include "adapters/redis/redis_bus.hpp"
#include "ports/random_ids.hpp"
#include "services/rate_limiter.hpp"
#include "support/redis_process.hpp"
#include "support/redis_server.hpp"
#include "support/seeded_random.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <string>
#include <thread>
#include <vector>

namespace knotos::adapters::redis {
namespace {

using ports::PresenceState;

template <class Event>
std::ptrdiff_t count(const std::vector<ports::BusEvent>& events) {
  return std::ranges::count_if(
      events, [](const auto& event) { return std::holds_alternative<Event>(event); });
}

using test::RedisProcess;

class RedisBusTest : public testing::Test {
 protected:
  void SetUp() override {
    if (!test::RedisServer::is_to_be_had()) GTEST_SKIP() << "redis-server is not installed";
    server_.emplace();
  }

  ports::TypingChanged typing() const { return {.chat_id = chat_, .user_id = user_}; }
  /// Durable.
  ports::SettingsChanged settings(domain::UserRev rev) const {
    return {.user_id = user_, .user_rev = rev, .kind = ports::SettingsKind::profile};
  }
  static std::string problem_of(const std::string& url) {
    try {
      const RedisProcess process(url, "refused");
    } catch (const std::runtime_error& error) {
      return error.what();
    }
    return {};
  }

  test::SeededRandom random_{1};
  domain::ChatId chat_ = ports::random_id<domain::ChatId>(random_);
  domain::UserId user_ = ports::random_id<domain::UserId>(random_);
  std::optional<test::RedisServer> server_;
};

TEST_F(RedisBusTest, WhoJoinedHearsAndTheEchoIsDropped) {
  RedisProcess one(server_->url(), "one");
  RedisProcess other(server_->url(), "other");
  ASSERT_TRUE(other.run(other.bus->join_chats({chat_})));
  ASSERT_TRUE(one.run(one.bus->join_chats({chat_})));
  one.bus->publish(typing());
  EXPECT_EQ(one.ear.heard(), 1U) << "the own process hears at once";
  const auto heard = other.ear.events(1);
  EXPECT_EQ(std::get<ports::TypingChanged>(heard[0]).user_id, user_);
  // Redis keeps the order of one connection: after this answer the echo of both has passed.
  other.bus->publish(typing());
  (void)one.ear.events(2);
  ASSERT_TRUE(one.run(one.bus->join_user(user_)));
  EXPECT_EQ(one.ear.heard(), 2U);
}

TEST_F(RedisBusTest, OnlyChannelsThatWereJoinedAreHeard) {
  RedisProcess one(server_->url(), "one");
  RedisProcess other(server_->url(), "other");
  ASSERT_TRUE(other.run(other.bus->join_user(user_)));
  ASSERT_TRUE(other.run(other.bus->join_chats({chat_})));
  ASSERT_TRUE(other.run(other.bus->join_chats({chat_})));
  other.bus->leave_chat(chat_);
  one.bus->publish(typing());
  (void)other.ear.events(1);
  other.bus->leave_chat(chat_);
  // A second join of another channel is confirmed after the leave was.
  ASSERT_TRUE(other.run(other.bus->join_presences({user_})));
  one.bus->publish(typing());
  one.bus->publish(settings(3));
  const auto heard = other.ear.events(2);
  ASSERT_EQ(heard.size(), 2U);
  EXPECT_EQ(std::get<ports::SettingsChanged>(heard[1]).user_rev, 3U);
}

TEST_F(RedisBusTest, AStrangerIsRelayedAndNonsenseIsDropped) {
  RedisProcess one(server_->url(), "one");
  ASSERT_TRUE(one.run(one.bus->join_chats({chat_})));
  const auto name = "channel:chat:" + chat_.to_string();
  std::vector<Servers::Ask> said;
  for (const std::string& text : std::vector<std::string>{
           "", "\x81\xa5", "[[[[", R"({"event":"x"})", std::string(2'000'000, 'x'),
           R"({"event":"poll","data":{"n":1}})"}) {
    std::string command;
    append_command(command, {"PUBLISH", name, text});
    said.push_back({.key = name, .text = std::move(command)});
  }
  (void)one.run(one.bus->servers().ask_all(std::move(said)));
  const auto heard = one.ear.events(1);
  EXPECT_EQ(std::get<ports::ForeignEvent>(heard[0]).name, "poll");
}

TEST_F(RedisBusTest, AfterARestartChannelsAreJoinedAgainAndDurableEventsArrive) {
  RedisProcess one(server_->url(), "one");
  RedisProcess other(server_->url(), "other");
  std::vector<domain::ChatId> chats;
  for (int i = 0; i < 1'000; ++i) chats.push_back(ports::random_id<domain::ChatId>(random_));
  chats.push_back(chat_);
  ASSERT_TRUE(other.run(other.bus->join_chats(chats)));
  ASSERT_TRUE(other.run(other.bus->join_user(user_)));
  server_->kill();
  one.ear.wait_degraded(1);
  other.ear.wait_degraded(1);
  ASSERT_TRUE(other.run(other.bus->join_presences({user_}))) << "nobody waits for a dead server";
  one.bus->publish(typing());
  one.bus->publish(settings(7));
  EXPECT_EQ(one.ear.heard(), 2U) << "the own process goes on";
  server_->start();
  one.ear.wait_restored(1);
  other.ear.wait_restored(1);
  one.bus->publish(settings(8));
  one.bus->publish(typing());
  one.bus->publish(ports::PresenceChanged{.user_id = user_});
  // What was published while it was away may come before the other has joined again, and chats and
  // users have shards of their own, so there is no order between them.
  const auto heard = other.ear.until([](const auto& events) {
    const bool has_settings = std::ranges::any_of(events, [](const auto& event) {
      const auto* changed = std::get_if<ports::SettingsChanged>(&event);
      return changed != nullptr && changed->user_rev == 8;
    });
    const bool has_presence = count<ports::PresenceChanged>(events) > 0;
    return has_settings && has_presence && count<ports::TypingChanged>(events) > 0;
  });
  EXPECT_EQ(count<ports::TypingChanged>(heard), 1) << "typing that nobody heard is not told later";
}

TEST_F(RedisBusTest, AServerThatFallsSilentIsNoticed) {
  RedisProcess one(server_->url(), "one");
  server_->signal(SIGSTOP);
  one.ear.wait_degraded(1);
  server_->signal(SIGCONT);
  one.ear.wait_restored(1);
}

TEST_F(RedisBusTest, WhatIsInRedisCannotBeHadWhileItIsAway) {
  RedisProcess one(server_->url(), "one");
  server_->kill();
  one.ear.wait_degraded(1);
  const auto read = one.run(one.board->read({user_}));
  ASSERT_FALSE(read);
  EXPECT_EQ(read.error().code, Errc::store_unavailable);
  const auto owed = one.spend("messages", 1, std::chrono::seconds(1));
  ASSERT_FALSE(owed);
  EXPECT_EQ(owed.error().code, Errc::store_unavailable);
}

TEST_F(RedisBusTest, WhatAUserDidIsAddedUpForAllProcesses) {
  RedisProcess one(server_->url(), "one");
  RedisProcess other(server_->url(), "other");
  const auto minute = std::chrono::milliseconds(60'000);
  const auto first = one.spend("messages", 1, minute);
  ASSERT_TRUE(first);
  EXPECT_EQ(*first, minute);
  const auto second = other.spend("messages", 1, minute);
  ASSERT_TRUE(second);
  EXPECT_GT(*second, minute) << "the first was not over yet";
  EXPECT_LE(*second, 2 * minute);
  EXPECT_EQ(other.spend("messages", 2, minute), minute);
  EXPECT_EQ(other.spend("events", 1, minute), minute);
  (void)one.spend("messages", 3, std::chrono::milliseconds(1));
  const auto time_to_live = [&one] {
    std::vector<Servers::Ask> ask(1);
    append_command(ask[0].text, {"PTTL", "rate:messages:3"});
    return one.run(one.bus->servers().ask_all(std::move(ask)))[0].value().number;
  };
  while (time_to_live() >= 0) std::this_thread::yield();
}

TEST_F(RedisBusTest, TwoLimitersOnOneServerCountTogether) {
  RedisProcess one(server_->url(), "one");
  RedisProcess other(server_->url(), "other");
  const Rate rate{10, std::chrono::hours(1), 10};
  services::RateLimiter here(rate, {.board = &*one.rates, .name = "messages"});
  services::RateLimiter there(rate, {.board = &*other.rates, .name = "messages"});
  const auto now = std::chrono::steady_clock::now();
  for (int i = 0; i < 10; ++i) EXPECT_TRUE(here.take(1, now).is_allowed);
  // The first is told at once, and when that is answered the others.
  while (one.spend("messages", 1, std::chrono::milliseconds(1)).value() <
         std::chrono::minutes(59)) {
    std::this_thread::yield();
  }
  (void)there.take(1, now);
  while (there.peek(1, now).is_allowed) std::this_thread::yield();
}

/// The rule of docs/guides/scale-out.md.
TEST_F(RedisBusTest, TheRuleOfTheGuideSuffices) {
  test::RedisServer guarded(
      {"--user",    "default",     "off",        "--user",        "knotos",     "on",    ">sesame",
       "resetkeys", "~presence:*", "~rate:*",    "resetchannels", "&channel:*", "-@all", "+ping",
       "+select",   "+publish",    "+subscribe", "+unsubscribe",  "+eval",      "+hset", "+hdel",
       "+hgetall",  "+pttl",       "+pexpire",   "+set",          "+time"});
  RedisProcess one(guarded.url("knotos:sesame@"), "one");
  RedisProcess other(guarded.url("knotos:sesame@") + "/1", "other");
  ASSERT_TRUE(other.run(other.bus->join_chats({chat_})));
  one.bus->publish(typing());
  (void)other.ear.events(1);
  ASSERT_TRUE(other.run(other.bus->join_user(user_)));
  other.bus->leave_user(user_);
  using Entries = std::vector<ports::PresenceBoard::Entry>;
  for (const auto state : {PresenceState::online, PresenceState::offline}) {
    ASSERT_TRUE(one.run(
        one.board->post(Entries{{.user_id = user_, .state = state}}, std::chrono::seconds(60))));
    const auto read = one.run(one.board->read({user_}));
    ASSERT_TRUE(read);
    EXPECT_EQ(read->front(), state);
  }
  EXPECT_TRUE(one.spend("messages", 1, std::chrono::seconds(1)));
}

TEST_F(RedisBusTest, WhatCannotBeUsedIsRefusedWithoutItsSecrets) {
  test::RedisServer guarded(
      {"--requirepass", "open sesame", "--user", "knotos", "on", ">sesame", "~*", "&*", "+@all"});
  EXPECT_NE(problem_of(guarded.url()).find("NOAUTH"), std::string::npos);
  const auto wrong = problem_of(guarded.url(":hunter2@"));
  EXPECT_NE(wrong.find("WRONGPASS"), std::string::npos) << wrong;
  EXPECT_EQ(wrong.find("hunter2"), std::string::npos) << wrong;
  EXPECT_EQ(problem_of(guarded.url(":open%20sesame@")), "");
  EXPECT_EQ(problem_of(guarded.url("knotos:sesame@") + "/3"), "");
  EXPECT_NE(problem_of(guarded.url("knotos:sesame@") + "/99"), "");
  auto tls = guarded.url(":open%20sesame@");
  tls.insert(5, "s");
  EXPECT_NE(problem_of(tls), "") << "it speaks no TLS";
  guarded.kill();
  EXPECT_NE(problem_of(guarded.url()).find("could not be reached"), std::string::npos);
}

}  // namespace
}  // namespace knotos::adapters::redis
