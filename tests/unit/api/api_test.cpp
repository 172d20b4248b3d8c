#include "api_world.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace knotos::api {
namespace {

using test::Answer;
using test::ApiWorld;
using test::Client;

class ApiTest : public testing::Test {
 protected:
  ApiWorld world;
};

http::Request request_of(std::string method, std::string target,
                         std::vector<http::Header> headers = {}) {
  http::Request request;
  request.method = std::move(method);
  request.target = std::move(target);
  request.headers = std::move(headers);
  return request;
}

TEST_F(ApiTest, EveryAnswerHasARequestId) {
  EXPECT_EQ(
      world.ask(request_of("GET", "/healthz", {{"X-Request-Id", "r.1-_"}})).header("X-Request-Id"),
      "r.1-_");
  const auto made = world.ask("GET", "/nowhere").header("X-Request-Id");
  EXPECT_EQ(made.size(), 20U);
  EXPECT_NE(world.ask("GET", "/nowhere").header("X-Request-Id"), made);
  const auto answer = world.ask(request_of("GET", "/v1/me", {{"X-Request-Id", "a b"}}));
  EXPECT_NE(answer.header("X-Request-Id"), "a b");
  EXPECT_EQ(answer.text("requestId"), answer.header("X-Request-Id"));
}

TEST_F(ApiTest, UnknownPathsAndWrongMethodsAreProblems) {
  for (const auto* path :
       {"/v1", "/v1/nothing", "/v1/me/nothing", "/v1/chats/x/nothing", "/%", "/v1/me/"}) {
    const auto answer = world.ask("GET", path);
    EXPECT_EQ(answer.status, 404U) << path;
    EXPECT_EQ(answer.code(), "not-found") << path;
  }
  const auto answer = world.ask("PUT", "/v1/chats");
  EXPECT_EQ(answer.status, 405U);
  EXPECT_EQ(answer.code(), "method-not-allowed");
  EXPECT_EQ(answer.header("Allow"), "GET, HEAD, POST, OPTIONS");
}

TEST_F(ApiTest, OptionsTellTheMethodsAndThePreflightOfAnAllowedOrigin) {
  auto settings = ApiWorld::quiet_settings();
  settings.cors_origins = {"https://a.example"};
  ApiWorld shared(1, settings);
  const auto preflight = shared.ask(
      request_of("OPTIONS", "/v1/me",
                 {{"Origin", "https://a.example"}, {"Access-Control-Request-Method", "GET"}}));
  EXPECT_EQ(preflight.status, 204U);
  EXPECT_EQ(preflight.header("Access-Control-Allow-Origin"), "https://a.example");
  EXPECT_EQ(preflight.header("Access-Control-Allow-Methods"), "GET, HEAD, PATCH, DELETE, OPTIONS");
  EXPECT_THAT(preflight.header("Access-Control-Allow-Headers"),
              testing::HasSubstr("Authorization"));
  const auto stranger = shared.ask(
      request_of("OPTIONS", "/v1/me",
                 {{"Origin", "https://b.example"}, {"Access-Control-Request-Method", "GET"}}));
  EXPECT_EQ(stranger.status, 204U);
  EXPECT_EQ(stranger.header("Access-Control-Allow-Origin"), "(none)");
  EXPECT_EQ(stranger.header("Allow"), "GET, HEAD, PATCH, DELETE, OPTIONS");
  const auto refused = shared.ask(request_of("GET", "/v1/me", {{"Origin", "https://a.example"}}));
  EXPECT_EQ(refused.status, 401U);
  EXPECT_EQ(refused.header("Access-Control-Allow-Origin"), "https://a.example");
}

TEST_F(ApiTest, WithoutAGoodTokenNothingIsTold) {
  const auto ann = world.sign_up("ann");
  for (const auto* text : {"", "Bearer", "Bearer nonsense", "Basic abc"}) {
    const auto answer = world.ask(request_of("GET", "/v1/me", {{"Authorization", text}}));
    EXPECT_EQ(answer.status, 401U) << text;
    EXPECT_EQ(answer.code(), "unauthenticated") << text;
    EXPECT_THAT(answer.header("WWW-Authenticate"), testing::StartsWith("Bearer")) << text;
  }
  EXPECT_EQ(
      world.ask(request_of("GET", "/v1/me", {{"authorization", "bEARER " + ann.token}})).status,
      200U);
  world.clock.advance(std::chrono::minutes(15));
  const auto expired = world.ask("GET", "/v1/me", {}, ann.token);
  EXPECT_EQ(expired.status, 401U);
  EXPECT_EQ(expired.code(), "token-expired");
  EXPECT_THAT(expired.header("WWW-Authenticate"), testing::HasSubstr("invalid_token"));
}

TEST_F(ApiTest, AnswersAreNotToBeKept) {
  const auto ann = world.sign_up("ann");
  EXPECT_EQ(world.ask("GET", "/v1/me", {}, ann.token).header("Cache-Control"), "no-store");
  EXPECT_EQ(world.ask("GET", "/v1/me").header("Cache-Control"), "no-store");
  EXPECT_EQ(world.ask("GET", "/v1/me", {}, ann.token).header("Content-Type"), "application/json");
}

TEST_F(ApiTest, WhatIsThrownIsAnInternalProblemAndNothingOfItIsTold) {
  world.passwords.throws = true;
  const auto answer =
      world.ask("POST", "/v1/auth/register", R"({"username":"ann","password":"password"})");
  EXPECT_EQ(answer.status, 500U);
  EXPECT_EQ(answer.code(), "internal");
  EXPECT_THAT(answer.body, testing::Not(testing::HasSubstr("broke")));
  EXPECT_NE(answer.header("X-Request-Id"), "(none)");
}

TEST_F(ApiTest, WhatMayPassSaysWhenToComeAgain) {
  world.passwords.is_full = true;
  const auto full =
      world.ask("POST", "/v1/auth/register", R"({"username":"ann","password":"password"})");
  EXPECT_EQ(full.status, 503U);
  EXPECT_EQ(full.code(), "overloaded");
  EXPECT_EQ(full.header("Retry-After"), "1");
  EXPECT_EQ(full.json().at("retryable"), true);

  world.passwords.is_full = false;
  const auto ann = world.sign_up("ann");
  world.store.set_available(false);
  const auto away = world.ask("GET", "/v1/me", {}, ann.token);
  EXPECT_EQ(away.status, 503U);
  EXPECT_EQ(away.code(), "store-unavailable");
  EXPECT_EQ(away.header("Retry-After"), "1");
}

TEST(ApiRateTest, AnAddressMaySignInSoOften) {
  auto settings = ApiWorld::quiet_settings();
  settings.rate_auth = {3, std::chrono::seconds(60), 0};
  ApiWorld world(1, settings);
  const std::string body = R"({"username":"ann","password":"wrong password"})";
  for (const auto* path : {"/v1/auth/register", "/v1/auth/login", "/v1/auth/refresh"}) {
    const auto answer = world.ask("POST", path, body);
    EXPECT_NE(answer.status, 429U);
    EXPECT_EQ(answer.header("RateLimit-Policy"), "\"auth\";q=3;w=60");
    EXPECT_THAT(answer.header("RateLimit"), testing::StartsWith("\"auth\";r="));
  }
  const auto refused = world.ask("POST", "/v1/auth/login", body);
  EXPECT_EQ(refused.status, 429U);
  EXPECT_EQ(refused.code(), "rate-limited");
  EXPECT_EQ(refused.header("Retry-After"), "20");
  EXPECT_EQ(refused.header("RateLimit"), "\"auth\";r=0;t=60");
  EXPECT_EQ(refused.json().at("retryAfterMs"), 20'000);

  auto other = request_of("POST", "/v1/auth/login");
  other.remote_address = "192.0.2.9";
  EXPECT_NE(world.ask(other).status, 429U);
  EXPECT_EQ(world.ask("GET", "/v1/me").status, 401U) << "other routes are not counted";
}

TEST_F(ApiTest, HealthVersionAndMetricsAreOpen) {
  EXPECT_EQ(world.ask("GET", "/healthz").body, R"({"status":"ok"})");
  EXPECT_EQ(world.ask("HEAD", "/healthz").status, 200U);
  EXPECT_EQ(world.ask("GET", "/version").text("version"), "1.2.3");
  const auto metrics = world.ask("GET", "/metrics");
  EXPECT_THAT(metrics.header("Content-Type"), testing::StartsWith("text/plain; version=0.0.4"));
  EXPECT_THAT(metrics.body, testing::HasSubstr("\nknotos_api_responses_total{class=\"2xx\"} "));
}

TEST_F(ApiTest, ReadinessIsWhatTheAppSays) {
  EXPECT_EQ(world.ask("GET", "/readyz").body, R"({"status":"ready"})");
  world.readiness.store_accepts_writes = false;
  EXPECT_EQ(world.ask("GET", "/readyz").text("reason"), "store-unavailable");
  world.readiness.is_draining = true;
  const auto answer = world.ask("GET", "/readyz");
  EXPECT_EQ(answer.status, 503U);
  EXPECT_EQ(answer.body, R"({"status":"not-ready","reason":"draining"})");
  EXPECT_EQ(answer.header("Retry-After"), "1");
  EXPECT_EQ(world.ask("GET", "/healthz").status, 200U);
}

TEST(ApiShardTest, AnAnswerComesHomeToTheShardOfItsConnection) {
  ApiWorld world(4);
  const auto ann = world.sign_up("ann");
  const auto bob = world.sign_up("bob");
  const auto chat = world.direct_chat(ann, bob);
  for (std::size_t shard = 0; shard < 4; ++shard) {
    // The exchange itself asserts that it is answered at home.
    const auto sent = world.ask("POST", "/v1/chats/" + chat + "/messages", R"({"content":"x"})",
                                ann.token, shard);
    EXPECT_EQ(sent.status, 201U) << sent.body;
    EXPECT_EQ(sent.json().at("seq").as_int64(), static_cast<std::int64_t>(shard) + 1);
  }
}

TEST_F(ApiTest, APeerThatHasGoneIsNoHarm) {
  const auto exchange = world.shards.on(0, [&] {
    return std::make_shared<test::FakeExchange>(world.shards, request_of("GET", "/v1/me"));
  });
  world.shards.on(0, [&] { world.api.serve(exchange); });
  exchange->abort();
  world.shards.run();
  EXPECT_FALSE(exchange->response());
}

}  // namespace
}  // namespace knotos::api
