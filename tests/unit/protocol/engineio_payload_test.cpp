#include "protocol/engineio/payload.hpp"

#include "unit/protocol/random.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace knotos::engineio {
namespace {

using testing::ElementsAre;
using testing::ElementsAreArray;

using Lines = std::vector<std::string>;

constexpr auto kFault = "malformed";

/// The packets as lines to read; the last line says if there was a fault.
Lines decoded(std::string_view body) {
  PayloadDecoder decoder(body);
  Lines lines;
  while (const auto packet = decoder.next()) {
    const auto kind = packet->is_binary ? std::string("b") : std::string(1, digit_of(packet->type));
    lines.push_back(kind + ' ' + std::string(packet->data));
  }
  EXPECT_EQ(decoder.next(), std::nullopt) << "Nothing follows the end.";
  if (decoder.is_malformed()) lines.emplace_back(kFault);
  return lines;
}

TEST(PayloadTest, PacketsComeInTheirOrder) {
  EXPECT_THAT(decoded("4hello"), ElementsAre("4 hello"));
  EXPECT_THAT(decoded("4a\x1e"
                      "3\x1e"
                      "bAQI=\x1e"
                      "4\x1e"
                      "1"),
              ElementsAre("4 a", "3 ", "b \x01\x02", "4 ", "1 "));
}

TEST(PayloadTest, AnEmptyBodyIsAFault) { EXPECT_THAT(decoded(""), ElementsAre(kFault)); }

TEST(PayloadTest, ASeparatorAtEitherEndOrTwoInARowAreFaults) {
  EXPECT_THAT(decoded("\x1e"), ElementsAre(kFault));
  EXPECT_THAT(decoded("\x1e"
                      "4a"),
              ElementsAre(kFault));
  EXPECT_THAT(decoded("4a\x1e"), ElementsAre("4 a", kFault));
  EXPECT_THAT(decoded("4a\x1e\x1e"
                      "4b"),
              ElementsAre("4 a", kFault));
}

TEST(PayloadTest, AnUnknownTypeIsAFaultAndNothingBehindItIsLookedAt) {
  for (const std::string bad : {"7", "9abc", "x", "B", " 4", "-1", "{}"}) {
    EXPECT_THAT(decoded("4a\x1e" + bad +
                        "\x1e"
                        "4b"),
                ElementsAre("4 a", kFault))
        << bad;
  }
}

TEST(PayloadTest, BinaryIsBase64AndABareLetterIsAnEmptyBuffer) {
  EXPECT_THAT(decoded("b\x1e"
                      "b"),
              ElementsAre("b ", "b "));
  EXPECT_THAT(decoded("b!!!!"), ElementsAre(kFault));
  EXPECT_THAT(decoded("bAAA=\x1e"
                      "bAA"),
              ElementsAre(std::string("b \0\0", 4), kFault));
}

TEST(PayloadTest, WhatIsNotUtf8GivesNoPacketAtAll) {
  for (const std::string bad : {"\xff", "\xc3(", "\xed\xa0\x80", "\xc0\x80", "\xf4\x90\x80\x80"}) {
    EXPECT_THAT(decoded("4a\x1e"
                        "4" +
                        bad),
                ElementsAre(kFault));
  }
  EXPECT_THAT(decoded("4é€😀"), ElementsAre("4 é€😀"));
}

TEST(PayloadTest, ACharacterIsNeverCutByTheSeparator) {
  // No byte of a longer character is below 0x80.
  EXPECT_THAT(decoded("4\xc2\x9e\x1e"
                      "4\xe2\x80\x9e"),
              ElementsAre("4 \xc2\x9e", "4 \xe2\x80\x9e"));
}

TEST(PayloadTest, AppendingPutsSeparatorsBetweenPacketsOnly) {
  std::string payload;
  append_text_packet(payload, "4a");
  EXPECT_EQ(payload, "4a");
  append_binary_packet(payload, std::string_view("\x01\x02\x03\x04"));
  append_binary_packet(payload, "");
  append_text_packet(payload, "2");
  EXPECT_EQ(payload,
            "4a\x1e"
            "bAQIDBA==\x1e"
            "b\x1e"
            "2");
}

TEST(PayloadTest, Base64PacketsArePadded) {
  EXPECT_EQ(encode_base64_packet(""), "b");
  EXPECT_EQ(encode_base64_packet("\xfb\xff"), "b+/8=");
}

struct Joined {
  std::string payload;
  Lines lines;
};

Joined random_payload(test::Random& random) {
  Joined joined;
  for (std::size_t left = 1 + random.below(20); left > 0; --left) {
    if (random.one_in(3)) {
      const auto bytes = random.bytes(random.below(200));
      append_binary_packet(joined.payload, bytes);
      joined.lines.push_back("b " + bytes);
    } else {
      const auto text = random.text(random.below(100));
      const auto type = static_cast<char>('0' + random.below(7));
      append_text_packet(joined.payload, type + text);
      joined.lines.push_back(std::string(1, type) + ' ' + text);
    }
  }
  return joined;
}

TEST(PayloadPropertyTest, WhatWasJoinedComesApartAsItWas) {
  test::Random random;
  for (int round = 0; round < 500; ++round) {
    const auto joined = random_payload(random);
    ASSERT_EQ(decoded(joined.payload), joined.lines) << "seed " << random.seed();
  }
}

TEST(PayloadPropertyTest, OfABodyThatWasCutShortOnlyWholePacketsAndABeginOfOneComeOut) {
  test::Random random;
  for (int round = 0; round < 200; ++round) {
    const auto joined = random_payload(random);
    const auto cut = random.below(joined.payload.size());
    auto lines = decoded(std::string_view(joined.payload).substr(0, cut));
    ASSERT_LE(lines.size(), joined.lines.size() + 1) << "seed " << random.seed();
    // The last line is the fault or the packet that was cut.
    lines.pop_back();
    const auto whole = static_cast<std::ptrdiff_t>(lines.size());
    ASSERT_THAT(lines, ElementsAreArray(joined.lines.begin(), joined.lines.begin() + whole))
        << "seed " << random.seed();
  }
}

}  // namespace
}  // namespace knotos::engineio
