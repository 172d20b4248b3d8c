#include "api/router.hpp"

#include <gtest/gtest.h>

namespace knotos::api {
namespace {

Router some_router() {
  Router router;
  for (const auto& [method, path] : std::vector<std::pair<std::string, std::string>>{
           {"GET", "/v1/users"},
           {"GET", "/v1/users/{userId}"},
           {"POST", "/v1/chats"},
           {"GET", "/v1/chats"},
           {"PATCH", "/v1/chats/{chatId}/messages/{messageId}"},
           {"DELETE", "/v1/chats/{chatId}/messages/{messageId}"},
           {"GET", "/"}}) {
    router.add({method, path, Access::open, nullptr});
  }
  return router;
}

/// What is found, as text: a template and its parameters, `405 <Allow>` or `404`.
std::string found(const Router& router, std::string_view method, std::string_view path) {
  const auto target = router.find(method, path);
  if (const auto* wrong = std::get_if<Router::WrongMethod>(&target)) return "405 " + wrong->allowed;
  const auto* hit = std::get_if<Router::Found>(&target);
  if (hit == nullptr) return "404";
  std::string text = hit->route->method + " " + hit->route->path;
  for (const auto& [name, value] : hit->parameters) text += " " + std::string(name) + "=" + value;
  return text;
}

TEST(RouterTest, FindsByMethodAndTemplate) {
  const auto router = some_router();
  EXPECT_EQ(found(router, "GET", "/v1/users"), "GET /v1/users");
  EXPECT_EQ(found(router, "GET", "/v1/users/ann"), "GET /v1/users/{userId} userId=ann");
  EXPECT_EQ(found(router, "POST", "/v1/chats"), "POST /v1/chats");
  EXPECT_EQ(found(router, "PATCH", "/v1/chats/1/messages/2"),
            "PATCH /v1/chats/{chatId}/messages/{messageId} chatId=1 messageId=2");
  EXPECT_EQ(found(router, "GET", "/"), "GET /");
}

TEST(RouterTest, HeadFindsWhatGetDoes) {
  const auto router = some_router();
  EXPECT_EQ(found(router, "HEAD", "/v1/users"), "GET /v1/users");
  EXPECT_EQ(found(router, "HEAD", "/v1/chats/1/messages/2"), "405 PATCH, DELETE, OPTIONS");
}

TEST(RouterTest, AnotherMethodNamesThoseThatAreAllowed) {
  const auto router = some_router();
  EXPECT_EQ(found(router, "DELETE", "/v1/chats"), "405 POST, GET, HEAD, OPTIONS");
  EXPECT_EQ(found(router, "OPTIONS", "/v1/users/x"), "405 GET, HEAD, OPTIONS");
  EXPECT_EQ(found(router, "get", "/v1/users"), "405 GET, HEAD, OPTIONS");
  EXPECT_EQ(found(router, "", "/v1/users"), "405 GET, HEAD, OPTIONS");
}

TEST(RouterTest, OtherPathsAreUnknown) {
  const auto router = some_router();
  for (const std::string_view path :
       {"", "*", "v1/users", "/v1", "/v1/", "/v1/users/", "//v1/users", "/v1//users", "/V1/users",
        "/v1/users/a/b", "/v1/chats/1/messages", "/v1/chats//messages/2", "/v1/users/%zz",
        "/v1/users/%", "/v1/../v1/users/x"}) {
    EXPECT_EQ(found(router, "GET", path), "404") << path;
  }
  EXPECT_EQ(found(router, "GET", std::string(10'000, '/')), "404");
}

TEST(RouterTest, SegmentsAreDecodedOneByOne) {
  const auto router = some_router();
  EXPECT_EQ(found(router, "GET", "/v1/users/a%2Fb%20c"), "GET /v1/users/{userId} userId=a/b c");
  EXPECT_EQ(found(router, "GET", "/v1/%75sers"), "GET /v1/users");
}

}  // namespace
}  // namespace knotos::api
