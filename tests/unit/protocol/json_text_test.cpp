#include "protocol/json_text/reader.hpp"
#include "protocol/json_text/strings.hpp"

#include "unit/protocol/random.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <boost/json.hpp>

namespace knotos::json_text {
namespace {

using testing::ElementsAre;

/// Reads to the end and gives the last token: `end`, `malformed` or `too_deep`.
Token verdict(std::string_view text, std::size_t depth_max = Reader::kDepthMax) {
  Reader reader(text, depth_max);
  while (true) {
    const auto token = reader.next();
    if (token == Token::end || token == Token::malformed || token == Token::too_deep) return token;
  }
}

std::vector<std::string> tokens(std::string_view text) {
  Reader reader(text);
  std::vector<std::string> out;
  while (true) {
    const auto token = reader.next();
    if (token == Token::end || token == Token::malformed || token == Token::too_deep) return out;
    out.emplace_back(reader.token_text());
  }
}

std::string nested(std::size_t levels) {
  return std::string(levels, '[') + std::string(levels, ']');
}

TEST(ReaderTest, TokensLieWhereTheyStandInTheText) {
  EXPECT_THAT(tokens(R"( { "a" : [1, -2.5e+3 ,"x\"y"], "b":{}, "c":true,"d":false,"e":null } )"),
              ElementsAre("{", "\"a\"", "[", "1", "-2.5e+3", R"("x\"y")", "]", "\"b\"", "{", "}",
                          "\"c\"", "true", "\"d\"", "false", "\"e\"", "null", "}"));
}

TEST(ReaderTest, OneValueOfAnyKindIsAText) {
  for (const std::string_view text : {"1", "\"\"", "true", " null ", "[]", "{}", "\t[\n]\r", "0",
                                      "-0", "0.0", "1E5", "[[[[]]]]"}) {
    EXPECT_EQ(verdict(text), Token::end) << text;
  }
}

TEST(ReaderTest, EverythingElseIsMalformed) {
  for (const std::string_view text : {"",
                                      " ",
                                      "[",
                                      "]",
                                      "{",
                                      "}",
                                      "[1",
                                      "[1,",
                                      "[1,]",
                                      "[,1]",
                                      "[1 2]",
                                      "{\"a\"}",
                                      "{\"a\":}",
                                      "{\"a\":1,}",
                                      "{a:1}",
                                      "{1:1}",
                                      "{,}",
                                      "[}",
                                      "{]",
                                      "01",
                                      "-",
                                      "+1",
                                      ".5",
                                      "1.",
                                      "1e",
                                      "1e+",
                                      "--1",
                                      "0x1",
                                      "NaN",
                                      "Infinity",
                                      "tru",
                                      "truex",
                                      "nulll",
                                      "'a'",
                                      "\"",
                                      "\"\\",
                                      "\"\\\"",
                                      "\"\\x\"",
                                      "\"\\u12\"",
                                      "\"\\u12G4\"",
                                      "\"\n\"",
                                      "\"\t\"",
                                      "[]]",
                                      "{}{}",
                                      "1 1",
                                      "[] x",
                                      "/**/1",
                                      "[1]//",
                                      "\v1",
                                      "\xef\xbb\xbf"
                                      "1"}) {
    EXPECT_EQ(verdict(text), Token::malformed) << text;
  }
  EXPECT_EQ(verdict(std::string_view("\"\0\"", 3)), Token::malformed);
  EXPECT_EQ(verdict(std::string_view("1\0", 2)), Token::malformed);
  EXPECT_EQ(verdict(std::string_view("\"\\\0\"", 4)), Token::malformed);
}

TEST(ReaderTest, ControlCharactersAreFoundInEveryPlaceOfAWord) {
  for (std::size_t place = 0; place < 20; ++place) {
    for (const char bad : {'\0', '\x01', '\x1f', '\n'}) {
      std::string text = '"' + std::string(20, 'a') + '"';
      text[1 + place] = bad;
      EXPECT_EQ(verdict(text), Token::malformed) << place;
    }
    for (const std::string_view good : {"\x20", "\x7f", "!", "#", "[", "]"}) {
      std::string text = '"' + std::string(20, 'a') + '"';
      text[1 + place] = good.front();
      EXPECT_EQ(verdict(text), Token::end) << place;
    }
  }
}

TEST(ReaderTest, ValuesThatOthersCannotHoldPass) {
  for (const std::string_view text :
       {"1e400", "-1e-400", "123456789012345678901234567890", R"("\ud800")", R"("\udc00\ud800")",
        R"("\u0000")", R"({"a":1,"a":2})", R"({"__proto__":{"constructor":1}})", "\"é€😀\""}) {
    EXPECT_EQ(verdict(text), Token::end) << text;
  }
}

TEST(ReaderTest, DepthIsCountedInLevelsThatAreOpen) {
  EXPECT_EQ(verdict(nested(96)), Token::end);
  EXPECT_EQ(verdict(nested(97)), Token::too_deep);
  EXPECT_EQ(verdict(nested(3), 3), Token::end);
  EXPECT_EQ(verdict(nested(4), 3), Token::too_deep);
  EXPECT_EQ(verdict(R"([{"a":[{}]},[[[]]]])", 4), Token::end);
  EXPECT_EQ(verdict("[]", 0), Token::too_deep);
  EXPECT_EQ(verdict("1", 0), Token::end);
}

