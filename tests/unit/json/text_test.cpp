#include "json/text.hpp"

#include <gtest/gtest.h>
#include <simdjson.h>
#include <boost/json/parse.hpp>
#include <boost/json/value.hpp>

#include <random>

namespace knotos::json {
namespace {

namespace bj = boost::json;

constexpr std::uint64_t kSeed = 20261124;

std::string written(std::string_view text) {
  std::string out;
  append_string(out, text);
  return out;
}

std::string read_back(std::string_view text) {
  bj::error_code ec;
  const auto value = bj::parse(written(text), ec);
  EXPECT_FALSE(ec) << ec.message() << " in " << written(text);
  if (ec || !value.is_string()) return {};
  return {value.get_string().data(), value.get_string().size()};
}

void append_code_point(std::string& out, std::uint32_t point) {
  if (point < 0x80) {
    out += static_cast<char>(point);
  } else if (point < 0x800) {
    out += static_cast<char>(0xc0U | (point >> 6U));
    out += static_cast<char>(0x80U | (point & 0x3fU));
  } else if (point < 0x10000) {
    out += static_cast<char>(0xe0U | (point >> 12U));
    out += static_cast<char>(0x80U | ((point >> 6U) & 0x3fU));
    out += static_cast<char>(0x80U | (point & 0x3fU));
  } else {
    out += static_cast<char>(0xf0U | (point >> 18U));
    out += static_cast<char>(0x80U | ((point >> 12U) & 0x3fU));
    out += static_cast<char>(0x80U | ((point >> 6U) & 0x3fU));
    out += static_cast<char>(0x80U | (point & 0x3fU));
  }
}

TEST(JsonTextTest, EscapesWhatJsonWantsEscapedAndNothingElse) {
  EXPECT_EQ(written("a\"b\\c/d"), R"("a\"b\\c/d")");
  EXPECT_EQ(written("\b\f\n\r\t"), R"("\b\f\n\r\t")");
  EXPECT_EQ(written(std::string_view("\0\x01\x1f\x7f", 4)), "\"\\u0000\\u0001\\u001f\x7f\"");
  EXPECT_EQ(written("Grüße 👋"), "\"Grüße 👋\"");
  EXPECT_EQ(written(""), R"("")");
}

TEST(JsonTextTest, BytesThatAreNoUtf8BecomeReplacementCharacters) {
  EXPECT_EQ(written("a\xff"
                    "b"),
            "\"a\xef\xbf\xbd"
            "b\"");
  EXPECT_EQ(written("\xc3"), "\"\xef\xbf\xbd\"");
  EXPECT_EQ(written("\xed\xa0\x80\""), "\"\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd\\\"\"");
  EXPECT_EQ(written("ü\xc0\xafü"), "\"ü\xef\xbf\xbd\xef\xbf\xbdü\"");
  EXPECT_EQ(written("\xf0\x9f\x91"), "\"\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd\"");
}

TEST(JsonTextTest, AnyTextReadsBackAsItWas) {
  SCOPED_TRACE(testing::Message() << "seed " << kSeed);
  std::mt19937_64 random(kSeed);
  for (int round = 0; round < 2000; ++round) {
    std::string text;
    const auto length = random() % 40;
    for (std::uint64_t i = 0; i < length; ++i) {
      // Half of them from the part of the alphabet where the escapes are.
      auto point =
          static_cast<std::uint32_t>(random() % 2 == 0 ? random() % 0x80 : random() % 0x110000);
      if (point >= 0xd800 && point <= 0xdfff) point = 0x2028;
      append_code_point(text, point);
    }
    ASSERT_EQ(read_back(text), text) << "round " << round;
  }
}

TEST(JsonTextTest, AnyBytesAtAllMakeValidJson) {
  SCOPED_TRACE(testing::Message() << "seed " << kSeed);
  std::mt19937_64 random(kSeed);
  for (int round = 0; round < 2000; ++round) {
    std::string bytes(random() % 24, '\0');
    for (auto& byte : bytes) byte = static_cast<char>(random() % 4 == 0 ? random() : random() % 96);
    const auto back = read_back(bytes);
    ASSERT_TRUE(simdjson::validate_utf8(back)) << "round " << round;
    if (simdjson::validate_utf8(bytes)) {
      ASSERT_EQ(back, bytes) << "round " << round;
    } else {
      ASSERT_NE(back.find("\xef\xbf\xbd"), std::string::npos) << "round " << round;
    }
  }
}

TEST(JsonTextTest, AnObjectIsWrittenMemberByMember) {
  std::string out;
  ObjectWriter object(out);
  object.text("a", "x\"y");
  object.number("b", 18446744073709551615ULL);
  object.flag("c", true);
  object.flag("d", false);
  object.null("e");
  object.time("f", Time(Milliseconds(1'700'000'000'123)));
  object.duration("g", Milliseconds(1500));
  object.duration("h", Milliseconds(-1));
  object.id("i", Id<struct AnyTag>(*Uuid::parse("0190163d-8694-739b-aea5-966c26f8ad91")));
  object.array("j", std::vector<int>{1, 2},
               [](std::string& to, int i) { to += std::to_string(i); });
  object.array("k", std::vector<int>{}, [](std::string&, int) {});
  object.close();
  EXPECT_EQ(out, R"({"a":"x\"y","b":18446744073709551615,"c":true,"d":false,"e":null,)"
                 R"("f":"2023-11-14T22:13:20.123Z","g":1500,"h":0,)"
                 R"("i":"0190163d-8694-739b-aea5-966c26f8ad91","j":[1,2],"k":[]})");
}

TEST(JsonTextTest, AnObjectMayBeEmpty) {
  std::string out;
  ObjectWriter(out).close();
  EXPECT_EQ(out, "{}");
}

}  // namespace
}  // namespace knotos::json
