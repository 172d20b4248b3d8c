#include "adapters/redis/slots.hpp"

#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace knotos::adapters::redis {
namespace {

Reply number(std::int64_t value) { return {.kind = Reply::Kind::number, .number = value}; }
Reply text(std::string value) { return {.kind = Reply::Kind::text, .text = std::move(value)}; }
Reply list(std::vector<Reply> items) {
  return {.kind = Reply::Kind::list, .items = std::move(items)};
}
Reply range(std::int64_t first, std::int64_t last, std::string host, std::int64_t port) {
  return list({number(first), number(last), list({text(std::move(host)), number(port), text("id")}),
               list({text("replica"), number(1), text("id")})});
}

const Endpoint kAsked{.host = "10.0.0.9", .port = 1};

/// As `CLUSTER KEYSLOT` answers.
TEST(SlotsTest, KeysAreWhereRedisLooksForThem) {
  EXPECT_EQ(slot_of("123456789"), 0x31c3);
  EXPECT_EQ(slot_of("foo"), 12'182);
  EXPECT_EQ(slot_of(""), 0);
  EXPECT_EQ(slot_of("{user1000}.following"), slot_of("{user1000}.followers"));
  EXPECT_EQ(slot_of("foo{bar}{zap}"), slot_of("bar"));
  EXPECT_EQ(slot_of("foo{{bar}}zap"), slot_of("{bar"));
  EXPECT_NE(slot_of("foo{}{bar}"), slot_of("bar"));
  EXPECT_NE(slot_of("foo{bar"), slot_of("bar"));
}

TEST(SlotsTest, MastersAreReadAndReplicasAreNot) {
  const auto map = SlotMap::parse(list({range(0, 99, "10.0.0.1", 6379), range(100, 199, "", 7000),
                                        range(200, 16'383, "10.0.0.1", 6379)}),
                                  kAsked);
  ASSERT_TRUE(map);
  EXPECT_TRUE(map->is_whole());
  EXPECT_EQ(map->masters().size(), 2U);
  EXPECT_EQ(*map->master_of(99), (Endpoint{"10.0.0.1", 6379}));
  EXPECT_EQ(*map->master_of(100), (Endpoint{"10.0.0.9", 7000})) << "no name: who was asked";
  EXPECT_EQ(*map->master_of(16'383), (Endpoint{"10.0.0.1", 6379}));
}

TEST(SlotsTest, ASlotThatNobodyServesIsSeen) {
  const auto map = SlotMap::parse(list({range(1, 16'383, "h", 1)}), kAsked);
  ASSERT_TRUE(map);
  EXPECT_FALSE(map->is_whole());
  EXPECT_EQ(map->master_of(0), nullptr);
}

TEST(SlotsTest, WhatIsNoMapIsRefused) {
  EXPECT_FALSE(SlotMap::parse(text("OK"), kAsked));
  EXPECT_FALSE(SlotMap::parse(list({number(1)}), kAsked));
  EXPECT_FALSE(SlotMap::parse(list({range(0, 16'384, "h", 1)}), kAsked));
  EXPECT_FALSE(SlotMap::parse(list({range(-1, 5, "h", 1)}), kAsked));
  EXPECT_FALSE(SlotMap::parse(list({range(5, 1, "h", 1)}), kAsked));
  EXPECT_FALSE(SlotMap::parse(list({range(0, 5, "h", 0)}), kAsked));
  EXPECT_FALSE(SlotMap::parse(list({list({number(0), number(1), list({})})}), kAsked));
}

TEST(SlotsTest, RedirectsAreRead) {
  const auto moved = parse_moved("MOVED 3999 127.0.0.1:6381");
  ASSERT_TRUE(moved);
  EXPECT_EQ(moved->slot, 3'999);
  EXPECT_EQ(moved->to, (Endpoint{"127.0.0.1", 6381}));
  EXPECT_EQ(parse_moved("MOVED 1 ::1:6381")->to, (Endpoint{"::1", 6381}));
  for (const char* other :
       {"", "MOVED", "MOVED 3999", "MOVED 16384 h:1", "MOVED 1 h:0", "MOVED 1 h:99999", "MOVED 1 h",
        "MOVED x h:1", "ASK 3999 127.0.0.1:6381"}) {
    EXPECT_FALSE(parse_moved(other)) << other;
  }
}

}  // namespace
}  // namespace knotos::adapters::redis
