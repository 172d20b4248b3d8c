#include "api_world.hpp"

#include <gtest/gtest.h>

#include <random>

namespace knotos::api {
namespace {

using test::Answer;
using test::ApiWorld;
using test::Client;

/// A route, and what it needs to be asked rightly.
struct Ask {
  std::string method;
  std::string path;
  std::string body;  ///< Empty: it reads none.
};

class BadInputTest : public testing::Test {
 protected:
  BadInputTest() {
    message_ = world.send(ann, chat, "x").text("messageId");
    messages = "/v1/chats/" + chat + "/messages";
    message_path = messages + "/" + message_;
  }

  std::vector<Ask> asks_with_a_body() {
    return {{"POST", "/v1/auth/register", R"({"username":"new","password":"password"})"},
            {"POST", "/v1/auth/login", R"({"username":"ann","password":"password"})"},
            {"POST", "/v1/auth/refresh", R"({"refreshToken":"x"})"},
            {"POST", "/v1/chats", R"({"type":"direct","userId":")" + bob.user_id + "\"}"},
            {"POST", messages, R"({"content":"x"})"},
            {"PATCH", message_path, R"({"content":"x"})"}};
  }

  std::vector<Ask> all_asks() {
    auto asks = asks_with_a_body();
    for (const auto& path :
         {std::string("/v1/me"), std::string("/v1/auth/sessions"), "/v1/users/" + bob.user_id,
          std::string("/v1/users?q=b"), std::string("/v1/chats"), "/v1/chats/" + chat, messages,
          message_path, "/v1/chats/" + chat + "/changes?sinceRev=0"}) {
      asks.push_back({"GET", path, ""});
    }
    asks.push_back({"DELETE", message_path, ""});
    asks.push_back({"DELETE", "/v1/auth/sessions/" + bob.device_id, ""});
    return asks;
  }

  Answer ask(const Ask& ask) { return world.ask(ask.method, ask.path, ask.body, ann.token); }

  /// The answer is 422, and names exactly these.
  void expect_misfits(const Ask& wrong, std::string_view misfits) {
    const auto answer = ask(wrong);
    SCOPED_TRACE(wrong.method + " " + wrong.path + " " + wrong.body.substr(0, 60));
    EXPECT_EQ(answer.status, 422U) << answer.body;
    EXPECT_EQ(answer.code(), "validation-failed");
    EXPECT_EQ(answer.misfits(), misfits);
  }

  ApiWorld world;
  Client ann = world.sign_up("ann");
  Client bob = world.sign_up("bob");
  std::string chat = world.direct_chat(ann, bob);
  std::string message_;
  std::string messages;
  std::string message_path;
};

TEST_F(BadInputTest, ABodyThatIsNoJsonIsMalformed) {
  for (const auto& good : asks_with_a_body()) {
    for (const std::string body : {"", " ", "{", "nope", "{\"content\":\"x\"", "{\"a\":\"\xff\"}",
                                   "{\"a\":NaN}", "{'a':1}", "{\"a\":1}}"}) {
      const auto answer = ask({good.method, good.path, body});
      EXPECT_EQ(answer.status, 400U) << good.path << " " << body;
      EXPECT_EQ(answer.code(), "malformed-json") << good.path << " " << body;
    }
  }
}

TEST_F(BadInputTest, ABodyOfTheWrongShapeIsNotValid) {
  for (const auto& good : asks_with_a_body()) {
    for (const std::string body : {"[]", "null", "\"x\"", "17"}) {
      expect_misfits({good.method, good.path, body}, " wrong-type");
    }
    expect_misfits({good.method, good.path, R"({"deep":[{"x":1e400}]})"}, "/deep/0/x out-of-range");
  }
}

TEST_F(BadInputTest, ABodyOfAnotherTypeIsUnsupported) {
  for (const auto& good : asks_with_a_body()) {
    http::Request request;
    request.method = good.method;
    request.target = good.path;
    request.body = good.body;
    request.headers = {{"Authorization", "Bearer " + ann.token}, {"Content-Type", "text/plain"}};
    const auto answer = world.ask(request);
    EXPECT_EQ(answer.status, 415U) << good.path;
    EXPECT_EQ(answer.code(), "unsupported-media") << good.path;
  }
}

TEST_F(BadInputTest, MissingFieldsAreAllNamed) {
  const auto asks = asks_with_a_body();
  const std::vector<std::string> expected{"/username required\n/password required",
                                          "/username required\n/password required",
                                          "/refreshToken required",
                                          "/type required",
                                          "/content required",
                                          "/content required"};
  ASSERT_EQ(asks.size(), expected.size());
  for (std::size_t i = 0; i < asks.size(); ++i) {
    expect_misfits({asks[i].method, asks[i].path, "{}"}, expected[i]);
    expect_misfits({asks[i].method, asks[i].path, R"({"username":null,"content":null})"},
                   expected[i]);
  }
  expect_misfits({"POST", "/v1/chats", R"({"type":"direct"})"}, "/userId required");
  expect_misfits({"POST", "/v1/chats", R"({"type":"group"})"},
                 "/title required\n/memberIds required");
}

TEST_F(BadInputTest, ContentHasLimits) {
  const auto body = [](const std::string& content) { return R"({"content":")" + content + "\"}"; };
  std::string wide;
  for (int i = 0; i < 4096; ++i) wide += "\xf0\x9f\x91\x8b";
  for (const auto& [method, path] : {std::pair{"POST", messages}, {"PATCH", message_path}}) {
    EXPECT_LT(ask({method, path, body(std::string(4096, 'x'))}).status, 300U);
    EXPECT_LT(ask({method, path, body(wide)}).status, 300U);
    expect_misfits({method, path, body(std::string(4097, 'x'))}, "/content too-long");
    expect_misfits({method, path, body(wide + "x")}, "/content too-long");
    expect_misfits({method, path, body("")}, "/content required");
  }
}

