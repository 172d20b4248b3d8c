#include "protocol/engineio/payload.hpp"
#include "protocol/http/message.hpp"
#include "protocol/socketio/assembler.hpp"
#include "protocol/socketio/packet.hpp"

#include "support/allocations.hpp"
#include "unit/protocol/socketio_names.hpp"

#include <gtest/gtest.h>

// The rows of WIRE section 10 that a decoder answers for. That work is linear is shown by counting
// what is asked of it and of the heap, never by a clock.

namespace knotos {
namespace {

using socketio::Assembler;
using socketio::Fault;

constexpr std::size_t kMegabyte = 1'000'000;

std::string repeated(std::string_view part, std::size_t times) {
  std::string out;
  out.reserve(part.size() * times);
  for (; times > 0; --times) out += part;
  return out;
}

struct PayloadCost {
  std::size_t packets = 0;
  bool is_malformed = false;
  test::Allocations allocations;
};

PayloadCost cost_of(std::string_view body) {
  PayloadCost cost;
  const auto before = test::allocations();
  engineio::PayloadDecoder decoder(body);
  while (decoder.next()) ++cost.packets;
  const auto after = test::allocations();
  cost.is_malformed = decoder.is_malformed();
  cost.allocations = {.count = after.count - before.count, .bytes = after.bytes - before.bytes};
  return cost;
}

TEST(HostileInputTest, Row1AMegabyteOfSeparatorsEndsAtTheFirst) {
  const auto cost = cost_of(std::string(kMegabyte, '\x1e'));
  EXPECT_TRUE(cost.is_malformed);
  EXPECT_EQ(cost.packets, 0U);
  EXPECT_EQ(cost.allocations.count, 0U);
}

TEST(HostileInputTest, Row1AMegabyteOfEmptyMessagesCopiesNothing) {
  const auto cost = cost_of(repeated("4\x1e", kMegabyte / 2));
  EXPECT_TRUE(cost.is_malformed) << "A separator is the last byte.";
  EXPECT_EQ(cost.packets, kMegabyte / 2);
  EXPECT_EQ(cost.allocations.count, 0U);
}

TEST(HostileInputTest, Row1AMegabyteOfSmallBinariesUsesOneBuffer) {
  const auto cost = cost_of(repeated("bAQIDBAUGBwgJCgsMDQ4PEBESExQVFhcYGRob\x1e", kMegabyte / 38));
  EXPECT_EQ(cost.packets, kMegabyte / 38);
  EXPECT_LE(cost.allocations.count, 2U);
  EXPECT_LE(cost.allocations.bytes, 200U);
}

TEST(HostileInputTest, Row1AMegabyteOfBase64IsDecodedInItsOwnSize) {
  const auto cost = cost_of('b' + std::string(kMegabyte, 'A'));
  EXPECT_EQ(cost.packets, 1U);
  EXPECT_FALSE(cost.is_malformed);
  EXPECT_LE(cost.allocations.bytes, kMegabyte + 64);
}

TEST(HostileInputTest, Row1AMegabyteOfQueryIsReadInLinearMemory) {
  const auto bytes_for = [](std::size_t size) {
    const auto before = test::allocations();
    const http::Query query(repeated("a=%41&", size / 6));
    EXPECT_EQ(query.all().size(), size / 6);
    return test::allocations().bytes - before.bytes;
  };
  const auto half = bytes_for(kMegabyte / 2);
  EXPECT_LE(bytes_for(kMegabyte), 2 * half + half / 2);
}

std::optional<Fault> fault_of(std::string_view text) {
  socketio::Packet packet;
  const auto decoded = socketio::decode(text, {}, packet);
  if (!decoded) return decoded.error();
  Assembler assembler{socketio::AssemblerLimits{}};
  const auto taken = assembler.text(packet);
  if (!taken) return taken.error();
  return std::nullopt;
}

TEST(HostileInputTest, Row7PlaceholdersThatNameNoAttachmentAreRefusedBeforeAnyBinaryComes) {
  for (const std::string num : {"\"splice\"", "-1", "5", "\"0\"", "0.5", "1e9", "\"__proto__\"",
                                "18446744073709551616", "null"}) {
    EXPECT_EQ(fault_of(R"(51-["m",{"_placeholder":true,"num":)" + num + "}]"),
              Fault::bad_placeholder)
        << num;
  }
}

TEST(HostileInputTest, Row8EventNamesThatAreNoTextAreRefused) {
  for (const std::string name : {R"({"toString":"foo"})", "null", "[]", "true", "false", "{}"}) {
    EXPECT_EQ(fault_of("2[" + name + "]"), Fault::bad_event_name) << name;
    EXPECT_EQ(fault_of("2/custom,1[" + name + ",1]"), Fault::bad_event_name) << name;
    EXPECT_EQ(fault_of("51-[" + name + "]"), Fault::bad_event_name) << name;
  }
}

TEST(HostileInputTest, Row9AnEventNamedErrorIsOneLikeAnyOther) {
  for (const std::string_view text : {R"(2["error"])", R"(2["error",{}])", R"(2/custom,["error"])",
                                      R"(2/custom,0["error",{}])"}) {
    socketio::Packet packet;
    ASSERT_TRUE(socketio::decode(text, {}, packet)) << text;
    EXPECT_EQ(packet.event, "error");
  }
}

TEST(HostileInputTest, Row11MoreThanTenAttachmentsAreRefusedInTheHeader) {
  for (const std::string count : {"11", "99", "99999999999", "18446744073709551617"}) {
    EXPECT_EQ(fault_of('5' + count + R"(-["m"])"), Fault::too_many_attachments) << count;
  }
  EXPECT_EQ(fault_of('5' + std::string(kMegabyte, '9') + R"(-["m"])"), Fault::too_many_attachments);
}

TEST(HostileInputTest, Row11TenAttachmentsAreKeptOnceAndUpToTheCap) {
  socketio::Packet packet;
  ASSERT_TRUE(socketio::decode(R"(510-["m"])", {}, packet));
  Assembler assembler{{.bytes_max = 10 * kMegabyte}};
  ASSERT_EQ(assembler.text(packet), Assembler::Outcome::collects);
  const std::string attachment(kMegabyte, 'x');
  const std::string too_big(kMegabyte + 1, 'x');
  const auto before = test::allocations();
  for (int i = 0; i < 9; ++i) ASSERT_EQ(assembler.binary(attachment), Assembler::Outcome::collects);
  const auto over = assembler.binary(too_big);
  ASSERT_FALSE(over.has_value());
  EXPECT_EQ(over.error(), Fault::attachments_too_big);
  ASSERT_EQ(assembler.binary(attachment), Assembler::Outcome::complete);
  EXPECT_EQ(assembler.collected_bytes(), 10 * kMegabyte);
  // The attachments, and the vector of ten strings as it grew.
  EXPECT_LE(test::allocations().bytes - before.bytes, 10 * kMegabyte + 4096);
}

TEST(HostileInputTest, Row12ACountOfNoneIsRefusedAndNothingIsCollected) {
  socketio::Packet packet;
  ASSERT_FALSE(socketio::decode(R"(50-["m"])", {}, packet));
  Assembler assembler{socketio::AssemblerLimits{}};
  for (int i = 0; i < 10'000; ++i) {
    ASSERT_EQ(assembler.binary("x").error(), Fault::unexpected_binary);
  }
  EXPECT_FALSE(assembler.is_collecting());
  EXPECT_EQ(assembler.collected_bytes(), 0U);
}

TEST(HostileInputTest, Row18DeepJsonIsRefusedWithoutAStackOrAHeap) {
  for (const std::string_view opening : {"[", "{\"a\":", "[{\"a\":"}) {
    const auto deep = repeated(opening, 5000);
    for (const std::string start : {"2[\"x\",", "31[", "0{\"a\":", "51-[\"x\","}) {
      const auto text = start + deep;
      socketio::Packet packet;
      const auto before = test::allocations();
      const auto decoded = socketio::decode(text, {}, packet);
      EXPECT_EQ(test::allocations().count, before.count);
      ASSERT_FALSE(decoded.has_value());
      EXPECT_EQ(decoded.error(), Fault::json_too_deep) << start;
    }
  }
}

TEST(HostileInputTest, Row18AMegabyteOfBracketsIsNotReadToItsEnd) {
  // What is behind the limit is not even JSON: the fault is the depth all the same.
  EXPECT_EQ(fault_of("2[\"x\"," + std::string(kMegabyte, '[') + "oops"), Fault::json_too_deep);
}

TEST(HostileInputTest, AMegabyteOfArgumentsTakesMemoryLikeItsBytes) {
  const auto bytes_for = [](std::size_t count) {
    const auto text = "2[\"x\"" + repeated(",1", count) + "]";
    socketio::Packet packet;
    const auto before = test::allocations();
    EXPECT_TRUE(socketio::decode(text, {}, packet));
    EXPECT_EQ(packet.arguments.size(), count);
    return test::allocations().bytes - before.bytes;
  };
  const auto half = bytes_for(kMegabyte / 4);
  // A vector that doubles: at most twice of the last growth.
  EXPECT_LE(bytes_for(kMegabyte / 2), 2 * half + half / 2);
  EXPECT_LE(half, kMegabyte / 4 * sizeof(socketio::Slice) * 4);
}

}  // namespace
}  // namespace knotos
