#include "bench/frames.hpp"

#include "protocol/websocket/decoder.hpp"
#include "protocol/websocket/encoder.hpp"

#include <gtest/gtest.h>

namespace knotos::bench {
namespace {

using websocket::Opcode;

TEST(ServerFrameTest, ReadsWhatOurEncoderWritesAtEveryLengthOfTheHeader) {
  for (const std::size_t size : {0U, 1U, 125U, 126U, 127U, 65'535U, 65'536U, 100'000U}) {
    const std::string payload(size, 'p');
    std::string bytes;
    websocket::append_frame(bytes, Opcode::text, payload);
    const auto whole = bytes.size();
    bytes += "more";
    ServerFrame frame;
    ASSERT_EQ(read_server_frame(bytes, frame), FrameFault::none) << size;
    EXPECT_EQ(frame.payload, payload);
    EXPECT_EQ(frame.opcode, Opcode::text);
    EXPECT_EQ(frame.bytes, whole);
  }
}

TEST(ServerFrameTest, WaitsForTheRestWhereverTheBytesEnd) {
  std::string bytes;
  websocket::append_frame(bytes, Opcode::text, std::string(300, 'p'));
  for (std::size_t end = 0; end < bytes.size(); ++end) {
    ServerFrame frame;
    EXPECT_EQ(read_server_frame(std::string_view(bytes).substr(0, end), frame),
              FrameFault::incomplete);
  }
}

TEST(ServerFrameTest, TakesNoMaskedFragmentedOrEndlessFrame) {
  ServerFrame frame;
  EXPECT_EQ(read_server_frame("\x81\x85____hello", frame), FrameFault::broken);
  EXPECT_EQ(read_server_frame(std::string_view("\x01\x02hi", 4), frame), FrameFault::broken);
  EXPECT_EQ(read_server_frame("\xC1\x02hi", frame), FrameFault::broken);
  EXPECT_EQ(read_server_frame("\x81\x7F\x7F\xFF\xFF\xFF\xFF\xFF\xFF\xFF", frame),
            FrameFault::broken);
}

TEST(ClientFrameTest, IsWhatTheServersDecoderTakes) {
  for (const std::size_t size : {0U, 5U, 126U, 70'000U}) {
    const std::string payload(size, 'x');
    std::string bytes;
    append_client_frame(bytes, Opcode::text, payload, 0x1234'5678);
    websocket::Decoder decoder({.message_bytes_max = 100'000});
    websocket::Scratch scratch;
    std::span<const std::uint8_t> rest(reinterpret_cast<const std::uint8_t*>(bytes.data()),
                                       bytes.size());
    const auto event = decoder.next(rest, scratch);
    ASSERT_TRUE(event) << size;
    const auto* const message = std::get_if<websocket::Message>(&*event);
    ASSERT_NE(message, nullptr) << size;
    EXPECT_TRUE(message->is_text);
    EXPECT_EQ(message->payload, payload);
  }
}

}  // namespace
}  // namespace knotos::bench