TEST_F(BadInputTest, WhatASenderMayNotAskFor) {
  expect_misfits({"POST", messages, R"({"content":"x","type":"system"})"}, "/type not-allowed");
  expect_misfits({"POST", messages, R"({"content":"x","type":"call"})"}, "/type not-allowed");
  expect_misfits({"POST", messages, R"({"content":"x","attachments":[{"mediaId":"m"}]})"},
                 "/attachments not-allowed");
  expect_misfits({"POST", messages, R"({"content":"x","clientMessageId":"a b"})"},
                 "/clientMessageId malformed");
  expect_misfits({"POST", messages, R"({"content":"x","clientMessageId":""})"},
                 "/clientMessageId malformed");
  expect_misfits({"DELETE", message_path + "?scope=x", ""}, "/scope not-allowed");
  expect_misfits({"GET", "/v1/chats?filter=mine", ""}, "/filter not-allowed");
  expect_misfits({"GET", "/v1/users", ""}, "/q required");
  expect_misfits({"GET", "/v1/users?q=", ""}, "/q required");
}

TEST_F(BadInputTest, IdsThatAreNoneAreMalformed) {
  for (const std::string id : {"x", "1", "1e400", "%00", "0190163d-8694-739b-aea5-966c26f8ad9",
                               "..", "'%20or%201=1--", "%F0%9F%91%8B"}) {
    expect_misfits({"GET", "/v1/users/" + id, ""}, "/userId malformed");
    expect_misfits({"DELETE", "/v1/auth/sessions/" + id, ""}, "/deviceId malformed");
    expect_misfits({"GET", "/v1/chats/" + id, ""}, "/chatId malformed");
    expect_misfits({"GET", "/v1/chats/" + id + "/messages", ""}, "/chatId malformed");
    expect_misfits({"POST", "/v1/chats/" + id + "/messages", R"({"content":"x"})"},
                   "/chatId malformed");
    expect_misfits({"GET", "/v1/chats/" + id + "/changes?sinceRev=0", ""}, "/chatId malformed");
    for (const auto* method : {"GET", "PATCH", "DELETE"}) {
      expect_misfits({method, messages + "/" + id, R"({"content":"x"})"}, "/messageId malformed");
      expect_misfits({method, "/v1/chats/" + id + "/messages/" + id, R"({"content":"x"})"},
                     "/chatId malformed\n/messageId malformed");
    }
  }
}

