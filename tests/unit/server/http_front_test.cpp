#include "server/http_front.hpp"

#include "support/fake_client.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace knotos::server {
namespace {

using test::FakeWorld;
using test::header_of;
using testing::HasSubstr;

struct FaultCase {
  std::string method;
  std::string query;
  unsigned status;
  int code;
};

class FaultTest : public testing::TestWithParam<FaultCase> {};

TEST_P(FaultTest, IsAnsweredWithItsCode) {
  FakeWorld world;
  const auto exchange = world.ask(FakeWorld::request(GetParam().method, GetParam().query));
  ASSERT_TRUE(exchange->response());
  EXPECT_EQ(exchange->response()->status, GetParam().status);
  EXPECT_THAT(exchange->response()->body,
              testing::StartsWith("{\"code\":" + std::to_string(GetParam().code) + ","));
  EXPECT_EQ(header_of(*exchange->response(), "Content-Type"), "application/json");
}

INSTANTIATE_TEST_SUITE_P(
    Requests, FaultTest,
    testing::Values(FaultCase{"GET", "", 400, 0}, FaultCase{"GET", "EIO=abc", 400, 0},
                    FaultCase{"GET", "EIO=4&transport=webtransport", 400, 0},
                    FaultCase{"GET", "EIO=4&transport=constructor&sid=x", 400, 0},
                    FaultCase{"POST", "EIO=4&transport=polling", 400, 2},
                    FaultCase{"OPTIONS", "EIO=4&transport=polling", 400, 2},
                    FaultCase{"POST", "EIO=3&transport=polling&sid=", 400, 2},
                    FaultCase{"GET", "EIO=4&transport=websocket", 400, 3},
                    FaultCase{"GET", "transport=polling", 400, 5},
                    FaultCase{"GET", "EIO=3&transport=polling", 400, 5},
                    FaultCase{"GET", "EIO=04&transport=polling", 400, 5},
                    FaultCase{"GET", "EIO=4&EIO=5&transport=polling", 400, 5}));

TEST(HttpFrontTest, ValuesAreDecodedBeforeTheyAreCompared) {
  FakeWorld world;
  EXPECT_EQ(world.get("EIO=%34&transport=%70olling&sid=")->response()->status, 200U);
}

TEST(HttpFrontTest, ThePathWithoutItsSlashIsNotOurs) {
  FakeWorld world;
  auto request = FakeWorld::request("GET", "EIO=4&transport=polling");
  request.target = "/socket.io?EIO=4&transport=polling";
  EXPECT_EQ(world.ask(std::move(request))->response()->status, 404U);
}

TEST(HttpFrontTest, AdmissionMayRefuseWithItsOwnWords) {
  Options options;
  options.allow_request = [](const http::Request& request) -> std::optional<std::string> {
    if (request.header("x-block")) return "blocked by policy";
    return std::nullopt;
  };
  FakeWorld world(1, options);
  auto request = FakeWorld::request("GET", "EIO=4&transport=polling");
  request.headers.push_back({"X-Block", "1"});
  const auto exchange = world.ask(std::move(request));
  EXPECT_EQ(exchange->response()->status, 403U);
  EXPECT_EQ(exchange->response()->body, R"({"code":4,"message":"blocked by policy"})");
  EXPECT_EQ(world.get("EIO=4&transport=polling")->response()->status, 200U);
}

TEST(HttpFrontTest, TheCookieIsSetByThePollingHandshakeOnly) {
  Options options;
  options.cookie_name = "io";
  FakeWorld world(1, options);
  const auto response = *world.get("EIO=4&transport=polling")->response();
  EXPECT_EQ(header_of(response, "Set-Cookie"),
            "io=" + FakeWorld::sid_in(response.body) + "; Path=/; HttpOnly; SameSite=Lax");
}

http::Request from_origin(std::string_view query, std::string_view origin,
                          std::string method = "GET") {
  auto request = FakeWorld::request(std::move(method), query);
  request.headers.push_back({"Origin", std::string(origin)});
  return request;
}

TEST(CorsTest, IsOffByDefault) {
  FakeWorld world;
  const auto exchange = world.ask(from_origin("EIO=4&transport=polling", "https://evil.example"));
  EXPECT_EQ(exchange->response()->status, 200U);
  EXPECT_EQ(header_of(*exchange->response(), "Access-Control-Allow-Origin"), "");
}

TEST(CorsTest, AnybodyIsAStarOnEveryAnswerErrorsIncluded) {
  Options options;
  options.cors_origins = {"*"};
  FakeWorld world(1, options);
  for (const auto* const query : {"EIO=4&transport=polling", "EIO=3&transport=polling", "x=1"}) {
    const auto exchange = world.ask(from_origin(query, "https://any.example"));
    EXPECT_EQ(header_of(*exchange->response(), "Access-Control-Allow-Origin"), "*") << query;
  }
}

TEST(CorsTest, AForeignOriginIsRefusedWithAndWithoutASessionAndOnWebSocket) {
  Options options;
  options.cors_origins = {"https://chat.example"};
  options.cors_credentials = true;
  FakeWorld world(1, options);
  const auto friendly = world.ask(from_origin("EIO=4&transport=polling", "https://chat.example"));
  ASSERT_EQ(friendly->response()->status, 200U);
  EXPECT_EQ(header_of(*friendly->response(), "Access-Control-Allow-Origin"),
            "https://chat.example");
  EXPECT_EQ(header_of(*friendly->response(), "Vary"), "Origin");
  EXPECT_EQ(header_of(*friendly->response(), "Access-Control-Allow-Credentials"), "true");

  const auto sid = FakeWorld::sid_in(friendly->response()->body);
  for (const auto& query :
       {std::string("EIO=4&transport=polling"), "EIO=4&transport=polling&sid=" + sid,
        std::string("EIO=4&transport=websocket")}) {
    const auto foreign = world.ask(from_origin(query, "https://evil.example"));
    EXPECT_EQ(foreign->response()->status, 403U) << query;
    EXPECT_EQ(header_of(*foreign->response(), "Access-Control-Allow-Origin"), "") << query;
  }
  EXPECT_EQ(world.get("EIO=4&transport=polling")->response()->status, 200U);
}

TEST(CorsTest, APreflightEchoesTheHeadersAndLooksAtNothingElse) {
  Options options;
  options.cors_origins = {"https://chat.example"};
  FakeWorld world(1, options);
  auto request = from_origin("sid=unknown", "https://chat.example", "OPTIONS");
  request.headers.push_back({"Access-Control-Request-Headers", "x-a, x-b"});
  const auto response = *world.ask(std::move(request))->response();
  EXPECT_EQ(response.status, 204U);
  EXPECT_EQ(header_of(response, "Access-Control-Allow-Methods"), "GET,HEAD,PUT,PATCH,POST,DELETE");
  EXPECT_EQ(header_of(response, "Access-Control-Allow-Headers"), "x-a, x-b");
  EXPECT_THAT(header_of(response, "Vary"), HasSubstr("Access-Control-Request-Headers"));
  EXPECT_EQ(header_of(response, "Content-Length"), "0");
}

TEST(CorsTest, AnOriginThatIsNoHeaderTextIsABadRequest) {
  FakeWorld world;
  const auto exchange = world.ask(from_origin("EIO=4&transport=polling", "https://a\x01.example"));
  EXPECT_EQ(exchange->response()->body, R"({"code":3,"message":"Bad request"})");
}

}  // namespace
}  // namespace knotos::server
