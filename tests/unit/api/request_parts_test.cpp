#include "api/account_routes.hpp"
#include "api/address_rate.hpp"
#include "api/call.hpp"
#include "api/cors.hpp"
#include "api/metrics_text.hpp"
#include "api/parameters.hpp"
#include "api/process_figures.hpp"
#include "api/reply.hpp"
#include "base/metrics.hpp"
#include "domain/ids.hpp"
#include "support/fake_clock.hpp"
#include "support/fake_exchange.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace knotos::api {
namespace {

using test::FakeClock;
using test::FakeExchange;
using test::FakeShards;

http::Request request_with(std::vector<http::Header> headers, std::string target = "/") {
  http::Request request;
  request.method = "GET";
  request.target = std::move(target);
  request.headers = std::move(headers);
  request.remote_address = "192.0.2.1";
  return request;
}

std::string header_of(const std::vector<http::Header>& headers, std::string_view name) {
  for (const auto& header : headers) {
    if (header.name == name) return header.value;
  }
  return "(none)";
}

class CallTest : public testing::Test {
 protected:
  Call call_with(http::Request request) {
    Call call;
    call.exchange = std::make_shared<FakeExchange>(shards_, std::move(request));
    return call;
  }

  std::vector<std::string> misfits(Parameters& parameters) {
    std::vector<std::string> names;
    const auto finished = parameters.finish();
    if (finished) return names;
    for (const auto& field : finished.error().fields)
      names.push_back(field.pointer + " " + field.code);
    return names;
  }

