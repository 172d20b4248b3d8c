#include "webapp/webapp.hpp"

#include "pack_text.hpp"
#include "webapp/embedded_pack.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <string>

namespace knotos {
namespace {

using webapp::Webapp;

std::string client_pack() {
  test::PackText pack;
  pack.add("/index.html", "text/html; charset=utf-8", "page1", "revalidated", "<html>", "zipped");
  pack.add("/assets/app-Xy1.js", "text/javascript", "script1", "immutable", "run()", "packed");
  pack.add("/icon.png", "image/png", "icon1", "revalidated", "png");
  return pack.text();
}

http::Request get(std::string target, std::vector<http::Header> headers = {}) {
  http::Request request;
  request.method = "GET";
  request.target = std::move(target);
  request.headers = std::move(headers);
  return request;
}

std::string header(const http::Response& response, std::string_view name) {
  const auto at = std::ranges::find(response.headers, name, &http::Header::name);
  return at == response.headers.end() ? std::string("(none)") : at->value;
}

class WebappTest : public testing::Test {
 protected:
  const std::string pack_ = client_pack();
  const Webapp webapp_{pack_};
};

TEST_F(WebappTest, OwnsItsFilesAndItsRoutesAndNothingElse) {
  for (const auto* path : {"/", "/index.html", "/assets/app-Xy1.js", "/icon.png", "/settings",
                           "/chats/0b1e", "/chats/0b1e/details", "/invites/a-code"}) {
    EXPECT_TRUE(webapp_.owns(path)) << path;
  }
  for (const auto* path :
       {"", "/v1/chats", "/v1", "/healthz", "/metrics", "/openapi.json", "/assets/app-Xy2.js",
        "/assets/", "/chats", "/chats/", "/settingsX", "/settings/..", "/../index.html",
        "/INDEX.html", "//", "/chats%2f1", "/socket.io/"}) {
    EXPECT_FALSE(webapp_.owns(path)) << path;
  }
}

TEST_F(WebappTest, RouteAnswersThePageAndIsAskedForEachTime) {
  for (const auto* target : {"/", "/chats/0b1e", "/settings?from=mail"}) {
    const auto response = webapp_.respond(get(target));
    EXPECT_EQ(response.status, 200u);
    EXPECT_EQ(response.body, "<html>");
    EXPECT_EQ(header(response, "Content-Type"), "text/html; charset=utf-8");
    EXPECT_EQ(header(response, "Cache-Control"), "no-cache");
    EXPECT_EQ(header(response, "ETag"), "\"page1\"");
  }
}

TEST_F(WebappTest, FileWithItsHashInItsNameIsKeptForEver) {
  const auto response = webapp_.respond(get("/assets/app-Xy1.js"));
  EXPECT_EQ(response.body, "run()");
  EXPECT_EQ(header(response, "Cache-Control"), "public, max-age=31536000, immutable");
}

TEST_F(WebappTest, PageRunsNoScriptButItsOwnAndNobodyFramesIt) {
  const auto response = webapp_.respond(get("/"));
  const auto policy = header(response, "Content-Security-Policy");
  EXPECT_NE(policy.find("default-src 'none'"), std::string::npos);
  EXPECT_NE(policy.find("script-src 'self'"), std::string::npos);
  EXPECT_NE(policy.find("frame-ancestors 'none'"), std::string::npos);
  EXPECT_EQ(policy.find("unsafe"), std::string::npos);
  EXPECT_EQ(policy.find("http"), std::string::npos);  // No other origin.
  EXPECT_EQ(header(response, "X-Content-Type-Options"), "nosniff");
  EXPECT_EQ(header(response, "Referrer-Policy"), "no-referrer");
}

TEST_F(WebappTest, GzipGoesToWhoTakesIt) {
  for (const auto* accepted : {"gzip", "deflate, gzip;q=0.5, br", "*", "gzip;q=1.000", "br,gzip"}) {
    const auto response = webapp_.respond(get("/", {{"Accept-Encoding", accepted}}));
    EXPECT_EQ(response.body, "zipped") << accepted;
    EXPECT_EQ(header(response, "Content-Encoding"), "gzip");
    EXPECT_EQ(header(response, "ETag"), "\"page1-gzip\"");
    EXPECT_EQ(header(response, "Vary"), "Accept-Encoding");
  }
  for (const auto* accepted :
       {"", "br", "gzip;q=0", "gzip; q=0.0", "identity", "gzipped", "x-gzip-2"}) {
    const auto response = webapp_.respond(get("/", {{"Accept-Encoding", accepted}}));
    EXPECT_EQ(response.body, "<html>") << accepted;
    EXPECT_EQ(header(response, "Content-Encoding"), "(none)");
    EXPECT_EQ(header(response, "Vary"), "Accept-Encoding");
  }
}

TEST_F(WebappTest, FileThatIsNotWorthPackingGoesAsItIs) {
  const auto response = webapp_.respond(get("/icon.png", {{"Accept-Encoding", "gzip"}}));
  EXPECT_EQ(response.body, "png");
  EXPECT_EQ(header(response, "Vary"), "(none)");
}

TEST_F(WebappTest, WhatTheBrowserHasIsNotSentAgain) {
  for (const auto* known : {"\"page1\"", "W/\"page1\"", "\"other\", \"page1\"", "*"}) {
    const auto response = webapp_.respond(get("/", {{"If-None-Match", known}}));
    EXPECT_EQ(response.status, 304u) << known;
    EXPECT_TRUE(response.body.empty());
    EXPECT_EQ(header(response, "ETag"), "\"page1\"");
    EXPECT_EQ(header(response, "Cache-Control"), "no-cache");
  }
  for (const auto* known : {"\"page2\"", "page1", "\"page1-gzip\"", ""}) {
    EXPECT_EQ(webapp_.respond(get("/", {{"If-None-Match", known}})).status, 200u) << known;
  }
  const auto zipped =
      webapp_.respond(get("/", {{"If-None-Match", "\"page1-gzip\""}, {"Accept-Encoding", "gzip"}}));
  EXPECT_EQ(zipped.status, 304u);
}

TEST_F(WebappTest, PageIsReadAndNothingElse) {
  auto request = get("/");
  request.method = "HEAD";
  EXPECT_EQ(webapp_.respond(request).status, 200u);
  for (const auto* method : {"POST", "PUT", "DELETE", "OPTIONS", "get"}) {
    request.method = method;
    const auto response = webapp_.respond(request);
    EXPECT_EQ(response.status, 405u) << method;
    EXPECT_EQ(header(response, "Allow"), "GET, HEAD");
  }
}

TEST(WebappWithoutClientTest, SaysSoAndLeavesEverythingElseToOthers) {
  const Webapp webapp("");
  EXPECT_TRUE(webapp.owns("/"));
  EXPECT_FALSE(webapp.owns("/settings"));
  EXPECT_FALSE(webapp.owns("/index.html"));
  const auto response = webapp.respond(get("/"));
  EXPECT_EQ(response.status, 200u);
  EXPECT_EQ(header(response, "Content-Type"), "text/plain; charset=utf-8");
  EXPECT_NE(response.body.find("without its web client"), std::string::npos);
}

TEST(WebappWithoutClientTest, SaysWhereTheDescriptionsAre) {
  const Webapp webapp{""};
  EXPECT_TRUE(webapp.owns("/docs"));
  EXPECT_FALSE(webapp.owns("/docs/docs.js"));
  const auto response = webapp.respond(get("/docs"));
  EXPECT_EQ(response.status, 200u);
  EXPECT_NE(response.body.find("/openapi.json"), std::string::npos);
}

TEST(WebappDocsTest, PageHasAPolicyOfItsOwn) {
  test::PackText pack;
  pack.add("/docs/index.html", "text/html; charset=utf-8", "docs1", "revalidated", "<docs>");
  pack.add("/docs/docs.js", "text/javascript", "docs2", "revalidated", "show()");
  const auto text = pack.text();
  const Webapp webapp{text};
  EXPECT_EQ(webapp.respond(get("/docs")).body, "<docs>");
  EXPECT_EQ(webapp.respond(get("/docs/docs.js")).body, "show()");
  EXPECT_FALSE(webapp.owns("/docsX"));
  const auto policy = header(webapp.respond(get("/docs")), "Content-Security-Policy");
  EXPECT_EQ(policy.find("trusted-types"), std::string::npos);
  EXPECT_EQ(policy.find("unsafe"), std::string::npos);
  EXPECT_TRUE(policy.starts_with("default-src 'none'; script-src 'self'; style-src 'self'"));
}

TEST(WebappEmbeddedTest, PackOfThisBinaryIsEmptyOrHasAPage) {
  const auto pack = webapp::embedded_pack();
  const auto assets = webapp::read_pack(pack);
  EXPECT_EQ(assets.contains("/index.html"), !pack.empty());
}

}  // namespace
}  // namespace knotos
