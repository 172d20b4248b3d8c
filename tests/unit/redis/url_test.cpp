#include "adapters/redis/url.hpp"
#include "adapters/redis/channel_names.hpp"
#include "adapters/redis/resp.hpp"

#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace knotos::adapters::redis {
namespace {

TEST(RedisUrlTest, EveryPartIsRead) {
  const auto url = parse_url("rediss://ann:p%40ss%2F@example.org:7000/5");
  ASSERT_TRUE(url);
  EXPECT_TRUE(url->is_tls);
  EXPECT_EQ(url->user, "ann");
  EXPECT_EQ(url->password, "p@ss/");
  EXPECT_EQ(url->endpoint, (Endpoint{"example.org", 7000}));
  EXPECT_EQ(url->database, 5U);
  EXPECT_EQ(url->shown(), "rediss://example.org:7000/5");
  const auto plain = parse_url("redis://:secret@[::1]");
  ASSERT_TRUE(plain);
  EXPECT_EQ(plain->user, "");
  EXPECT_EQ(plain->password, "secret");
  EXPECT_EQ(plain->shown(), "redis://[::1]:6379/0");
}

TEST(RedisUrlTest, AClusterIsWhoMayTellOfIt) {
  const auto url = parse_url("rediss-cluster://:secret@a:1,[::1]:2,c");
  ASSERT_TRUE(url);
  EXPECT_TRUE(url->is_tls);
  EXPECT_EQ(url->seeds, (std::vector<Endpoint>{{"a", 1}, {"::1", 2}, {"c", 6379}}));
  EXPECT_EQ(url->password, "secret");
  EXPECT_EQ(url->shown(), "rediss-cluster://a:1,[::1]:2,c:6379");
  EXPECT_TRUE(parse_url("redis-cluster://a/0"));
  for (const char* text : {"redis-cluster://", "redis-cluster://a,,b", "redis-cluster://a/1",
                           "redis-cluster://:secret@", "redis://a,b:1"}) {
    const auto none = parse_url(text);
    ASSERT_FALSE(none) << text;
    EXPECT_EQ(none.error().find("secret"), std::string::npos) << none.error();
  }
}

TEST(RedisUrlTest, WhatIsNoneIsRefusedWithoutItsPassword) {
  for (const char* text :
       {"", "redis", "http://secret", "redis://", "redis://:secret@", "redis://h:0",
        "redis://h:65536", "redis://h:secret", "redis://h/secret", "redis://[::1", "redis://u@h",
        "redis://u:%zz@h", "redis://u:%4@h", "redis://h/99999999999"}) {
    const auto url = parse_url(text);
    ASSERT_FALSE(url) << text;
    EXPECT_EQ(url.error().find("secret"), std::string::npos) << url.error();
  }
}

TEST(ChannelNamesTest, NamesAreThoseOfTheContract) {
  const auto id = Uuid::parse("0b3ad1b2-6f0f-4d3c-9a5e-3f1f6f1d2c3b").value();
  const ports::BusChannel chat{.kind = ports::ChannelKind::chat, .id = id};
  EXPECT_EQ(name_of(chat), "channel:chat:0b3ad1b2-6f0f-4d3c-9a5e-3f1f6f1d2c3b");
  EXPECT_EQ(parse_channel(name_of(chat)), chat);
  for (const char* name : {"", "channel:", "channel:chat:", "channel:chat:x", "channel:room:1"}) {
    EXPECT_FALSE(parse_channel(name)) << name;
  }
}

TEST(ReplyReaderTest, RepliesAreTheSameHoweverTheBytesAreCut) {
  const std::string bytes = "+OK\r\n:7\r\n$-1\r\n-ERR no\r\n*2\r\n$1\r\na\r\n*1\r\n:1\r\n";
  for (std::size_t cut = 0; cut <= bytes.size(); ++cut) {
    ReplyReader reader(1'000);
    std::vector<Reply> replies;
    for (const auto& part : {bytes.substr(0, cut), bytes.substr(cut)}) {
      reader.feed(part);
      for (auto reply = reader.next(); reply && *reply; reply = reader.next()) {
        replies.push_back(**reply);
      }
    }
    ASSERT_EQ(replies.size(), 5U) << cut;
    EXPECT_EQ(replies[0].text, "OK");
    EXPECT_EQ(replies[1].number, 7);
    EXPECT_EQ(replies[2].kind, Reply::Kind::none);
    EXPECT_TRUE(replies[3].is_error());
    EXPECT_EQ(replies[4].items[1].items[0].number, 1);
  }
}

TEST(ReplyReaderTest, WhatIsNoReplyOrTooMuchIsAFault) {
  ReplyReader reader(1'000);
  reader.feed("HTTP/1.1 400 Bad Request\r\n\r\n");
  EXPECT_FALSE(reader.next());
  ReplyReader small(10);
  small.feed("$100\r\nsome of it, and more of it");
  EXPECT_FALSE(small.next());
}

}  // namespace
}  // namespace knotos::adapters::redis