  FakeShards shards_;
};

TEST_F(CallTest, TheSchemeOfATokenIsReadInAnyCase) {
  for (const auto* text : {"Bearer abc", "bearer abc", "BEARER   abc", " Bearer\tabc "}) {
    const auto token = bearer_token(request_with({{"authorization", text}}));
    ASSERT_TRUE(token) << text;
    EXPECT_EQ(*token, "abc");
  }
  EXPECT_EQ(bearer_token(request_with({})).error().code, Errc::unauthenticated);
  for (const auto* text : {"", "Bearer", "Bearer ", "Basic abc", "abc", "Bearerabc"}) {
    const auto token = bearer_token(request_with({{"Authorization", text}}));
    ASSERT_FALSE(token) << text;
    EXPECT_EQ(token.error().code, Errc::unauthenticated) << text;
  }
}

TEST_F(CallTest, ABodyIsJsonOrRefused) {
  for (const auto* type :
       {"application/json", "Application/JSON; charset=utf-8", "application/json ;x"}) {
    auto request = request_with({{"Content-Type", type}});
    request.body = "{}";
    EXPECT_TRUE(body_of(call_with(request))) << type;
  }
  for (const auto* type :
       {"text/plain", "", "application/jsonp", "application/x-www-form-urlencoded"}) {
    auto request = request_with({{"Content-Type", type}});
    request.body = "{}";
    EXPECT_EQ(body_of(call_with(request)).error().code, Errc::unsupported_media) << type;
  }
  auto untyped = request_with({});
  untyped.body = "{}";
  EXPECT_TRUE(body_of(call_with(untyped)));
  EXPECT_EQ(body_of(call_with(request_with({}))).error().code, Errc::malformed_json);
}

TEST_F(CallTest, ARequestIdIsShortAndPlain) {
  EXPECT_TRUE(is_request_id("a"));
  EXPECT_TRUE(is_request_id("A-Z_0.9"));
  EXPECT_TRUE(is_request_id(std::string(64, 'x')));
  for (const auto& text : {std::string(), std::string(65, 'x'), std::string("a b"),
                           std::string("a\r\nX: y"), std::string("é"), std::string("a/b")}) {
    EXPECT_FALSE(is_request_id(text)) << text;
  }
}

TEST_F(CallTest, NumbersOfAQueryAreReadStrictly) {
  const auto read = [this](const std::string& text) {
    Parameters parameters(call_with(request_with({}, "/x?n=" + text)));
    const auto value = parameters.number("n", 1, 100);
    const auto names = misfits(parameters);
    return value ? std::to_string(*value) : names.at(0);
  };
  EXPECT_EQ(read("1"), "1");
  EXPECT_EQ(read("100"), "100");
  EXPECT_EQ(read("007"), "7");
  for (const auto* text : {"0", "101", "-1", "-0", "+5", "99999999999999999999999999"}) {
    EXPECT_EQ(read(text), "/n out-of-range") << text;
  }
  for (const auto* text :
       {"", "x", "1e400", "1.5", "0x10", "1%20", "%201", "NaN", "--1", "-", "1;"}) {
    EXPECT_EQ(read(text), "/n malformed") << text;
  }
}

TEST_F(CallTest, EveryParameterThatDoesNotFitIsNamed) {
  auto call = call_with(request_with({}, "/x?limit=0&sinceRev=x"));
  call.path_parameters = {{"chatId", "nope"},
                          {"messageId", "0190163d-8694-739b-aea5-966c26f8ad91"}};
  Parameters parameters(call);
  EXPECT_EQ(parameters.id<domain::ChatId>("chatId"), domain::ChatId());
  EXPECT_EQ(parameters.id<domain::MessageId>("messageId").to_string(),
            "0190163d-8694-739b-aea5-966c26f8ad91");
  EXPECT_EQ(parameters.limit(), 50U);
  EXPECT_EQ(parameters.required_number("sinceRev", 0, 9), 0U);
  EXPECT_EQ(parameters.required_number("absent", 0, 9), 0U);
  EXPECT_EQ(misfits(parameters),
            (std::vector<std::string>{"/chatId malformed", "/limit out-of-range",
                                      "/sinceRev malformed", "/absent required"}));
}

TEST_F(CallTest, ADeviceIsNamedByWhatCanBeShown) {
  EXPECT_EQ(device_name_of(request_with({{"User-Agent", "curl/8.1 (x)"}})), "curl/8.1 (x)");
  EXPECT_EQ(device_name_of(request_with({})), "");
  EXPECT_EQ(device_name_of(request_with({{"User-Agent", "a\xff\x01z"}})), "a??z");
  EXPECT_EQ(device_name_of(request_with({{"User-Agent", std::string(500, 'x')}})).size(), 120U);
}

TEST(CorsTest, OnlyConfiguredOriginsMayRead) {
  const Cors cors({"https://a.example", "https://b.example"});
  std::vector<http::Header> allowed;
  cors.add_headers(request_with({{"Origin", "https://b.example"}}), allowed);
  EXPECT_EQ(header_of(allowed, "Access-Control-Allow-Origin"), "https://b.example");
  EXPECT_EQ(header_of(allowed, "Vary"), "Origin");
  EXPECT_THAT(header_of(allowed, "Access-Control-Expose-Headers"), testing::HasSubstr("RateLimit"));

  for (const auto* origin : {"https://c.example", "https://a.example.evil", "null", ""}) {
    std::vector<http::Header> refused;
    cors.add_headers(request_with({{"Origin", origin}}), refused);
    EXPECT_EQ(header_of(refused, "Access-Control-Allow-Origin"), "(none)") << origin;
    EXPECT_EQ(header_of(refused, "Vary"), "Origin");
    cors.add_preflight_headers(
        request_with({{"Origin", origin}, {"Access-Control-Request-Method", "GET"}}), "GET",
        refused);
    EXPECT_EQ(header_of(refused, "Access-Control-Allow-Methods"), "(none)") << origin;
  }
}

TEST(CorsTest, AStarAllowsAnyAndNothingAllowsNone) {
  std::vector<http::Header> headers;
  Cors({"*"}).add_headers(request_with({{"Origin", "https://x.example"}}), headers);
  EXPECT_EQ(header_of(headers, "Access-Control-Allow-Origin"), "https://x.example");
  headers.clear();
  Cors({}).add_headers(request_with({{"Origin", "https://x.example"}}), headers);
  EXPECT_TRUE(headers.empty());
}

TEST(AddressRateTest, TellsWhatIsLeftAndRefusesBeyondIt) {
  FakeClock clock;
  AddressRate rate("auth", {2, std::chrono::seconds(60), 0}, clock);
  std::vector<http::Header> headers;
  EXPECT_TRUE(rate.take("192.0.2.1", headers));
  EXPECT_EQ(header_of(headers, "RateLimit-Policy"), "\"auth\";q=2;w=60");
  EXPECT_EQ(header_of(headers, "RateLimit"), "\"auth\";r=1;t=30");
  EXPECT_TRUE(rate.take("192.0.2.1", headers));
  headers.clear();
  const auto third = rate.take("192.0.2.1", headers);
  ASSERT_FALSE(third);
  EXPECT_EQ(third.error().code, Errc::rate_limited);
  EXPECT_EQ(third.error().retry_after, std::chrono::seconds(30));
  EXPECT_EQ(header_of(headers, "RateLimit"), "\"auth\";r=0;t=60");
  EXPECT_TRUE(rate.take("192.0.2.2", headers));
  clock.advance(std::chrono::seconds(30));
  EXPECT_TRUE(rate.take("192.0.2.1", headers));
}

TEST(AddressRateTest, ARateOfZeroIsNone) {
  FakeClock clock;
  AddressRate rate("auth", {0, std::chrono::seconds(60), 0}, clock);
  std::vector<http::Header> headers;
  for (int i = 0; i < 100; ++i) EXPECT_TRUE(rate.take("192.0.2.1", headers));
  EXPECT_TRUE(headers.empty());
}

TEST(AddressRateTest, OneNetworkOfIpv6IsOneAddress) {
  EXPECT_EQ(rate_key_of_address("2001:db8:1:2::1"), rate_key_of_address("2001:db8:1:2:ffff::9"));
  EXPECT_NE(rate_key_of_address("2001:db8:1:2::1"), rate_key_of_address("2001:db8:1:3::1"));
  EXPECT_EQ(rate_key_of_address("::1"), rate_key_of_address("::2"));
  EXPECT_EQ(rate_key_of_address("2001:db8::1"), rate_key_of_address("2001:db8:0:0:9::"));
  EXPECT_EQ(rate_key_of_address("fe80::1%eth0"), rate_key_of_address("fe80::2"));
  EXPECT_EQ(rate_key_of_address("1:2:3:4:5:6:7::"), rate_key_of_address("1:2:3:4:5:6:7:8"));
  EXPECT_NE(rate_key_of_address("::1"), rate_key_of_address("::1:0:0:0:1"));
  EXPECT_NE(rate_key_of_address("192.0.2.1"), rate_key_of_address("192.0.2.2"));
  EXPECT_NE(rate_key_of_address("::ffff:192.0.2.1"), rate_key_of_address("::ffff:192.0.2.2"));
}

TEST(ProblemReplyTest, HasTheHeadersThatItsStatusWants) {
  for (std::size_t i = 0; i < kErrcCount; ++i) {
    const auto code = static_cast<Errc>(i);
    const auto reply = problem_reply(fail(code).error(), "r");
    EXPECT_EQ(reply.status, describe(code).status);
    EXPECT_EQ(reply.content_type, "application/problem+json");
    EXPECT_EQ(header_of(reply.headers, "WWW-Authenticate") != "(none)", reply.status == 401);
    EXPECT_EQ(header_of(reply.headers, "Retry-After") != "(none)",
              reply.status == 429 || reply.status == 503);
  }
}

TEST(ProblemReplyTest, WaitsAreRoundedUp) {
  auto error = fail(Errc::rate_limited).error();
  error.retry_after = Milliseconds(1001);
  EXPECT_EQ(header_of(problem_reply(error, "r").headers, "Retry-After"), "2");
  error.retry_after = Milliseconds(0);
  EXPECT_EQ(header_of(problem_reply(error, "r").headers, "Retry-After"), "1");
  EXPECT_EQ(seconds_text(Milliseconds(0)), "0");
}

metrics::Counter odd("api_test_odd_total", "Of the test: a \"quoted\" \\ help.", "kind", "o\"dd");
metrics::Counter even("api_test_odd_total", "Of the test: a \"quoted\" \\ help.", "kind", "even");
metrics::Gauge level("api_test_level", "Of the test.");

TEST(MetricsTextTest, WhatIsCountedIsReadByPrometheus) {
  odd.add(3);
  even.add(2);
  level.add(5);
  level.add(-7);
  const auto text = metrics_text();
  EXPECT_THAT(text, testing::HasSubstr("# TYPE knotos_api_test_odd_total counter\n"
                                       "knotos_api_test_odd_total{kind=\"even\"} 2\n"
                                       "knotos_api_test_odd_total{kind=\"o\\\"dd\"} 3\n"));
  EXPECT_THAT(text,
              testing::HasSubstr("# TYPE knotos_api_test_level gauge\nknotos_api_test_level -2\n"));
  for (const auto* name : {"process_resident_memory_bytes", "process_open_fds", "process_max_fds",
                           "process_cpu_seconds_total", "process_start_time_seconds"}) {
    EXPECT_THAT(text, testing::HasSubstr(std::string("\n") + name + " "));
  }
}

TEST(ProcessFiguresTest, AreThoseOfThisProcess) {
  const auto figures = process_figures();
  EXPECT_GT(figures.resident_bytes, 1'000'000U);
  EXPECT_GE(figures.descriptors_open, 3U);
  EXPECT_GE(figures.descriptors_max, figures.descriptors_open);
  EXPECT_GT(figures.cpu_seconds, 0);
  const auto now = static_cast<double>(now_utc().time_since_epoch().count()) / 1000;
  EXPECT_LE(figures.started_at_seconds, now + 2);
  EXPECT_GT(figures.started_at_seconds, now - 24 * 3600);
}

}  // namespace
}  // namespace knotos::api
