#include "json/read.hpp"

#include <gtest/gtest.h>
#include <boost/json/object.hpp>
#include <boost/json/serialize.hpp>
#include <boost/json/value.hpp>

#include <random>

namespace knotos::json {
namespace {

using AnyId = Id<struct AnyTag>;

Object parsed(std::string_view text) {
  auto object = parse_object(text);
  if (!object) throw std::runtime_error("not parsed: " + std::string(text));
  return std::move(*object);
}

std::string text_of(const Object& object, std::string_view name) {
  return Reader(object).text(name);
}

/// "pointer code" of each field error.
std::vector<std::string> named(const Result<void>& result) {
  std::vector<std::string> names;
  if (result) return names;
  EXPECT_EQ(result.error().code, Errc::validation_failed);
  for (const auto& field : result.error().fields) names.push_back(field.pointer + " " + field.code);
  return names;
}

TEST(ParseObjectTest, WhatIsNoStrictJsonIsMalformed) {
  for (const std::string_view text : {"",
                                      " ",
                                      "{",
                                      "}",
                                      "{\"a\":1",
                                      "{\"a\":1}x",
                                      "{\"a\":1}{}",
                                      "{a:1}",
                                      "{'a':1}",
                                      "{\"a\":1,}",
                                      "{\"a\":01}",
                                      "{\"a\":.5}",
                                      "{\"a\":+1}",
                                      "{\"a\":NaN}",
                                      "{\"a\":Infinity}",
                                      "// c\n{}",
                                      "{}/**/",
                                      "{\"a\":\"\t\"}",
                                      "{\"a\":\"\\x\"}",
                                      "{\"a\":\"\\u12\"}",
                                      "{\"a\":tru}",
                                      "\xef\xbb\xbf{}",
                                      "{\"a\":\"\\\"}",
                                      "{\"a\":\"\\ud83d",
                                      "\\ud83d"}) {
    const auto object = parse_object(text);
    ASSERT_FALSE(object) << text;
    EXPECT_EQ(object.error().code, Errc::malformed_json) << text;
  }
}

TEST(ParseObjectTest, WhatIsNoObjectIsNotValid) {
  for (const std::string_view text : {"[]", "1", "null", "\"a\"", "true", "[{}]"}) {
    const auto object = parse_object(text);
    ASSERT_FALSE(object) << text;
    EXPECT_EQ(object.error().code, Errc::validation_failed) << text;
    ASSERT_EQ(object.error().fields.size(), 1U);
    EXPECT_EQ(object.error().fields[0].pointer, "");
    EXPECT_EQ(object.error().fields[0].code, "wrong-type");
  }
}

TEST(ParseObjectTest, RawBytesThatAreNoUtf8AreMalformed) {
  for (const std::string_view bytes :
       {"\xff", "\xc0\xaf", "\xed\xa0\x80", "\xf4\x90\x80\x80", "\xe2\x82"}) {
    const auto object = parse_object("{\"a\":\"" + std::string(bytes) + "\"}");
    ASSERT_FALSE(object);
    EXPECT_EQ(object.error().code, Errc::malformed_json);
  }
}

TEST(ParseObjectTest, NestingHasALimit) {
  const auto nested = [](std::size_t depth) {
    return "{\"a\":" + std::string(depth - 1, '[') + std::string(depth - 1, ']') + "}";
  };
  EXPECT_TRUE(parse_object(nested(kDepthMax)));
  const auto deep = parse_object(nested(kDepthMax + 1));
  ASSERT_FALSE(deep);
  EXPECT_EQ(deep.error().code, Errc::malformed_json);
  EXPECT_FALSE(parse_object(nested(100'000)));
}

TEST(ParseObjectTest, NumbersThatAreNotFiniteAreNamedByPointer) {
  const auto object = parse_object(
      R"({"a":1e400,"b":[0,{"c/d~e":-1e999}],"f":1e308,"g":123456789012345678901234})");
  ASSERT_FALSE(object);
  EXPECT_EQ(object.error().code, Errc::validation_failed);
  ASSERT_EQ(object.error().fields.size(), 2U);
  EXPECT_EQ(object.error().fields[0].pointer, "/a");
  EXPECT_EQ(object.error().fields[1].pointer, "/b/1/c~1d~0e");
}

TEST(ParseObjectTest, ManyBadNumbersMakeNoLongAnswer) {
  std::string text = "{\"" + std::string(5000, 'n') + "\":1e400,\"a\":[1e400";
  for (int i = 0; i < 1000; ++i) text += ",1e400";
  const auto object = parse_object(text + "]}");
  ASSERT_FALSE(object);
  EXPECT_EQ(object.error().fields.size(), kFieldErrorsMax);
  for (const auto& field : object.error().fields) EXPECT_LT(field.pointer.size(), 300U);
}

TEST(ParseObjectTest, OfRepeatedNamesTheLastOneCounts) {
  const auto object = parsed(R"({"a":"first","b":1,"a":"last"})");
  EXPECT_EQ(text_of(object, "a"), "last");
}

TEST(ParseObjectTest, LoneSurrogatesBecomeReplacementCharacters) {
  const struct {
    std::string_view escaped;
    std::string_view expected;
  } cases[] = {
      {R"(\ud83d\udc4b)", "👋"},
      {R"(\uD83D\uDC4B)", "👋"},
      {R"(\ud83d)", "\ufffd"},
      {R"(\udc4b)", "\ufffd"},
      {R"(a\ud83db)",
       "a\ufffd"
       "b"},
      {R"(\ud83d\ud83d\udc4b)", "\ufffd👋"},
      {R"(\udc4b\ud83d)", "\ufffd\ufffd"},
      {R"(\ud83d\n)", "\ufffd\n"},
      {R"(\ud83d\u0041)",
       "\ufffd"
       "A"},
      {R"(\ud83d\\udc4b)", "\ufffd\\udc4b"},
      {R"(\\ud83d)", "\\ud83d"},
      {R"(\\\ud83d)", "\\\ufffd"},
      {R"(\ud83d\udc4b\udc4b)", "👋\ufffd"},
      {R"(\ufffd\u00e9)", "\ufffdé"},
  };
  for (const auto& each : cases) {
    SCOPED_TRACE(each.escaped);
    const auto object = parsed("{\"a\":\"" + std::string(each.escaped) + "\"}");
    EXPECT_EQ(text_of(object, "a"), each.expected);
  }
  EXPECT_EQ(text_of(parsed(R"({"\ud800":"in a name"})"), "\ufffd"), "in a name");
}

TEST(ParseObjectTest, MutatedTextIsParsedOrRefusedAndNothingElse) {
  constexpr std::uint64_t kSeed = 7;
  SCOPED_TRACE(testing::Message() << "seed " << kSeed);
  const std::string original =
      R"({"content":"hé \ud83d\udc4b \n","n":[1,2.5e3,-7,{"x":null}],"t":true,"d":"\udc00"})";
  std::mt19937_64 random(kSeed);
  int parsed_count = 0;
  for (int round = 0; round < 3000; ++round) {
    auto text = original;
    for (auto changes = random() % 4; changes-- > 0;) {
      const auto at = random() % text.size();
      switch (random() % 3) {
        case 0:
          text[at] = static_cast<char>(random());
          break;
        case 1:
          text.erase(at, 1 + random() % 4);
          break;
        default:
          text.insert(at, original.substr(random() % original.size(), random() % 8));
      }
      if (text.empty()) text = "{";
    }
    const auto object = parse_object(text);
    if (object) ++parsed_count;
    if (!object) {
      ASSERT_TRUE(object.error().code == Errc::malformed_json ||
                  object.error().code == Errc::validation_failed);
    }
  }
  EXPECT_GT(parsed_count, 100);
  EXPECT_LT(parsed_count, 2900);
}

TEST(ReaderTest, EverythingThatDoesNotFitIsNamedInOneAnswer) {
  const auto object = parsed(
      R"({"a":1,"b":"xyz","c":"1","d":-1,"e":"no id",
          "f":["0190163d-8694-739b-aea5-966c26f8ad91",7,"x"],"g":[1,2,3],"h":1.5})");
  Reader reader(object);
  EXPECT_EQ(reader.text("a"), "");
  EXPECT_EQ(reader.text("b", 2), "");
  EXPECT_EQ(reader.number("c"), 0U);
  EXPECT_EQ(reader.number("d"), 0U);
  EXPECT_EQ(reader.id<AnyId>("e"), AnyId());
  EXPECT_EQ(reader.optional_ids<AnyId>("f", 3).size(), 1U);
  EXPECT_TRUE(reader.optional_ids<AnyId>("g", 2).empty());
  EXPECT_EQ(reader.optional_number("h"), std::nullopt);
  EXPECT_EQ(reader.text("i"), "");
  EXPECT_EQ(reader.number("j", 3), 3U);
  EXPECT_EQ(reader.id<AnyId>("k"), AnyId());
  EXPECT_TRUE(reader.ids<AnyId>("l", 3).empty());
  EXPECT_EQ(named(reader.finish()),
            (std::vector<std::string>{"/a wrong-type", "/b too-long", "/c wrong-type",
                                      "/d out-of-range", "/e malformed", "/f/1 wrong-type",
                                      "/f/2 malformed", "/g too-long", "/h out-of-range",
                                      "/i required", "/j required", "/k required", "/l required"}));
}

TEST(ReaderTest, AbsentAndNullAreOne) {
  const auto object = parsed(R"({"a":null})");
  for (const std::string_view name : {"a", "b"}) {
    Reader reader(object);
    EXPECT_FALSE(reader.has(name));
    EXPECT_EQ(reader.optional_text(name), std::nullopt);
    EXPECT_EQ(reader.optional_number(name), std::nullopt);
    EXPECT_EQ(reader.optional_id<AnyId>(name), std::nullopt);
    EXPECT_TRUE(reader.optional_ids<AnyId>(name, 1).empty());
    reader.no_items(name, "none");
    EXPECT_TRUE(reader.finish());
    EXPECT_EQ(reader.text(name), "");
    EXPECT_EQ(named(reader.finish()),
              std::vector<std::string>{"/" + std::string(name) + " required"});
  }
}

TEST(ReaderTest, WholeNumbersCountHoweverTheyAreSpelled) {
  const auto read = [](std::string_view number) {
    const auto object = parsed("{\"n\":" + std::string(number) + "}");
    Reader reader(object);
    const auto value = reader.optional_number("n");
    EXPECT_EQ(value.has_value(), reader.finish().has_value()) << number;
    return value;
  };
  EXPECT_EQ(read("5"), 5U);
  EXPECT_EQ(read("5.0"), 5U);
  EXPECT_EQ(read("5e0"), 5U);
  EXPECT_EQ(read("-0"), 0U);
  EXPECT_EQ(read("-0.0"), 0U);
  EXPECT_EQ(read("9007199254740991"), kNumberMax);
  EXPECT_EQ(read("1000000.0"), 1'000'000U);
  for (const std::string_view bad :
       {"-1", "-1.0", "0.5", "9007199254740992", "9007199254740992.0", "18446744073709551615",
        "18446744073709551616", "-9223372036854775808", "1e300", "-1e300", "1e-300"}) {
    EXPECT_EQ(read(bad), std::nullopt) << bad;
  }
}

TEST(ReaderTest, OneFieldIsRefusedOnceByAnotherCheck) {
  const auto object = parsed(R"({"a":1})");
  Reader reader(object);
  EXPECT_EQ(reader.text("a"), "");
  Error other{.code = Errc::validation_failed, .detail = {}, .fields = {}, .cause = {}};
  other.fields.push_back({"/a", "required", ""});
  other.fields.push_back({"/b", "too-long", ""});
  reader.refuse_all(other);
  EXPECT_EQ(named(reader.finish()), (std::vector<std::string>{"/a wrong-type", "/b too-long"}));
}

TEST(ReaderTest, ItemsWhereNoneAreAllowedAreRefused) {
  const auto object = parsed(R"({"none":[],"some":[1],"text":"x"})");
  Reader reader(object);
  reader.no_items("none", "n");
  reader.no_items("some", "n");
  reader.no_items("text", "n");
  EXPECT_EQ(named(reader.finish()),
            (std::vector<std::string>{"/some not-allowed", "/text wrong-type"}));
}

}  // namespace
}  // namespace knotos::json
