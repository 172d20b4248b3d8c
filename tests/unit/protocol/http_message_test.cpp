#include "protocol/http/message.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace knotos::http {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;
using testing::Pair;

Request request_to(std::string target) {
  Request request;
  request.target = std::move(target);
  return request;
}

TEST(RequestTest, PathAndQueryAreCutAtTheFirstMark) {
  const auto request = request_to("/socket.io/?EIO=4&x=a?b");
  EXPECT_EQ(request.path(), "/socket.io/");
  EXPECT_EQ(request.query(), "EIO=4&x=a?b");
  EXPECT_EQ(request_to("/plain").path(), "/plain");
  EXPECT_EQ(request_to("/plain").query(), "");
  EXPECT_EQ(request_to("/plain?").query(), "");
  EXPECT_EQ(request_to("").path(), "");
}

TEST(RequestTest, HeadersAreFoundInAnyCaseAndTheFirstOneCounts) {
  Request request;
  request.headers = {{"Content-TYPE", "a"}, {"content-type", "b"}};
  EXPECT_EQ(request.header("Content-Type"), "a");
  EXPECT_EQ(request.header("Content-Typ"), std::nullopt);
}

TEST(RequestTest, TokensAreFoundInListsOverSeveralHeaders) {
  Request request;
  request.headers = {{"Connection", "keep-alive ,\tUpgrade"}, {"CONNECTION", "X-One"}};
  for (const auto* token : {"keep-alive", "upgrade", "x-one"}) {
    EXPECT_TRUE(request.header_has_token("connection", token)) << token;
  }
  for (const auto* token : {"keep", "alive", "upgrade,", "x"}) {
    EXPECT_FALSE(request.header_has_token("connection", token)) << token;
  }
  EXPECT_FALSE(request.header_has_token("Upgrade", "websocket"));
}

TEST(PercentDecodeTest, DecodesEscapesAndKeepsThePlus) {
  EXPECT_EQ(percent_decode("%70olling"), "polling");
  EXPECT_EQ(percent_decode("a+b%2Bc%2bd"), "a+b+c+d");
  EXPECT_EQ(percent_decode("%00"), std::string(1, '\0'));
  EXPECT_EQ(percent_decode("%c3%A9"), "é");
  EXPECT_EQ(percent_decode(""), "");
}

TEST(PercentDecodeTest, RefusesBrokenEscapes) {
  for (const auto* text : {"%", "%4", "a%", "a%4", "%g0", "%0g", "%%30", "% 1", "%-1"}) {
    EXPECT_EQ(percent_decode(text), std::nullopt) << text;
  }
}

TEST(QueryTest, ReadsWhatEngineIoClientsSend) {
  const Query query("EIO=4&transport=%70olling&sid=&t=abc&flag&x=a=b");
  EXPECT_THAT(query.all(),
              ElementsAre(Pair("EIO", "4"), Pair("transport", "polling"), Pair("sid", ""),
                          Pair("t", "abc"), Pair("flag", ""), Pair("x", "a=b")));
  EXPECT_EQ(query.get("transport"), "polling");
  EXPECT_EQ(query.get("sid"), "");
  EXPECT_EQ(query.get("missing"), std::nullopt);
}

TEST(QueryTest, TheLastOfARepeatedKeyWins) {
  EXPECT_EQ(Query("EIO=3&EIO=4&%45IO=5").get("EIO"), "5");
}

TEST(QueryTest, KeepsWhatDoesNotDecode) {
  EXPECT_EQ(Query("a=%zz").get("a"), "%zz");
  EXPECT_EQ(Query("%zz=1").get("%zz"), "1");
}

TEST(QueryTest, EmptyPartsAreNone) {
  EXPECT_THAT(Query("").all(), IsEmpty());
  EXPECT_THAT(Query("&&").all(), IsEmpty());
  EXPECT_THAT(Query("&a=1&&=2&").all(), ElementsAre(Pair("a", "1"), Pair("", "2")));
}

}  // namespace
}  // namespace knotos::http
