#include "protocol/websocket/decoder.hpp"

#include "unit/protocol/frames.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstring>

namespace knotos::websocket {
namespace {

using test::client_close;
using test::client_frame;
using test::client_text;
using test::decoded;
using test::feed;
using testing::ElementsAre;
using testing::IsEmpty;

using Lines = std::vector<std::string>;

TEST(DecoderTest, ReadsTheExamplesOfTheRfc) {
  // RFC 6455, 5.7: a masked text message that contains "Hello".
  const std::string hello("\x81\x85\x37\xfa\x21\x3d\x7f\x9f\x4d\x51\x58", 11);
  EXPECT_THAT(decoded(hello), ElementsAre("text Hello"));
}

TEST(DecoderTest, ReadsEveryLengthForm) {
  for (const std::size_t size : {0U, 1U, 125U, 126U, 127U, 65'535U, 65'536U, 200'000U}) {
    const std::string payload(size, 'x');
    EXPECT_THAT(decoded(client_frame({.opcode = Opcode::binary}, payload)),
                ElementsAre("binary " + payload))
        << size;
  }
}

TEST(DecoderTest, JoinsFragmentsAndLetsControlFramesThrough) {
  const std::string bytes = client_frame({.opcode = Opcode::text, .is_final = false}, "one ") +
                            client_frame({.opcode = Opcode::ping}, "p") +
                            client_frame({.opcode = Opcode::continuation, .is_final = false}, "") +
                            client_frame({.opcode = Opcode::pong}, "q") +
                            client_frame({.opcode = Opcode::continuation}, "two") +
                            client_text("three");
  EXPECT_THAT(decoded(bytes), ElementsAre("ping p", "pong q", "text one two", "text three"));
}

TEST(DecoderTest, AcceptsACharacterCutBetweenFragments) {
  const std::string bytes = client_frame({.opcode = Opcode::text, .is_final = false}, "\xe2\x82") +
                            client_frame({.opcode = Opcode::continuation}, "\xac");
  EXPECT_THAT(decoded(bytes), ElementsAre("text €"));
}

TEST(DecoderTest, RefusesTextThatIsNotUtf8) {
  for (const auto* payload :
       {"\xff", "\xc0\xaf", "\xed\xa0\x80", "\xe2\x82", "ok\xf4\x90\x80\x80"}) {
    EXPECT_THAT(decoded(client_text(payload)), ElementsAre("failure 1007")) << payload;
    EXPECT_THAT(decoded(client_frame({.opcode = Opcode::binary}, payload)),
                ElementsAre(std::string("binary ") + payload));
  }
}

TEST(DecoderTest, RefusesFramesThatBreakTheRules) {
  struct Row {
    const char* what;
    std::string bytes;
  };
  const std::vector<Row> rows{
      {"not masked",
       {"\x81\x01"
        "a",
        3}},
      {"RSV1", {"\xc1\x80", 2}},
      {"RSV2", {"\xa1\x80", 2}},
      {"RSV3", {"\x91\x80", 2}},
      {"opcode 3", {"\x83\x80", 2}},
      {"opcode 7", {"\x87\x80", 2}},
      {"opcode 11", {"\x8b\x80", 2}},
      {"opcode 15", {"\x8f\x80", 2}},
      {"fragmented ping", {"\x09\x80", 2}},
      {"fragmented close", {"\x08\x80", 2}},
      {"ping of 126 bytes", {"\x89\xfe", 2}},
      {"close of 64-bit length", {"\x88\xff", 2}},
      {"continuation of nothing", {"\x80\x80", 2}},
      {"16-bit length of 125", {"\x81\xfe\x00\x7d\x01\x02\x03\x04", 8}},
      {"64-bit length of 65535", {"\x81\xff\x00\x00\x00\x00\x00\x00\xff\xff\x01\x02\x03\x04", 14}},
      {"negative length", {"\x81\xff\x80\x00\x00\x00\x00\x00\x00\x00\x01\x02\x03\x04", 14}},
      {"message inside a message",
       client_frame({.opcode = Opcode::text, .is_final = false}, "a") + client_text("b")},
  };
  for (const auto& row : rows) {
    EXPECT_THAT(decoded(row.bytes), ElementsAre("failure 1002")) << row.what;
  }
}

TEST(DecoderTest, AMessageMayBeExactlyAsBigAsTheLimit) {
  const DecoderLimits limits{.message_bytes_max = 10, .fragments_max = 4};
  EXPECT_THAT(decoded(client_text("0123456789"), limits), ElementsAre("text 0123456789"));
  EXPECT_THAT(decoded(client_text("0123456789A"), limits), ElementsAre("failure 1009"));

  const auto first = client_frame({.opcode = Opcode::text, .is_final = false}, "01234");
  EXPECT_THAT(decoded(first + client_frame({.opcode = Opcode::continuation}, "56789"), limits),
              ElementsAre("text 0123456789"));
  EXPECT_THAT(decoded(first + client_frame({.opcode = Opcode::continuation}, "56789A"), limits),
              ElementsAre("failure 1009"));
}

TEST(DecoderTest, RefusesABigMessageBeforeItsBytesHaveCome) {
  Decoder decoder(DecoderLimits{});
  Scratch scratch;
  const auto header = client_frame({}, std::string(1'000'001, 'x')).substr(0, 14);
  EXPECT_THAT(feed(decoder, scratch, header), ElementsAre("failure 1009"));
  EXPECT_EQ(scratch.capacity(), 0U);
}

TEST(DecoderTest, SurvivesTheLargestLength) {
  const std::string bytes("\x81\xff\x7f\xff\xff\xff\xff\xff\xff\xff\x01\x02\x03\x04", 14);
  EXPECT_THAT(decoded(bytes), ElementsAre("failure 1009"));
  EXPECT_THAT(decoded(client_frame({.opcode = Opcode::text, .is_final = false}, "a") +
                      std::string("\x80\xff\x7f\xff\xff\xff\xff\xff\xff\xff\x01\x02\x03\x04", 14)),
              ElementsAre("failure 1009"));
}

TEST(DecoderTest, CountsFragments) {
  const DecoderLimits limits{.message_bytes_max = 100, .fragments_max = 3};
  std::string bytes = client_frame({.opcode = Opcode::text, .is_final = false}, "a") +
                      client_frame({.opcode = Opcode::continuation, .is_final = false}, "b");
  EXPECT_THAT(decoded(bytes + client_frame({.opcode = Opcode::continuation}, "c"), limits),
              ElementsAre("text abc"));
  bytes += client_frame({.opcode = Opcode::continuation, .is_final = false}, "");
  EXPECT_THAT(decoded(bytes, limits), IsEmpty());
  EXPECT_THAT(decoded(bytes + client_frame({.opcode = Opcode::continuation}, ""), limits),
              ElementsAre("failure 1009"));
}

TEST(DecoderTest, ReadsCloseFrames) {
  EXPECT_THAT(decoded(client_close("")), ElementsAre("close 0 "));
  EXPECT_THAT(decoded(client_close({"\x03\xe8", 2})), ElementsAre("close 1000 "));
  EXPECT_THAT(decoded(client_close("\x03\xe9going")), ElementsAre("close 1001 going"));
  EXPECT_THAT(decoded(client_close("\x0b\xb8" + std::string(123, 'r'))),
              ElementsAre("close 3000 " + std::string(123, 'r')));
}

TEST(DecoderTest, RefusesCloseFramesThatAreNone) {
  EXPECT_THAT(decoded(client_close("\x03")), ElementsAre("failure 1002"));
  EXPECT_THAT(decoded(client_close("\x03\xe8\xff")), ElementsAre("failure 1007"));
}

TEST(DecoderTest, KnowsTheCloseCodesThatMayBeSent) {
  const auto line_for = [](unsigned code) {
    const std::string payload{static_cast<char>(code >> 8U), static_cast<char>(code & 0xFFU)};
    return decoded(client_close(payload)).at(0);
  };
  for (const unsigned code : {1000U, 1001U, 1002U, 1003U, 1007U, 1008U, 1009U, 1010U, 1011U, 1012U,
                              1013U, 1014U, 3000U, 3999U, 4000U, 4999U}) {
    EXPECT_EQ(line_for(code), "close " + std::to_string(code) + " ");
  }
  for (const unsigned code :
       {0U, 999U, 1004U, 1005U, 1006U, 1015U, 1016U, 1100U, 2000U, 2999U, 5000U, 65'535U}) {
    EXPECT_EQ(line_for(code), "failure 1002") << code;
  }
}

TEST(DecoderTest, SaysNothingAfterTheEnd) {
  Decoder decoder(DecoderLimits{});
  Scratch scratch;
  EXPECT_THAT(feed(decoder, scratch, client_close("") + client_text("late")),
              ElementsAre("close 0 "));
  EXPECT_TRUE(decoder.has_ended());
  auto rest = as_octets("more");
  EXPECT_FALSE(decoder.next(rest, scratch));
  EXPECT_TRUE(rest.empty());
}

TEST(DecoderTest, HoldsNothingWhileIdle) {
  Decoder decoder(DecoderLimits{});
  Scratch scratch;
  const std::string payload(5000, 'x');
  const auto bytes = client_text(payload);
  EXPECT_EQ(decoder.buffered_bytes(), 0U);
  EXPECT_THAT(feed(decoder, scratch, bytes), ElementsAre("text " + payload));
  EXPECT_EQ(decoder.buffered_bytes(), 0U) << "A complete frame is not buffered.";

  EXPECT_THAT(feed(decoder, scratch, std::string_view(bytes).substr(0, 4000)), IsEmpty());
  EXPECT_GE(decoder.buffered_bytes(), 3900U);
  EXPECT_THAT(feed(decoder, scratch, std::string_view(bytes).substr(4000)),
              ElementsAre("text " + payload));
  EXPECT_EQ(decoder.buffered_bytes(), 0U);

  EXPECT_THAT(feed(decoder, scratch, client_frame({.is_final = false}, payload)), IsEmpty());
  EXPECT_GE(decoder.buffered_bytes(), payload.size());
  EXPECT_THAT(feed(decoder, scratch, client_frame({.opcode = Opcode::continuation}, "")),
              ElementsAre("text " + payload));
  EXPECT_EQ(decoder.buffered_bytes(), 0U);

  EXPECT_THAT(feed(decoder, scratch, client_frame({.is_final = false}, payload)), IsEmpty());
  EXPECT_THAT(feed(decoder, scratch, client_close("")), ElementsAre("close 0 "));
  EXPECT_EQ(decoder.buffered_bytes(), 0U) << "The end gives everything back.";
}

TEST(DecoderTest, GrowsByWhatHasComeAndNotByWhatWasAnnounced) {
  Decoder decoder(DecoderLimits{});
  Scratch scratch;
  const auto bytes = client_text(std::string(1'000'000, 'x'));
  EXPECT_THAT(feed(decoder, scratch, std::string_view(bytes).substr(0, 14 + 100)), IsEmpty());
  EXPECT_LE(decoder.buffered_bytes(), 256U);
}

TEST(DecoderTest, OneScratchServesManyDecoders) {
  Scratch scratch;
  Decoder ann(DecoderLimits{});
  Decoder bob(DecoderLimits{});
  const auto from_ann = client_text("from ann, " + std::string(100, 'a'));
  const auto from_bob = client_text("from bob");
  for (std::size_t i = 0; i + 1 < from_ann.size(); ++i) {
    EXPECT_THAT(feed(ann, scratch, std::string_view(from_ann).substr(i, 1)), IsEmpty());
    EXPECT_THAT(feed(bob, scratch, from_bob), ElementsAre("text from bob"));
  }
  EXPECT_THAT(feed(ann, scratch, std::string_view(from_ann).substr(from_ann.size() - 1)),
              ElementsAre("text from ann, " + std::string(100, 'a')));
}

TEST(MaskTest, EveryOffsetAndLengthIsThatOfTheRfc) {
  const std::array<std::uint8_t, 4> wire{0x12, 0x34, 0x56, 0x78};
  MaskKey key = 0;
  std::memcpy(&key, wire.data(), sizeof key);
  std::array<std::uint8_t, 40> in{};
  for (std::size_t i = 0; i < in.size(); ++i) in[i] = static_cast<std::uint8_t>(i * 7);
  for (std::size_t size = 0; size <= in.size(); ++size) {
    for (std::size_t offset = 0; offset < 9; ++offset) {
      std::array<std::uint8_t, 40> out{};
      apply_mask(std::span(in).first(size), out.data(), key, offset);
      for (std::size_t i = 0; i < size; ++i) {
        ASSERT_EQ(out[i], in[i] ^ wire[(offset + i) % 4]) << size << " " << offset;
      }
    }
  }
}

}  // namespace
}  // namespace knotos::websocket