TEST(ReaderTest, NoLimitIsHonouredAboveTheCeiling) {
  EXPECT_EQ(verdict(nested(Reader::kDepthCeiling), 1'000'000), Token::end);
  EXPECT_EQ(verdict(nested(Reader::kDepthCeiling + 1), 1'000'000), Token::too_deep);
}

TEST(ReaderTest, ArraysAndObjectsAreKeptApartAtEveryLevel) {
  std::string opened;
  std::string closed;
  for (std::size_t level = 0; level < Reader::kDepthMax - 1; ++level) {
    const bool is_object = level % 3 == 0;
    opened += is_object ? "{\"k\":" : "[";
    closed.insert(0, is_object ? "}" : "]");
  }
  EXPECT_EQ(verdict(opened + "1" + closed), Token::end);
  for (std::size_t place = 0; place < closed.size(); ++place) {
    auto wrong = closed;
    wrong[place] = wrong[place] == '}' ? ']' : '}';
    EXPECT_EQ(verdict(opened + "1" + wrong), Token::malformed) << place;
  }
}

TEST(ReaderTest, AfterAFaultNothingFollowsAndNothingIsOutside) {
  for (const std::string_view text : {"\"\\", "[1,", "\"\\u1", "x", "{\"a\"", ""}) {
    Reader reader(text);
    while (reader.next() != Token::malformed) continue;
    for (int again = 0; again < 3; ++again) {
      EXPECT_EQ(reader.next(), Token::malformed);
      EXPECT_LE(reader.token_end(), text.size()) << text;
      EXPECT_EQ(reader.token_text(), "") << text;
    }
  }
}

TEST(StringsTest, EscapesAreUndone) {
  EXPECT_EQ(unescaped(R"("")"), "");
  EXPECT_EQ(unescaped(R"("plain é")"), "plain é");
  EXPECT_EQ(unescaped(R"("\"\\\/\b\f\n\r\t")"), "\"\\/\b\f\n\r\t");
  EXPECT_EQ(unescaped(R"("\u0041\u00e9\u20AC\ud83D\uDE00")"), "Aé€😀");
  EXPECT_EQ(unescaped(R"("a\u0000b")"), std::string_view("a\0b", 3));
}

TEST(StringsTest, LoneSurrogatesBecomeReplacementCharacters) {
  EXPECT_EQ(unescaped(R"("\ud800")"), "\uFFFD");
  EXPECT_EQ(unescaped(R"("\udc00")"), "\uFFFD");
  EXPECT_EQ(unescaped(R"("\ud800x")"), "\uFFFDx");
  EXPECT_EQ(unescaped(R"("\ud800\n")"), "\uFFFD\n");
  EXPECT_EQ(unescaped(R"("\ud800\u0041")"), "\uFFFDA");
  EXPECT_EQ(unescaped(R"("\ud800\ud83d\ude00")"), "\uFFFD😀");
  EXPECT_EQ(unescaped(R"("\udc00\ud800")"), "\uFFFD\uFFFD");
}

TEST(StringsTest, AppendingEscapesWhatMustBeAndNothingElse) {
  std::string out = "x";
  append_string(out, std::string_view("a\"b\\c\n\r\x01\x1f\x7f\0é😀/", 18));
  EXPECT_EQ(out, "x\"a\\\"b\\\\c\\n\\u000d\\u0001\\u001f\x7f\\u0000é😀/\"");
}

TEST(StringsPropertyTest, AppendedThenUnescapedIsIdentityAndTheSameToAnotherParser) {
  test::Random random;
  for (int round = 0; round < 1000; ++round) {
    auto text = random.text(random.below(60));
    for (auto left = random.below(4); left > 0; --left) {
      text += static_cast<char>(random.below(0x80));
    }
    std::string token;
    append_string(token, text);
    ASSERT_EQ(verdict(token), Token::end) << "seed " << random.seed();
    ASSERT_EQ(unescaped(token), text) << "seed " << random.seed();
    ASSERT_EQ(boost::json::parse(token).as_string(), text) << "seed " << random.seed();
  }
}

TEST(ReaderPropertyTest, AgreesWithAnotherParserOnDamagedTexts) {
  test::Random random;
  const std::string_view kSample =
      R"({"a":[1,-2.5e3,true,false,null,"x\u00e9\n"],"b":{"c":[],"d":{}},"e":"long enough text"})";
  const std::string_view kBytes = "{}[]:,\"\\ 0123eE+-.truefalsn\n\tx";
  int accepted = 0;
  for (int round = 0; round < 20'000; ++round) {
    std::string text(kSample);
    for (auto left = 1 + random.below(3); left > 0; --left) {
      const auto place = random.below(text.size());
      if (random.one_in(3)) {
        text.erase(place, 1);
      } else {
        text[place] = kBytes[random.below(kBytes.size())];
      }
    }
    boost::json::error_code ec;
    boost::json::parse(text, ec);
    ASSERT_EQ(verdict(text) == Token::end, !ec) << "seed " << random.seed() << ": " << text;
    if (!ec) ++accepted;
  }
  EXPECT_GT(accepted, 100) << "Both sides of the border were met.";
}

}  // namespace
}  // namespace knotos::json_text
