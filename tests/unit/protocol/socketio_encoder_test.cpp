#include "protocol/socketio/encoder.hpp"
#include "protocol/socketio/packet.hpp"

#include "support/allocations.hpp"
#include "unit/protocol/random.hpp"
#include "unit/protocol/socketio_names.hpp"

#include <gtest/gtest.h>

#include <limits>

namespace knotos::socketio {
namespace {

using Arguments = std::vector<std::string_view>;

std::string event(const EventHeader& header, std::string_view name, const Arguments& arguments) {
  std::string out;
  append_event(out, header, name, arguments);
  return out;
}

std::string ack(const AckHeader& header, const Arguments& arguments) {
  std::string out;
  append_ack(out, header, arguments);
  return out;
}

TEST(EncoderTest, EventsAreANameAndTheArgumentsAsTheyAre) {
  EXPECT_EQ(event({}, "message", {}), R"(2["message"])");
  EXPECT_EQ(event({}, "message", {"1", "{\"a\": 2}", "null"}), R"(2["message",1,{"a": 2},null])");
}

TEST(EncoderTest, TheMainNameSpaceIsLeftOutAndOthersEndInAComma) {
  EXPECT_EQ(event({.name_space = "/chat"}, "x", {}), R"(2/chat,["x"])");
  EXPECT_EQ(event({.name_space = "/chat", .ack_id = 0}, "x", {"1"}), R"(2/chat,0["x",1])");
  EXPECT_EQ(ack({.name_space = "/chat", .ack_id = 12}, {}), "3/chat,12[]");
}

TEST(EncoderTest, AckIdsAreWrittenWhole) {
  EXPECT_EQ(event({.ack_id = 0}, "x", {}), R"(20["x"])");
  EXPECT_EQ(ack({.ack_id = 0}, {"true", "[]"}), "30[true,[]]");
  EXPECT_EQ(ack({.ack_id = std::numeric_limits<std::uint64_t>::max()}, {}),
            "318446744073709551615[]");
}

TEST(EncoderTest, AttachmentsMakeThePacketABinaryOne) {
  EXPECT_EQ(event({.attachments = 1}, "f", {R"({"_placeholder":true,"num":0})"}),
            R"(51-["f",{"_placeholder":true,"num":0}])");
  EXPECT_EQ(event({.name_space = "/a", .ack_id = 3, .attachments = 10}, "f", {}),
            R"(510-/a,3["f"])");
  EXPECT_EQ(ack({.name_space = "/a", .ack_id = 3, .attachments = 2}, {"1"}), "62-/a,3[1]");
}

TEST(EncoderTest, NamesAreEscaped) {
  EXPECT_EQ(event({}, "a\"b\\c\nd\x01é😀", {}), R"(2["a\"b\\c\nd\u0001é😀"])");
}

TEST(EncoderTest, ConnectTellsTheSidAndWithRecoveryThePid) {
  std::string out;
  append_connect(out, "/", "abc");
  EXPECT_EQ(out, R"(0{"sid":"abc"})");
  out.clear();
  append_connect(out, "/admin", "abc", "def");
  EXPECT_EQ(out, R"(0/admin,{"sid":"abc","pid":"def"})");
}

TEST(EncoderTest, ConnectErrorHasDataOnlyWhereThereIsSome) {
  std::string out;
  append_connect_error(out, "/nope", "Invalid namespace");
  EXPECT_EQ(out, R"(4/nope,{"message":"Invalid namespace"})");
  out.clear();
  append_connect_error(out, "/custom?token=1", "no \"é\"", R"({"code":1})");
  EXPECT_EQ(out, R"(4/custom?token=1,{"message":"no \"é\"","data":{"code":1}})");
}

TEST(EncoderTest, DisconnectIsATypeAndANameSpace) {
  std::string out;
  append_disconnect(out, "/");
  EXPECT_EQ(out, "1");
  append_disconnect(out = "4", "/admin");
  EXPECT_EQ(out, "41/admin,");
}

TEST(EncoderTest, EverythingIsAppendedBehindWhatIsThere) {
  std::string out = "4";
  append_event(out, {}, "x", Arguments{});
  EXPECT_EQ(out, R"(42["x"])");
  append_ack(out, {.ack_id = 1}, Arguments{});
  append_connect(out, "/", "s");
  append_connect_error(out, "/", "m");
  EXPECT_EQ(out, R"(42["x"]31[]0{"sid":"s"}4{"message":"m"})");
}