TEST_F(BadInputTest, NumbersAreWholeAndInRange) {
  const std::vector<std::string> lists{"/v1/chats?", "/v1/users?q=b&", messages + "?",
                                       "/v1/chats/" + chat + "/changes?sinceRev=0&"};
  for (const auto& list : lists) {
    for (const auto* limit : {"0", "-1", "101", "99999999999999999999"}) {
      expect_misfits({"GET", list + "limit=" + limit, ""}, "/limit out-of-range");
    }
    for (const auto* limit : {"", "x", "1e400", "1.5", "0x1", "5%20"}) {
      expect_misfits({"GET", list + "limit=" + limit, ""}, "/limit malformed");
    }
    EXPECT_EQ(ask({"GET", list + "limit=100", ""}).status, 200U);
  }
  const auto changes = "/v1/chats/" + chat + "/changes";
  expect_misfits({"GET", changes, ""}, "/sinceRev required");
  for (const std::string name : {"beforeSeq", "afterSeq", "aroundSeq"}) {
    expect_misfits({"GET", messages + "?" + name + "=-1", ""}, "/" + name + " out-of-range");
    expect_misfits({"GET", messages + "?" + name + "=9007199254740992", ""},
                   "/" + name + " out-of-range");
    expect_misfits({"GET", messages + "?" + name + "=1e400", ""}, "/" + name + " malformed");
  }
  expect_misfits({"GET", changes + "?sinceRev=-1", ""}, "/sinceRev out-of-range");
  expect_misfits({"GET", changes + "?sinceRev=1e400", ""}, "/sinceRev malformed");
}

TEST_F(BadInputTest, HistoryIsReadFromOnePlaceOnly) {
  expect_misfits({"GET", messages + "?beforeSeq=1&afterSeq=1", ""},
                 "/beforeSeq not-allowed\n/afterSeq not-allowed");
  expect_misfits({"GET", messages + "?aroundSeq=1&beforeSeq=1", ""},
                 "/beforeSeq not-allowed\n/aroundSeq not-allowed");
}

TEST_F(BadInputTest, ACursorThatWasTamperedWithIsRefused) {
  for (const std::string cursor : {"", "x", "AAAA", "%00", "eyJhIjoxfQ", "%F0%9F%91%8B"}) {
    expect_misfits({"GET", "/v1/chats?cursor=" + cursor, ""}, "/cursor malformed");
    expect_misfits({"GET", "/v1/users?q=b&cursor=" + cursor, ""}, "/cursor malformed");
  }
  (void)world.direct_chat(ann, world.sign_up("eve"));
  const auto page = ask({"GET", "/v1/chats?limit=1", ""}).json().at("page");
  std::string cursor(page.at("nextCursor").as_string());
  EXPECT_EQ(ask({"GET", "/v1/chats?cursor=" + cursor, ""}).status, 200U);
  expect_misfits({"GET", "/v1/users?q=b&cursor=" + cursor, ""}, "/cursor malformed");
  cursor[cursor.size() / 2] = cursor[cursor.size() / 2] == 'A' ? 'B' : 'A';
  expect_misfits({"GET", "/v1/chats?cursor=" + cursor, ""}, "/cursor malformed");
}

/// Whatever was asked: the answer is one that the contract knows.
void expect_sound(const Answer& answer) {
  EXPECT_LT(answer.status, 500U) << answer.body;
  EXPECT_NE(answer.header("X-Request-Id"), "(none)");
  if (answer.status >= 400) {
    EXPECT_NE(answer.code(), "(no problem)");
    EXPECT_EQ(answer.json().at("status").to_number<unsigned>(), answer.status);
  }
}

TEST_F(BadInputTest, MutatedRequestsAreNeverTheServersFault) {
  const auto seed = test::seed_or(31);
  SCOPED_TRACE(testing::Message() << "KNOTOS_TEST_SEED=" << seed);
  std::mt19937_64 random(seed);
  const std::vector<std::string> shards_of_input{
      "1e400", "null", "-1",     "\\ud800", "\\u0000", "\"", "{",    "[",   "%00", "%",
      "&",     "=",    "limit=", "cursor=", "\xff",    "\n", "true", "0.1", "..",  "/"};
  const auto asks = all_asks();
  const auto mutate = [&](std::string& text) {
    for (auto changes = random() % 3; changes-- > 0;) {
      const auto at = text.empty() ? 0 : random() % text.size();
      switch (random() % 3) {
        case 0:
          text.insert(at, shards_of_input[random() % shards_of_input.size()]);
          break;
        case 1:
          text.erase(at, 1 + random() % 5);
          break;
        default:
          if (!text.empty()) text[at] = static_cast<char>(random());
      }
    }
  };
  for (int round = 0; round < 3000; ++round) {
    auto wrong = asks[random() % asks.size()];
    // A message a turn at most, so that the rate has room again.
    world.clock.advance(std::chrono::milliseconds(100));
    if (random() % 2 == 0) mutate(wrong.path);
    mutate(wrong.body);
    SCOPED_TRACE(testing::Message()
                 << "round " << round << ": " << wrong.method << " " << wrong.path);
    expect_sound(ask(wrong));
    if (testing::Test::HasFailure()) break;
  }
}

}  // namespace
}  // namespace knotos::api
