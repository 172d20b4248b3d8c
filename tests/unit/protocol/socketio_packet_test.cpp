#include "protocol/socketio/packet.hpp"

#include "base/metrics.hpp"
#include "unit/protocol/socketio_names.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <ostream>
#include <set>

namespace knotos::socketio {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

/// What a text decodes to, and the text, which the packet lies in.
struct Decoded {
  explicit Decoded(std::string_view from, PacketLimits limits = {}) : text(from) {
    const auto result = decode(text, limits, packet);
    if (!result) fault = result.error();
  }

  [[nodiscard]] std::vector<std::string> arguments() const {
    std::vector<std::string> all;
    for (std::size_t i = 0; i < packet.arguments.size(); ++i) all.emplace_back(packet.argument(i));
    return all;
  }

  const std::string text;
  Packet packet;
  std::optional<Fault> fault;
};

struct Row {
  std::string text;
  Fault fault;
};

void PrintTo(const Row& row, std::ostream* out) { *out << row.text; }

TEST(PacketDecoderTest, ConnectHasANameSpaceAndAnObjectOrNothing) {
  struct {
    std::string_view text;
    std::string_view name_space;
    std::string_view payload;
  } const rows[] = {
      {"0", "/", ""},
      {"0{\"token\":\"x\"}", "/", "{\"token\":\"x\"}"},
      {"0{}", "/", "{}"},
      {"0/", "/", ""},
      {"0/,", "/", ""},
      {"0/,{}", "/", "{}"},
      {"0/admin,", "/admin", ""},
      {"0/admin", "/admin", ""},
      {"0/admin,{\"a\":[1,{\"b\":2}]}", "/admin", "{\"a\":[1,{\"b\":2}]}"},
      {"0/custom?token=1,", "/custom?token=1", ""},
      {"0/é/€,{}", "/é/€", "{}"},
  };
  for (const auto& row : rows) {
    const Decoded decoded(row.text);
    ASSERT_EQ(decoded.fault, std::nullopt) << row.text;
    EXPECT_EQ(decoded.packet.type, PacketType::connect);
    EXPECT_EQ(decoded.packet.name_space, row.name_space) << row.text;
    EXPECT_EQ(decoded.packet.payload, row.payload) << row.text;
    EXPECT_EQ(decoded.packet.ack_id, std::nullopt);
    EXPECT_THAT(decoded.packet.arguments, IsEmpty());
  }
}

TEST(PacketDecoderTest, DisconnectHasANameSpaceAndNothingElse) {
  EXPECT_EQ(Decoded("1").fault, std::nullopt);
  EXPECT_EQ(Decoded("1").packet.name_space, "/");
  EXPECT_EQ(Decoded("1/admin,").packet.name_space, "/admin");
  EXPECT_EQ(Decoded("1/admin").packet.name_space, "/admin");
  EXPECT_EQ(Decoded("1/admin,").packet.type, PacketType::disconnect);
}

TEST(PacketDecoderTest, AnEventIsANameAndArgumentsAsTheyWereWritten) {
  const Decoded decoded(R"(2["message", "hi" ,{"a":[1,2,{"b":null}]}, [ ] ,-1.5e+3,true,null])");
  ASSERT_EQ(decoded.fault, std::nullopt);
  EXPECT_EQ(decoded.packet.type, PacketType::event);
  EXPECT_EQ(decoded.packet.event, "message");
  EXPECT_EQ(decoded.packet.ack_id, std::nullopt);
  EXPECT_EQ(decoded.packet.attachments, 0U);
  EXPECT_THAT(decoded.arguments(),
              ElementsAre("\"hi\"", R"({"a":[1,2,{"b":null}]})", "[ ]", "-1.5e+3", "true", "null"));
}

TEST(PacketDecoderTest, AnEventMayAskForAnAckInANameSpace) {
  const Decoded decoded(R"(2/chat,17["send",{}])");
  ASSERT_EQ(decoded.fault, std::nullopt);
  EXPECT_EQ(decoded.packet.name_space, "/chat");
  EXPECT_EQ(decoded.packet.ack_id, 17U);
  EXPECT_THAT(decoded.arguments(), ElementsAre("{}"));
}

TEST(PacketDecoderTest, AckIdsReachFromZeroToSixteenDigits) {
  EXPECT_EQ(Decoded(R"(20["x"])").packet.ack_id, 0U);
  EXPECT_EQ(Decoded(R"(2007["x"])").packet.ack_id, 7U);
  EXPECT_EQ(Decoded(R"(29007199254740993["x"])").packet.ack_id, 9'007'199'254'740'993U);
  EXPECT_EQ(Decoded(R"(29999999999999999["x"])").packet.ack_id, 9'999'999'999'999'999U);
  EXPECT_EQ(Decoded(R"(210000000000000000["x"])").fault, Fault::bad_ack_id);
  EXPECT_EQ(Decoded('2' + std::string(1000, '9') + R"(["x"])").fault, Fault::bad_ack_id);
}

TEST(PacketDecoderTest, AnAckIsAnIdAndAnArrayThatMayBeEmpty) {
  const Decoded empty("312[]");
  ASSERT_EQ(empty.fault, std::nullopt);
  EXPECT_EQ(empty.packet.type, PacketType::ack);
  EXPECT_EQ(empty.packet.ack_id, 12U);
  EXPECT_THAT(empty.arguments(), IsEmpty());

  const Decoded full(R"(3/chat,0[ {"ok":true} , "disconnect", null ])");
  ASSERT_EQ(full.fault, std::nullopt);
  EXPECT_EQ(full.packet.name_space, "/chat");
  EXPECT_EQ(full.packet.event, "");
  EXPECT_THAT(full.arguments(), ElementsAre(R"({"ok":true})", "\"disconnect\"", "null"));
}

TEST(PacketDecoderTest, BinaryPacketsSayHowManyAttachmentsFollow) {
  const Decoded event(R"(52-/files,3["up",{"_placeholder":true,"num":0}])");
  ASSERT_EQ(event.fault, std::nullopt);
  EXPECT_EQ(event.packet.type, PacketType::binary_event);
  EXPECT_EQ(event.packet.attachments, 2U);
  EXPECT_EQ(event.packet.name_space, "/files");
  EXPECT_EQ(event.packet.ack_id, 3U);
  EXPECT_EQ(event.packet.event, "up");

  const Decoded ack(R"(610-5[])");
  ASSERT_EQ(ack.fault, std::nullopt);
  EXPECT_EQ(ack.packet.type, PacketType::binary_ack);
  EXPECT_EQ(ack.packet.attachments, 10U);
  EXPECT_EQ(ack.packet.ack_id, 5U);
}

TEST(PacketDecoderTest, NumbersAreEventNamesAsTheyAreWritten) {
  EXPECT_EQ(Decoded("2[7]").packet.event, "7");
  EXPECT_EQ(Decoded("2[-1.50]").packet.event, "-1.50");
}

TEST(PacketDecoderTest, EventNamesAreUnescaped) {
  EXPECT_EQ(Decoded(R"(2["a\u0062\n\ud83d\ude00"])").packet.event, "ab\n😀");
  EXPECT_EQ(Decoded(R"(2[""])").packet.event, "");
}

TEST(PacketDecoderTest, EventsNamedErrorOrAfterAPrototypeAreOrdinary) {
  for (const std::string name :
       {"error", "__proto__", "constructor", "toString", "Connect", "disconnect ", "newlistener"}) {
    const Decoded decoded("2[\"" + name + "\",{}]");
    EXPECT_EQ(decoded.fault, std::nullopt) << name;
    EXPECT_EQ(decoded.packet.event, name);
  }
}

TEST(PacketDecoderTest, ReservedNamesAreRefusedHoweverTheyAreSpelt) {
  for (const std::string name :
       {"connect", "connect_error", "disconnect", "disconnecting", "newListener", "removeListener",
        R"(\u0063onnect)", R"(dis\u0063onnect)"}) {
    EXPECT_EQ(Decoded("2[\"" + name + "\"]").fault, Fault::reserved_event_name) << name;
    EXPECT_EQ(Decoded("51-[\"" + name + "\"]").fault, Fault::reserved_event_name) << name;
  }
}

class MalformedPacketTest : public testing::TestWithParam<Row> {};

TEST_P(MalformedPacketTest, IsRefusedForItsReasonAndCounted) {
  const auto counted = [] {
    std::int64_t sum = 0;
    for (const auto& sample : metrics::collect()) {
      if (sample.name == "sio_faults_total" && sample.label_value == name_of(GetParam().fault)) {
        sum += sample.value;
      }
    }
    return sum;
  };
  const auto before = counted();
  EXPECT_EQ(Decoded(GetParam().text).fault, GetParam().fault);
  EXPECT_EQ(counted(), before + 1);
}

INSTANTIATE_TEST_SUITE_P(
    Types, MalformedPacketTest,
    testing::Values(Row{"", Fault::empty}, Row{"7", Fault::unknown_type},
                    Row{"9[\"x\"]", Fault::unknown_type}, Row{"x", Fault::unknown_type},
                    Row{" 2[\"x\"]", Fault::unknown_type}, Row{"[\"x\"]", Fault::unknown_type},
                    Row{"-1", Fault::unknown_type}, Row{std::string(1, '\0'), Fault::unknown_type},
                    Row{"\xff", Fault::unknown_type}, Row{"4", Fault::connect_error_from_client},
                    Row{"4{\"message\":\"x\"}", Fault::connect_error_from_client},
                    Row{"4/nope,{}", Fault::connect_error_from_client}));

INSTANTIATE_TEST_SUITE_P(
    Connect, MalformedPacketTest,
    testing::Values(Row{"0[]", Fault::wrong_payload_type}, Row{"0\"x\"", Fault::wrong_payload_type},
                    Row{"0null", Fault::wrong_payload_type},
                    // Up to the first comma all is the name, and what follows is no object.
                    Row{"0/a{\"b\":1,\"c\":2}", Fault::wrong_payload_type},
                    Row{"0true", Fault::wrong_payload_type}, Row{"0 {}", Fault::wrong_payload_type},
                    Row{"0{", Fault::malformed_json}, Row{"0{}x", Fault::malformed_json},
                    Row{"0{}{}", Fault::malformed_json}, Row{"0{\"a\"}", Fault::malformed_json},
                    Row{"0/a,{]", Fault::malformed_json}, Row{"01", Fault::unexpected_ack_id},
                    Row{"01{}", Fault::unexpected_ack_id}, Row{"0/a,5", Fault::unexpected_ack_id}));

INSTANTIATE_TEST_SUITE_P(Disconnect, MalformedPacketTest,
                         testing::Values(Row{"1{}", Fault::unexpected_payload},
                                         Row{"1[]", Fault::unexpected_payload},
                                         Row{"1null", Fault::unexpected_payload},
                                         Row{"1 ", Fault::unexpected_payload},
                                         Row{"1/a,\"x\"", Fault::unexpected_payload},
                                         Row{"12", Fault::unexpected_ack_id}));

INSTANTIATE_TEST_SUITE_P(
    Event, MalformedPacketTest,
    testing::Values(
        Row{"2", Fault::missing_payload}, Row{"25", Fault::missing_payload},
        Row{"2/a,", Fault::missing_payload}, Row{"2/a[\"x\"]", Fault::missing_payload},
        Row{"2{}", Fault::wrong_payload_type}, Row{"2null", Fault::wrong_payload_type},
        Row{"2\"x\"", Fault::wrong_payload_type}, Row{"2 [\"x\"]", Fault::wrong_payload_type},
        Row{"2-1[\"x\"]", Fault::wrong_payload_type}, Row{"2+1[\"x\"]", Fault::wrong_payload_type},
        Row{"21e3[\"x\"]", Fault::wrong_payload_type}, Row{"2[]", Fault::bad_event_name},
        Row{"2[null]", Fault::bad_event_name}, Row{"2[{}]", Fault::bad_event_name},
        Row{"2[[]]", Fault::bad_event_name}, Row{"2[true]", Fault::bad_event_name},
        Row{"2[{\"toString\":\"foo\"}]", Fault::bad_event_name}, Row{"2[", Fault::malformed_json},
        Row{"2[\"x\"", Fault::malformed_json}, Row{"2[\"x\",]", Fault::malformed_json},
        Row{"2[\"x\"]]", Fault::malformed_json}, Row{"2[\"x\"] x", Fault::malformed_json},
        Row{"2[\"x\"][\"y\"]", Fault::malformed_json}, Row{"2[\"x\",1e]", Fault::malformed_json},
        Row{"2[\"x\",{\"a\":}]", Fault::malformed_json}, Row{"2[x]", Fault::malformed_json},
        Row{"2[\"x\",\"\n\"]", Fault::malformed_json},
        Row{std::string("2[\"x\"]\0", 7), Fault::malformed_json}));

INSTANTIATE_TEST_SUITE_P(
    Ack, MalformedPacketTest,
    testing::Values(Row{"3", Fault::missing_ack_id}, Row{"3[]", Fault::missing_ack_id},
                    Row{"3/a,[]", Fault::missing_ack_id}, Row{"31", Fault::missing_payload},
                    Row{"31{}", Fault::wrong_payload_type},
                    Row{"31null", Fault::wrong_payload_type},
                    Row{"31\"x\"", Fault::wrong_payload_type}, Row{"31[", Fault::malformed_json},
                    Row{"31[]x", Fault::malformed_json}, Row{"31[,]", Fault::malformed_json},
                    Row{"312345678901234567[]", Fault::bad_ack_id}));

INSTANTIATE_TEST_SUITE_P(
    Binary, MalformedPacketTest,
    testing::Values(Row{"5", Fault::bad_attachment_count},
                    Row{"5[\"x\"]", Fault::bad_attachment_count},
                    Row{"5-[\"x\"]", Fault::bad_attachment_count},
                    Row{"51[\"x\"]", Fault::bad_attachment_count},
                    Row{"50-[\"x\"]", Fault::bad_attachment_count},
                    Row{"501-[\"x\"]", Fault::bad_attachment_count},
                    Row{"500-[\"x\"]", Fault::bad_attachment_count},
                    Row{"51e0-[\"x\"]", Fault::bad_attachment_count},
                    Row{"5+1-[\"x\"]", Fault::bad_attachment_count},
                    Row{"5 1-[\"x\"]", Fault::bad_attachment_count},
                    Row{"5/a,1-[\"x\"]", Fault::bad_attachment_count},
                    Row{"511-[\"x\"]", Fault::too_many_attachments},
                    Row{"599999999999-[\"x\"]", Fault::too_many_attachments},
                    Row{"518446744073709551617-[\"x\"]", Fault::too_many_attachments},
                    Row{"51-", Fault::missing_payload}, Row{"51-{}", Fault::wrong_payload_type},
                    Row{"51-[]", Fault::bad_event_name}, Row{"51-[\"x\"", Fault::malformed_json},
                    Row{"6[]", Fault::bad_attachment_count}, Row{"61-[]", Fault::missing_ack_id},
                    Row{"61-3", Fault::missing_payload}, Row{"61-3{}", Fault::wrong_payload_type},
                    Row{"611-3[]", Fault::too_many_attachments}));

TEST(PacketDecoderTest, ValuesThatOthersCannotHoldArePassedOnAsTheyAre) {
  for (const std::string argument :
       {"1e400", "123456789012345678901234567890", "-0", R"("\ud800")", R"("\u0000")",
        R"("\udc00\ud800")", R"({"a":1,"a":2})", R"({"__proto__":{"x":1},"constructor":{}})",
        R"({"_placeholder":true,"num":99})", "\"é€😀\"", "\"\x7f\""}) {
    const Decoded decoded("2[\"x\"," + argument + "]");
    ASSERT_EQ(decoded.fault, std::nullopt) << argument;
    EXPECT_THAT(decoded.arguments(), ElementsAre(argument));
  }
}

TEST(PacketDecoderTest, DepthIsLimitedInEveryPacketThatHasJson) {
  const auto nested = [](std::size_t levels) {
    return std::string(levels, '[') + std::string(levels, ']');
  };
  EXPECT_EQ(Decoded("2[\"x\"," + nested(95) + "]").fault, std::nullopt);
  EXPECT_EQ(Decoded("2[\"x\"," + nested(96) + "]").fault, Fault::json_too_deep);
  EXPECT_EQ(Decoded("31[" + nested(95) + "]").fault, std::nullopt);
  EXPECT_EQ(Decoded("31[" + nested(96) + "]").fault, Fault::json_too_deep);
  EXPECT_EQ(Decoded("0{\"a\":" + nested(95) + "}").fault, std::nullopt);
  EXPECT_EQ(Decoded("0{\"a\":" + nested(96) + "}").fault, Fault::json_too_deep);
  EXPECT_EQ(Decoded("2[\"x\",[]]", {.json_depth_max = 1}).fault, Fault::json_too_deep);
  EXPECT_EQ(Decoded("2[\"x\"]", {.json_depth_max = 1}).fault, std::nullopt);
}

TEST(PacketDecoderTest, APacketIsUsedAgainWithoutATraceOfTheOneBefore) {
  Packet packet;
  ASSERT_TRUE(decode(R"(52-/files,3["up",1,2])", {}, packet));
  ASSERT_TRUE(decode("0", {}, packet));
  EXPECT_EQ(packet.type, PacketType::connect);
  EXPECT_EQ(packet.attachments, 0U);
  EXPECT_EQ(packet.name_space, "/");
  EXPECT_EQ(packet.ack_id, std::nullopt);
  EXPECT_EQ(packet.payload, "");
  EXPECT_EQ(packet.event, "");
  EXPECT_THAT(packet.arguments, IsEmpty());

  ASSERT_FALSE(decode(R"(2/a,5["x",1,)", {}, packet));
  ASSERT_TRUE(decode(R"(2["y"])", {}, packet));
  EXPECT_EQ(packet.event, "y");
  EXPECT_EQ(packet.ack_id, std::nullopt);
  EXPECT_THAT(packet.arguments, IsEmpty());
}

TEST(FaultTest, EveryFaultHasANameOfItsOwn) {
  std::set<std::string_view> names;
  for (std::size_t i = 0; i < kFaultCount; ++i) names.insert(name_of(static_cast<Fault>(i)));
  EXPECT_EQ(names.size(), kFaultCount);
  EXPECT_EQ(name_of(Fault::empty), "empty");
  EXPECT_EQ(name_of(Fault::attachments_too_big), "attachments-too-big");
}

}  // namespace
}  // namespace knotos::socketio
