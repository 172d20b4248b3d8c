#include "api_world.hpp"

#include <gtest/gtest.h>

namespace knotos::api {
namespace {

using test::ApiWorld;
using test::Client;

class AccountRoutesTest : public testing::Test {
 protected:
  test::Answer refresh(const std::string& token) {
    return world.ask("POST", "/v1/auth/refresh", R"({"refreshToken":")" + token + "\"}");
  }

  ApiWorld world;
};

TEST_F(AccountRoutesTest, RegisteringAnswersASession) {
  const auto answer =
      world.ask("POST", "/v1/auth/register",
                R"({"username":"ann","password":"password","displayName":"Ann B"})");
  EXPECT_EQ(answer.status, 201U);
  const auto user = answer.json().at("user");
  EXPECT_EQ(user.at("username"), "ann");
  EXPECT_EQ(user.at("displayName"), "Ann B");
  EXPECT_EQ(answer.json().at("expiresInMs"), 900'000);
  const auto client = ApiWorld::client_of(answer);
  const auto me = world.ask("GET", "/v1/me", {}, client.token);
  EXPECT_EQ(me.status, 200U);
  for (const auto& [name, value] : user.as_object()) EXPECT_EQ(me.json().at(name), value) << name;
}

TEST_F(AccountRoutesTest, AUsernameIsTakenOnce) {
  (void)world.sign_up("ann");
  const auto again =
      world.ask("POST", "/v1/auth/register", R"({"username":"ann","password":"password"})");
  EXPECT_EQ(again.status, 409U);
  EXPECT_EQ(again.code(), "conflict");
}

TEST_F(AccountRoutesTest, LoginTakesTheRightPasswordOnly) {
  const auto ann = world.sign_up("ann");
  const auto right =
      world.ask("POST", "/v1/auth/login", R"({"username":"ann","password":"password"})");
  EXPECT_EQ(right.status, 200U);
  EXPECT_NE(right.text("deviceId"), ann.device_id);
  for (const auto* body : {R"({"username":"ann","password":"wrong"})",
                           R"({"username":"nobody","password":"password"})",
                           R"({"username":"","password":"password"})",
                           R"({"username":"ANN\u0000","password":"password"})"}) {
    const auto wrong = world.ask("POST", "/v1/auth/login", body);
    EXPECT_EQ(wrong.status, 401U) << body;
    EXPECT_EQ(wrong.code(), "unauthenticated") << body;
  }
}

TEST_F(AccountRoutesTest, ARefreshTokenServesOnceAndTwiceRevokesTheDevice) {
  const auto ann = world.sign_up("ann");
  const auto next = refresh(ann.refresh_token);
  EXPECT_EQ(next.status, 200U);
  const auto client = ApiWorld::client_of(next);
  EXPECT_EQ(client.device_id, ann.device_id);
  EXPECT_EQ(world.ask("GET", "/v1/me", {}, client.token).status, 200U);

  EXPECT_EQ(refresh(ann.refresh_token).status, 401U);
  EXPECT_EQ(refresh(client.refresh_token).status, 401U) << "the device is revoked";
  EXPECT_EQ(world.ask("GET", "/v1/me", {}, client.token).status, 401U);
}

TEST_F(AccountRoutesTest, LogoutEndsTheDeviceAtOnce) {
  const auto ann = world.sign_up("ann");
  const auto answer = world.ask("POST", "/v1/auth/logout", {}, ann.token);
  EXPECT_EQ(answer.status, 204U);
  EXPECT_EQ(answer.body, "");
  EXPECT_EQ(answer.header("Content-Type"), "(none)");
  EXPECT_EQ(world.ask("GET", "/v1/me", {}, ann.token).status, 401U);
  EXPECT_EQ(refresh(ann.refresh_token).status, 401U);
}

TEST_F(AccountRoutesTest, SessionsAreListedAndRevoked) {
  const auto ann = world.sign_up("ann");
  http::Request login;
  login.method = "POST";
  login.target = "/v1/auth/login";
  login.headers = {{"User-Agent", "phone/1"}};
  login.body = R"({"username":"ann","password":"password"})";
  const auto phone = ApiWorld::client_of(world.ask(login));

  const auto list = world.ask("GET", "/v1/auth/sessions", {}, ann.token);
  EXPECT_EQ(list.status, 200U);
  const auto data = list.json().at("data").as_array();
  ASSERT_EQ(data.size(), 2U);
  for (const auto& device : data) {
    const auto is_phone = device.at("id").as_string() == phone.device_id;
    EXPECT_EQ(device.at("isCurrent").as_bool(), !is_phone);
    EXPECT_EQ(device.at("name").as_string(), is_phone ? "phone/1" : "");
  }
  EXPECT_EQ(list.json().at("page").at("hasMore"), false);

  const auto path = "/v1/auth/sessions/" + phone.device_id;
  const auto bob = world.sign_up("bob");
  EXPECT_EQ(world.ask("DELETE", path, {}, bob.token).status, 404U);
  EXPECT_EQ(world.ask("DELETE", path, {}, ann.token).status, 204U);
  EXPECT_EQ(world.ask("GET", "/v1/me", {}, phone.token).status, 401U);
  EXPECT_EQ(world.ask("DELETE", path, {}, ann.token).status, 404U);
}

TEST_F(AccountRoutesTest, UsersAreFoundByIdAndByTheBeginningOfTheirName) {
  const auto ann = world.sign_up("ann");
  const auto anna = world.sign_up("anna");
  (void)world.sign_up("bob");
  const auto user = world.ask("GET", "/v1/users/" + anna.user_id, {}, ann.token);
  EXPECT_EQ(user.text("username"), "anna");
  EXPECT_FALSE(user.json().as_object().contains("createdAt"));
  EXPECT_EQ(world.ask("GET", "/v1/users/" + ann.device_id, {}, ann.token).status, 404U);

  const auto found = [&](const std::string& query) {
    std::string names;
    const auto answer = world.ask("GET", "/v1/users?" + query, {}, ann.token);
    EXPECT_EQ(answer.status, 200U) << answer.body;
    for (const auto& each : answer.json().at("data").as_array()) {
      names += std::string(each.at("username").as_string()) + " ";
    }
    return names;
  };
  EXPECT_EQ(found("q=ann"), "ann anna ");
  EXPECT_EQ(found("q=ANN"), "ann anna ");
  EXPECT_EQ(found("q=b"), "bob ");
  EXPECT_EQ(found("q=z"), "");
  EXPECT_EQ(found("q=%25"), "");
  EXPECT_EQ(found("q=%ff"), "");
  EXPECT_EQ(found("q=" + std::string(1000, 'a')), "");
}

TEST_F(AccountRoutesTest, PagesOfUsersFollowTheCursor) {
  const auto ann = world.sign_up("ann");
  for (int i = 0; i < 4; ++i) (void)world.sign_up("user" + std::to_string(i));
  const auto first = world.ask("GET", "/v1/users?q=user&limit=3", {}, ann.token);
  EXPECT_EQ(first.json().at("data").as_array().size(), 3U);
  EXPECT_EQ(first.json().at("page").at("hasMore"), true);
  const std::string cursor(first.json().at("page").at("nextCursor").as_string());
  const auto second = world.ask("GET", "/v1/users?q=user&limit=3&cursor=" + cursor, {}, ann.token);
  ASSERT_EQ(second.json().at("data").as_array().size(), 1U);
  EXPECT_EQ(second.json().at("data").at(0).at("username"), "user3");
  EXPECT_EQ(second.json().at("page").at("hasMore"), false);
  EXPECT_TRUE(second.json().at("page").at("nextCursor").is_null());
  const auto exact = world.ask("GET", "/v1/users?q=user&limit=4", {}, ann.token);
  EXPECT_EQ(exact.json().at("page").at("hasMore"), false);
}

}  // namespace
}  // namespace knotos::api
