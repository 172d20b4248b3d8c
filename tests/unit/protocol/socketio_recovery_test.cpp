#include "protocol/socketio/recovery.hpp"

#include <gtest/gtest.h>

#include <random>
#include <string>

namespace knotos::socketio {
namespace {

TEST(OffsetTest, WritesTheShardInTwoDigitsAndTheSequenceInAsFewAsItTakes) {
  EXPECT_EQ(offset_text({.shard = 0, .sequence = 0}), "AAA");
  EXPECT_EQ(offset_text({.shard = 1, .sequence = 63}), "AB_");
  EXPECT_EQ(offset_text({.shard = 65, .sequence = 64}), "BBBA");
  EXPECT_EQ(offset_text({.shard = kOffsetShardsMax - 1, .sequence = 1}), "__B");
}

TEST(OffsetTest, WhatIsWrittenIsReadBackAndKeepsItsOrder) {
  std::mt19937_64 random(5);
  for (int i = 0; i < 2'000; ++i) {
    const Offset offset{.shard = static_cast<std::uint32_t>(random() % kOffsetShardsMax),
                        .sequence = random() >> (4 + random() % 60)};
    EXPECT_EQ(read_offset(offset_text(offset)), offset) << "seed 5, " << i;
  }
}

TEST(OffsetTest, OnlyWhatIsWrittenIsRead) {
  for (const auto* const text : {"", "A", "AA", "AAAA", "AAAB", "AA=", "AA B", "AAB ", " AAB",
                                 "AA+", "AA\x80", "AABAAAAAAAAAA", "12345678901234567890"}) {
    EXPECT_FALSE(read_offset(text)) << text;
  }
}

/// Every text is read as what writes it again, or not at all.
TEST(OffsetTest, ReadingIsTheInverseOfWriting) {
  std::mt19937_64 random(6);
  static constexpr std::string_view kSome = "AB_-z9=/ ";
  for (int i = 0; i < 20'000; ++i) {
    std::string text;
    for (auto size = random() % 6; size > 0; --size) text += kSome[random() % kSome.size()];
    if (const auto offset = read_offset(text)) EXPECT_EQ(offset_text(*offset), text);
  }
}

TEST(ClaimTest, ReadsPidAndOffsetFromTheTopLevelAlone) {
  const auto claim =
      read_claim(R"({"token":{"pid":"no"},"pid":"p","x":[{"offset":1}],"offset":"o"})");
  ASSERT_TRUE(claim);
  EXPECT_EQ(claim->pid, "p");
  EXPECT_EQ(claim->offset, "o");
}

TEST(ClaimTest, WithoutAnOffsetThereIsNone) {
  const auto claim = read_claim(R"({"pid":"p"})");
  ASSERT_TRUE(claim);
  EXPECT_FALSE(claim->offset);
}

TEST(ClaimTest, TheLastOfARepeatedKeyCountsHoweverItIsSpelt) {
  const auto claim = read_claim(R"({"pid":"a","p\u0069d":"b","offset":3,"offset":"o"})");
  ASSERT_TRUE(claim);
  EXPECT_EQ(claim->pid, "b");
  EXPECT_EQ(claim->offset, "o");
}

TEST(ClaimTest, WhatIsNoTextIsNoClaim) {
  for (const auto* const payload :
       {"{}", R"({"pid":1})", R"({"pid":null,"offset":"o"})", R"({"pid":["p"]})",
        R"({"pid":"p","offset":null})", R"({"pid":"p","offset":{"offset":"o"}})",
        R"({"pid":"p","pid":{}})", R"({"offset":"o"})", R"({"a":{"pid":"p"}})"}) {
    EXPECT_FALSE(read_claim(payload)) << payload;
  }
}

}  // namespace
}  // namespace knotos::socketio