TEST(EncoderTest, AnEventOfPlainTextIsOneAllocation) {
  const std::string argument = '"' + std::string(10'000, 'a') + '"';
  const Arguments arguments{argument, argument};
  std::string out;
  const auto before = test::allocations();
  append_event(out, {.name_space = "/chat", .ack_id = 12'345}, "message", arguments);
  EXPECT_EQ(test::allocations().count, before.count + 1);
}

/// JSON texts as a client might write them, to be passed on byte by byte.
std::string random_json(test::Random& random, int depth) {
  static constexpr const char* kScalars[] = {"0",           "-1.5e+3",
                                             "1e400",       "123456789012345678901234567890",
                                             "true",        "false",
                                             "null",        "\"\"",
                                             R"("\ud800")", R"("a\u0000\"\\")",
                                             "\"é€😀\""};
  if (depth == 0 || random.one_in(2)) return kScalars[random.below(std::size(kScalars))];
  const bool is_object = random.one_in(2);
  std::string out(1, is_object ? '{' : '[');
  for (auto left = random.below(4); left > 0; --left) {
    if (out.size() > 1) out += random.one_in(3) ? " , " : ",";
    if (is_object) out += random.one_in(2) ? "\"__proto__\":" : "\"k\" : ";
    out += random_json(random, depth - 1);
  }
  return out += is_object ? '}' : ']';
}

std::string random_name_space(test::Random& random) {
  static constexpr const char* kNameSpaces[] = {"/", "/chat", "/a/b", "/é", "/x?y=1", "/1"};
  return kNameSpaces[random.below(std::size(kNameSpaces))];
}

std::uint64_t random_ack_id(test::Random& random) {
  std::uint64_t id = 0;
  for (auto left = random.below(17); left > 0; --left) id = id * 10 + random.below(10);
  return id;
}

std::vector<std::string> random_arguments(test::Random& random) {
  std::vector<std::string> arguments(random.below(5));
  for (auto& argument : arguments) argument = random_json(random, 4);
  return arguments;
}

void expect_arguments(const Packet& packet, const std::vector<std::string>& arguments) {
  ASSERT_EQ(packet.arguments.size(), arguments.size());
  for (std::size_t i = 0; i < arguments.size(); ++i) EXPECT_EQ(packet.argument(i), arguments[i]);
}

TEST(EncoderPropertyTest, EventsComeBackAsTheyWent) {
  test::Random random;
  Packet packet;
  for (int round = 0; round < 2000; ++round) {
    const auto name_space = random_name_space(random);
    const auto name = random.text(random.below(12));
    const auto arguments = random_arguments(random);
    EventHeader header{.name_space = name_space, .attachments = random.below(11)};
    if (random.one_in(2)) header.ack_id = random_ack_id(random);
    const auto text = event(header, name, Arguments(arguments.begin(), arguments.end()));

    SCOPED_TRACE("seed " + std::to_string(random.seed()) + ": " + text);
    ASSERT_TRUE(decode(text, {}, packet));
    ASSERT_EQ(packet.type, header.attachments == 0 ? PacketType::event : PacketType::binary_event);
    ASSERT_EQ(packet.name_space, name_space);
    ASSERT_EQ(packet.ack_id, header.ack_id);
    ASSERT_EQ(packet.attachments, header.attachments);
    ASSERT_EQ(packet.event, name);
    expect_arguments(packet, arguments);
    if (HasFailure()) return;
  }
}

TEST(EncoderPropertyTest, AcksComeBackAsTheyWent) {
  test::Random random;
  Packet packet;
  for (int round = 0; round < 2000; ++round) {
    const auto name_space = random_name_space(random);
    const auto arguments = random_arguments(random);
    const AckHeader header{
        .name_space = name_space, .ack_id = random_ack_id(random), .attachments = random.below(11)};
    const auto text = ack(header, Arguments(arguments.begin(), arguments.end()));

    SCOPED_TRACE("seed " + std::to_string(random.seed()) + ": " + text);
    ASSERT_TRUE(decode(text, {}, packet));
    ASSERT_EQ(packet.type, header.attachments == 0 ? PacketType::ack : PacketType::binary_ack);
    ASSERT_EQ(packet.name_space, name_space);
    ASSERT_EQ(packet.ack_id, header.ack_id);
    ASSERT_EQ(packet.attachments, header.attachments);
    expect_arguments(packet, arguments);
    if (HasFailure()) return;
  }
}

TEST(EncoderPropertyTest, DamagedPacketsAreReadOrRefusedAndReadingThemAgainSaysTheSame) {
  test::Random random;
  Packet packet;
  Packet again;
  for (int round = 0; round < 5000; ++round) {
    const auto name_space = random_name_space(random);
    const auto arguments = random_arguments(random);
    auto text = event({.name_space = name_space, .ack_id = 7}, "name",
                      Arguments(arguments.begin(), arguments.end()));
    for (auto left = 1 + random.below(3); left > 0; --left) {
      text[random.below(text.size())] = "0123456/,-[]{}\"\\ "[random.below(17)];
    }
    SCOPED_TRACE("seed " + std::to_string(random.seed()) + ": " + text);
    const auto first = decode(text, {}, packet);
    const auto second = decode(text, {}, again);
    ASSERT_EQ(first.has_value(), second.has_value());
    if (!first) {
      ASSERT_EQ(first.error(), second.error());
      continue;
    }
    ASSERT_EQ(packet.arguments, again.arguments);
    for (const auto& [begin, end] : packet.arguments) {
      ASSERT_LT(begin, end);
      ASSERT_LT(end, packet.payload.size());
    }
  }
}

}  // namespace
}  // namespace knotos::socketio
