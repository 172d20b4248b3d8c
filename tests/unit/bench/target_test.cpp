#include "bench/target.hpp"

#include <gtest/gtest.h>

namespace knotos::bench {
namespace {

TEST(TargetTest, ReadsHostAndPort) {
  const auto target = parse_target("http://127.0.0.1:8080");
  ASSERT_TRUE(target);
  EXPECT_EQ(target->authority(), "127.0.0.1:8080");
  EXPECT_EQ(target->address.sin_port, htons(8080));
  EXPECT_EQ(target->address.sin_addr.s_addr, htonl(INADDR_LOOPBACK));
}

TEST(TargetTest, TakesTheUsualPortAndALastSlash) {
  EXPECT_EQ(parse_target("http://127.0.0.1").value().port, 80);
  EXPECT_EQ(parse_target("http://127.0.0.1:81/").value().port, 81);
}

TEST(TargetTest, TakesNothingElse) {
  for (const auto* url : {"", "127.0.0.1:80", "https://127.0.0.1", "http://", "http://:80",
                          "http://127.0.0.1:", "http://127.0.0.1:0", "http://127.0.0.1:70000",
                          "http://127.0.0.1:8x", "http://127.0.0.1/path"}) {
    EXPECT_FALSE(parse_target(url)) << url;
  }
}

}  // namespace
}  // namespace knotos::bench
