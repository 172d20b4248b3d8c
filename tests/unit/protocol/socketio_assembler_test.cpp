#include "protocol/socketio/assembler.hpp"

#include "support/allocations.hpp"
#include "unit/protocol/socketio_names.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace knotos::socketio {
namespace {

using testing::ElementsAre;

using Outcome = Assembler::Outcome;

constexpr auto kPlaceholder = R"({"_placeholder":true,"num":0})";

/// A link's decoder and assembler, one behind the other.
class AssemblerTest : public testing::Test {
 protected:
  /// The fault of a text, in the decoder or behind it; nullopt: none.
  [[nodiscard]] std::optional<Fault> text(std::string_view text) {
    Packet packet;
    if (const auto decoded = decode(text, {}, packet); !decoded) return decoded.error();
    const auto taken = assembler.text(packet);
    if (!taken) return taken.error();
    outcome = *taken;
    return std::nullopt;
  }
  [[nodiscard]] std::optional<Fault> binary(std::string_view bytes) {
    const auto taken = assembler.binary(bytes);
    if (!taken) return taken.error();
    outcome = *taken;
    return std::nullopt;
  }

  Assembler assembler{{.bytes_max = 100}};
  Outcome outcome = Outcome::passes;
};

TEST_F(AssemblerTest, PacketsWithoutAttachmentsPass) {
  for (const std::string_view packet : {"0", "1", R"(2["x"])", "31[]"}) {
    EXPECT_EQ(text(packet), std::nullopt);
    EXPECT_EQ(outcome, Outcome::passes);
    EXPECT_FALSE(assembler.is_collecting());
  }
}

TEST_F(AssemblerTest, AnEventIsCompleteWithItsLastAttachment) {
  ASSERT_EQ(
      text(R"(52-/files,7["up",{"_placeholder":true,"num":1},"x",{"num":0,"_placeholder":true}])"),
      std::nullopt);
  EXPECT_EQ(outcome, Outcome::collects);
  EXPECT_TRUE(assembler.is_collecting());
  ASSERT_EQ(binary("first"), std::nullopt);
  EXPECT_EQ(outcome, Outcome::collects);
  EXPECT_EQ(assembler.collected_bytes(), 5U);
  ASSERT_EQ(binary(""), std::nullopt);
  EXPECT_EQ(outcome, Outcome::complete);

  const auto packet = assembler.take();
  EXPECT_EQ(packet.type, PacketType::binary_event);
  EXPECT_EQ(packet.name_space, "/files");
  EXPECT_EQ(packet.ack_id, 7U);
  EXPECT_EQ(packet.event, "up");
  EXPECT_THAT(packet.attachments, ElementsAre("first", ""));
  std::vector<std::string> arguments;
  for (const auto& [begin, end] : packet.arguments) {
    arguments.push_back(packet.payload.substr(begin, end - begin));
  }
  EXPECT_THAT(arguments, ElementsAre(R"({"_placeholder":true,"num":1})", "\"x\"",
                                     R"({"num":0,"_placeholder":true})"));
  EXPECT_FALSE(assembler.is_collecting());
  EXPECT_EQ(assembler.collected_bytes(), 0U);
}

TEST_F(AssemblerTest, WhatItKeepsOutlivesTheTextsItCameFrom) {
  {
    std::string short_lived = std::string(R"(61-/a,5[)") + kPlaceholder + "]";
    ASSERT_EQ(text(short_lived), std::nullopt);
    short_lived.assign(short_lived.size(), '#');
  }
  {
    std::string bytes = "attached";
    ASSERT_EQ(binary(bytes), std::nullopt);
    bytes.assign(bytes.size(), '#');
  }
  const auto packet = assembler.take();
  EXPECT_EQ(packet.type, PacketType::binary_ack);
  EXPECT_EQ(packet.name_space, "/a");
  EXPECT_EQ(packet.payload, std::string("[") + kPlaceholder + "]");
  EXPECT_EQ(packet.event, "");
  EXPECT_THAT(packet.attachments, ElementsAre("attached"));
}

TEST_F(AssemblerTest, CountsOfOneToTenAreCollectedAndNoOthers) {
  for (const int count : {1, 2, 9, 10}) {
    ASSERT_EQ(text('5' + std::to_string(count) + R"(-["x"])"), std::nullopt) << count;
    for (int i = 0; i < count; ++i) {
      EXPECT_EQ(outcome, Outcome::collects);
      ASSERT_EQ(binary(std::to_string(i)), std::nullopt);
    }
    ASSERT_EQ(outcome, Outcome::complete);
    EXPECT_EQ(assembler.take().attachments.size(), static_cast<std::size_t>(count));
  }
  EXPECT_EQ(text(R"(50-["x"])"), Fault::bad_attachment_count);
  EXPECT_EQ(text(R"(511-["x"])"), Fault::too_many_attachments);
  EXPECT_FALSE(assembler.is_collecting());
}

TEST_F(AssemblerTest, BinaryThatIsNotDueIsAFault) {
  EXPECT_EQ(binary("x"), Fault::unexpected_binary);
  ASSERT_EQ(text(R"(51-["x"])"), std::nullopt);
  ASSERT_EQ(binary("x"), std::nullopt);
  EXPECT_EQ(binary("one too many"), Fault::unexpected_binary);
  static_cast<void>(assembler.take());
  EXPECT_EQ(binary("x"), Fault::unexpected_binary);
}

TEST_F(AssemblerTest, NoTextMayComeBetweenAttachments) {
  for (const std::string_view between : {"0", "1", R"(2["x"])", "31[]", R"(51-["x"])"}) {
    Assembler fresh{AssemblerLimits{}};
    assembler = fresh;
    ASSERT_EQ(text(R"(52-["x"])"), std::nullopt);
    ASSERT_EQ(binary("a"), std::nullopt);
    EXPECT_EQ(text(between), Fault::interrupted_attachments) << between;
  }
}

TEST_F(AssemblerTest, TheBytesOfAllAttachmentsTogetherAreLimited) {
  ASSERT_EQ(text(R"(53-["x"])"), std::nullopt);
  ASSERT_EQ(binary(std::string(60, 'a')), std::nullopt);
  ASSERT_EQ(binary(std::string(40, 'b')), std::nullopt);
  EXPECT_EQ(assembler.collected_bytes(), 100U);
  EXPECT_EQ(binary("c"), Fault::attachments_too_big);
  EXPECT_EQ(assembler.collected_bytes(), 100U);
}

TEST_F(AssemblerTest, TheLimitCountsAnewForEveryPacket) {
  for (int round = 0; round < 3; ++round) {
    ASSERT_EQ(text(R"(51-["x"])"), std::nullopt);
    ASSERT_EQ(binary(std::string(100, 'a')), std::nullopt);
    static_cast<void>(assembler.take());
  }
}

TEST_F(AssemblerTest, PlaceholdersMustNameAnAttachment) {
  for (const std::string num : {"0.5", "\"0\"", "-1", "2", "5", "1e9", "1e0", "1.0", "-0", "true",
                                "null", "[0]", "{}", "\"splice\"", "99999999999999999999999"}) {
    EXPECT_EQ(text(R"(52-["m",{"_placeholder":true,"num":)" + num + "}]"), Fault::bad_placeholder)
        << num;
    EXPECT_FALSE(assembler.is_collecting());
  }
  EXPECT_EQ(text(R"(51-["m",{"_placeholder":true}])"), Fault::bad_placeholder);
  EXPECT_EQ(text(R"(51-["m",[[{"a":{"_placeholder":true,"num":1}}]]])"), Fault::bad_placeholder);
  EXPECT_EQ(text(R"(61-3[{"_placeholder":true,"num":1}])"), Fault::bad_placeholder);
  EXPECT_EQ(text(R"(51-["m",{"\u005fplaceholder":true,"n\u0075m":7}])"), Fault::bad_placeholder);
}

TEST(PlaceholderTest, OnlyAnObjectWithExactlyTrueIsOne) {
  for (const std::string_view payload :
       {R"(["m",{"_placeholder":1,"num":9}])", R"(["m",{"_placeholder":"true","num":9}])",
        R"(["m",{"_placeholder":false,"num":9}])", R"(["m",{"_placeholder":null}])",
        R"(["m",{"_placeholder":{},"num":9}])", R"(["m",{"_placeholder":[true],"num":9}])",
        R"(["m",{"placeholder":true,"num":9}])", R"(["m",{"num":9}])", R"(["_placeholder",true])",
        R"(["m",{"a":"_placeholder","b":true}])", "[]"}) {
    EXPECT_TRUE(placeholders_fit(payload, 1, 96)) << payload;
  }
}

TEST(PlaceholderTest, ExtraKeysAndAttachmentsUsedTwiceOrNeverAreTolerated) {
  EXPECT_TRUE(placeholders_fit(
      R"(["m",{"_placeholder":true,"num":1,"x":[{"_placeholder":true,"num":1}]}])", 3, 96));
  EXPECT_TRUE(placeholders_fit(R"(["m"])", 10, 96));
}

TEST(PlaceholderTest, OfARepeatedKeyTheLastOneCounts) {
  EXPECT_TRUE(placeholders_fit(R"(["m",{"_placeholder":true,"num":9,"num":0}])", 1, 96));
  EXPECT_FALSE(placeholders_fit(R"(["m",{"_placeholder":true,"num":0,"num":9}])", 1, 96));
  EXPECT_TRUE(placeholders_fit(R"(["m",{"_placeholder":true,"_placeholder":0,"num":9}])", 1, 96));
  EXPECT_FALSE(placeholders_fit(R"(["m",{"_placeholder":0,"_placeholder":true,"num":9}])", 1, 96));
}

TEST(PlaceholderTest, WhatIsInsideAPlaceholderSaysNothingOfIt) {
  EXPECT_FALSE(placeholders_fit(R"(["m",{"_placeholder":true,"a":{"num":0}}])", 1, 96));
  EXPECT_FALSE(placeholders_fit(R"(["m",{"_placeholder":true,"num":[0]}])", 1, 96));
  EXPECT_TRUE(placeholders_fit(R"(["m",{"a":{"_placeholder":false},"num":9}])", 1, 96));
}

TEST_F(AssemblerTest, InATextPacketAPlaceholderIsPlainData) {
  EXPECT_EQ(text(R"(2["m",{"_placeholder":true,"num":9}])"), std::nullopt);
  EXPECT_EQ(outcome, Outcome::passes);
}

TEST_F(AssemblerTest, IdleItHasNothingOnTheHeap) {
  Packet packet;
  ASSERT_TRUE(decode(R"(2["x"])", {}, packet));
  const auto before = test::allocations();
  Assembler idle{AssemblerLimits{}};
  for (int i = 0; i < 100; ++i) ASSERT_EQ(idle.text(packet), Outcome::passes);
  EXPECT_EQ(test::allocations().count, before.count);
}

}  // namespace
}  // namespace knotos::socketio
