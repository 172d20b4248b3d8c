#include "protocol/websocket/encoder.hpp"

#include <gtest/gtest.h>

#include <simdjson.h>

namespace knotos::websocket {
namespace {

std::string bytes_of(std::initializer_list<unsigned> bytes) {
  std::string out;
  for (const unsigned byte : bytes) out += static_cast<char>(byte);
  return out;
}

TEST(EncoderTest, HeadersAreTheShortest) {
  EXPECT_EQ(frame_header(Opcode::text, 0).text(), bytes_of({0x81, 0}));
  EXPECT_EQ(frame_header(Opcode::text, 125).text(), bytes_of({0x81, 125}));
  EXPECT_EQ(frame_header(Opcode::binary, 126).text(), bytes_of({0x82, 126, 0, 126}));
  EXPECT_EQ(frame_header(Opcode::binary, 65'535).text(), bytes_of({0x82, 126, 0xFF, 0xFF}));
  EXPECT_EQ(frame_header(Opcode::binary, 65'536).text(),
            bytes_of({0x82, 127, 0, 0, 0, 0, 0, 1, 0, 0}));
  EXPECT_EQ(frame_header(Opcode::text, 0x0102030405060708U).text(),
            bytes_of({0x81, 127, 1, 2, 3, 4, 5, 6, 7, 8}));
  EXPECT_EQ(frame_header(Opcode::text, 7).span().size(), 2U);
}

TEST(EncoderTest, FramesAreAppended) {
  std::string out = "before";
  append_frame(out, Opcode::pong, "Hello");
  EXPECT_EQ(out, "before" + bytes_of({0x8A, 5}) + "Hello");
}

TEST(EncoderTest, CloseFramesCarryCodeAndReason) {
  std::string out;
  append_close_frame(out, CloseCode::going_away, "restart");
  EXPECT_EQ(out, bytes_of({0x88, 9, 0x03, 0xE9}) + "restart");
}

TEST(EncoderTest, ACloseFrameWithoutCodeHasNoReasonEither) {
  std::string out;
  append_close_frame(out, 0, "not sent");
  EXPECT_EQ(out, bytes_of({0x88, 0}));
}

TEST(EncoderTest, ALongReasonIsCutBetweenCharacters) {
  // 123 bytes fit. A euro sign has three: after n letters, the sign that crosses the edge goes.
  for (std::size_t letters = 0; letters < 6; ++letters) {
    std::string reason(letters, 'r');
    for (int i = 0; i < 60; ++i) reason += "€";
    std::string out;
    append_close_frame(out, CloseCode::policy_violation, reason);
    const auto kept = out.substr(4);
    EXPECT_EQ(static_cast<unsigned char>(out[1]), 2 + kept.size());
    EXPECT_LE(kept.size(), 123U);
    EXPECT_GE(kept.size(), 121U);
    EXPECT_TRUE(reason.starts_with(kept));
    EXPECT_TRUE(simdjson::validate_utf8(kept));
  }
}

}  // namespace
}  // namespace knotos::websocket
