#include "protocol/engineio/packet.hpp"

#include "protocol/engineio/request_fault.hpp"

#include <gtest/gtest.h>
#include <boost/json.hpp>

#include <tuple>

namespace knotos::engineio {
namespace {

PacketView text_packet(PacketType type, std::string_view data) {
  return {.type = type, .is_binary = false, .data = data};
}

TEST(PacketTest, EveryTypeIsItsDigitAndWhatFollowsIsData) {
  std::string storage;
  const std::tuple<std::string_view, PacketType, std::string_view> rows[] = {
      {"0{}", PacketType::open, "{}"},
      {"1", PacketType::close, ""},
      {"2probe", PacketType::ping, "probe"},
      {"3", PacketType::pong, ""},
      {"42[\"x\"]", PacketType::message, "2[\"x\"]"},
      {"5", PacketType::upgrade, ""},
      {"6", PacketType::noop, ""},
      {"4", PacketType::message, ""},
      {"4b", PacketType::message, "b"},
      {"44", PacketType::message, "4"},
  };
  for (const auto& [text, type, data] : rows) {
    EXPECT_EQ(decode_packet(text, storage), text_packet(type, data)) << text;
  }
}

TEST(PacketTest, TextDataIsNotCopied) {
  std::string storage;
  const std::string_view text = "4hello";
  const auto packet = decode_packet(text, storage);
  ASSERT_TRUE(packet);
  EXPECT_EQ(packet->data.data(), text.data() + 1);
  EXPECT_TRUE(storage.empty());
}

TEST(PacketTest, NothingAndUnknownTypesAreNoPacket) {
  std::string storage;
  for (const std::string_view text :
       {std::string_view(), std::string_view("7"), std::string_view("9x"), std::string_view("/"),
        std::string_view(":"), std::string_view(" 4"), std::string_view("a"), std::string_view("B"),
        std::string_view("B\x00", 2), std::string_view("\0", 1), std::string_view("\x1e"),
        std::string_view("\xff")}) {
    EXPECT_EQ(decode_packet(text, storage), std::nullopt) << text;
  }
}

TEST(PacketTest, ALetterBAndBase64AreABinaryMessage) {
  std::string storage;
  const std::pair<std::string_view, std::string_view> rows[] = {
      {"b", ""},
      {"bAQIDBA==", "\x01\x02\x03\x04"},
      {"bAAA=", std::string_view("\0\0", 2)},
      {"bAQID", "\x01\x02\x03"},
      {"b+/+/", "\xfb\xff\xbf"},
      // As Java's client writes it.
      {"bAQID\n", "\x01\x02\x03"},
      {"bAQ\r\nIDBA==\r\n", "\x01\x02\x03\x04"},
      {"b\n", ""},
  };
  for (const auto& [text, bytes] : rows) {
    EXPECT_EQ(decode_packet(text, storage),
              (PacketView{.type = PacketType::message, .is_binary = true, .data = bytes}))
        << text;
  }
}

TEST(PacketTest, AnEmptyBinaryMessageDoesNotShowTheOneBefore) {
  std::string storage;
  ASSERT_TRUE(decode_packet("bAQIDBA==", storage));
  const auto packet = decode_packet("b", storage);
  ASSERT_TRUE(packet);
  EXPECT_EQ(packet->data, "");
}

TEST(PacketTest, Base64IsTakenInItsOneSpellingOnly) {
  std::string storage;
  for (const std::string_view text :
       {"bA", "bAA", "bAA=", "bAAA==", "bAQID=", "bAQ ID", "bAQ\tID", "b====", "b=", "b-_-_",
        "bAB==", "bAQIDBA==AQ==", "b\xff\xff\xff\xff"}) {
    EXPECT_EQ(decode_packet(text, storage), std::nullopt) << text;
  }
}

TEST(PacketTest, Base64HoldsNoByteAboveAscii) {
  std::string storage;
  for (unsigned byte = 0x80; byte <= 0xFF; ++byte) {
    const std::string text = "bAQ" + std::string(1, static_cast<char>(byte)) + "D";
    EXPECT_EQ(decode_packet(text, storage), std::nullopt) << byte;
  }
  EXPECT_EQ(decode_packet("béé", storage), std::nullopt);
}

TEST(OpenPacketTest, HasExactlyTheFiveKeysInTheirOrder) {
  EXPECT_EQ(encode_open({.sid = "lv_VI97HAXpY6yYWAAAB",
                         .offers_websocket = true,
                         .ping_interval = std::chrono::milliseconds(25'000),
                         .ping_timeout = std::chrono::milliseconds(20'000),
                         .payload_bytes_max = 1'000'000}),
            R"(0{"sid":"lv_VI97HAXpY6yYWAAAB","upgrades":["websocket"],"pingInterval":25000,)"
            R"("pingTimeout":20000,"maxPayload":1000000})");
}

TEST(OpenPacketTest, OnWebSocketThereIsNothingToUpgradeTo) {
  const auto text = encode_open({.sid = "-"});
  const auto object = boost::json::parse(text.substr(1)).as_object();
  EXPECT_EQ(object.size(), 5U);
  EXPECT_TRUE(object.at("upgrades").as_array().empty());
}

TEST(RequestFaultTest, EveryRowOfTheCatalogueIsAsTheReferenceServerSaysIt) {
  const std::tuple<RequestFault, unsigned, std::string_view> rows[] = {
      {RequestFault::transport_unknown, 400, R"({"code":0,"message":"Transport unknown"})"},
      {RequestFault::session_unknown, 400, R"({"code":1,"message":"Session ID unknown"})"},
      {RequestFault::bad_handshake_method, 400, R"({"code":2,"message":"Bad handshake method"})"},
      {RequestFault::bad_request, 400, R"({"code":3,"message":"Bad request"})"},
      {RequestFault::forbidden, 403, R"({"code":4,"message":"Forbidden"})"},
      {RequestFault::unsupported_protocol_version, 400,
       R"({"code":5,"message":"Unsupported protocol version"})"},
  };
  static_assert(std::size(rows) == kRequestFaultCount);
  for (const auto& [fault, status, body] : rows) {
    EXPECT_EQ(describe(fault).fault, fault);
    EXPECT_EQ(describe(fault).status, status);
    EXPECT_EQ(error_body(fault), body);
  }
}

TEST(RequestFaultTest, AnotherMessageIsEscaped) {
  EXPECT_EQ(error_body(RequestFault::forbidden, "No \"é\"\n\\ today"),
            R"({"code":4,"message":"No \"é\"\n\\ today"})");
}

}  // namespace
}  // namespace knotos::engineio
