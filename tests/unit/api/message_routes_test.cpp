#include "api_world.hpp"

#include <gtest/gtest.h>

namespace knotos::api {
namespace {

using test::Answer;
using test::ApiWorld;
using test::Client;

class MessageRoutesTest : public testing::Test {
 protected:
  std::string seqs(const Answer& answer) {
    EXPECT_EQ(answer.status, 200U) << answer.body;
    std::string text;
    for (const auto& each : answer.json().at("data").as_array()) {
      text += std::to_string(each.at("seq").as_int64()) + " ";
    }
    return text;
  }

  Answer history(const std::string& query) {
    return world.ask("GET", messages + query, {}, ann.token);
  }

  ApiWorld world;
  Client ann = world.sign_up("ann");
  Client bob = world.sign_up("bob");
  Client eve = world.sign_up("eve");
  std::string chat = world.direct_chat(ann, bob);
  std::string messages = "/v1/chats/" + chat + "/messages";
};

TEST_F(MessageRoutesTest, AMessageSentOnceIsThereOnce) {
  const auto first = world.send(ann, chat, "Hey", "k1");
  EXPECT_EQ(first.status, 201U) << first.body;
  EXPECT_EQ(first.json().at("duplicate"), false);
  EXPECT_EQ(first.json().at("seq"), 1);
  EXPECT_EQ(first.json().at("rev"), 1);
  EXPECT_FALSE(first.json().as_object().contains("ok"));

  const auto again = world.send(ann, chat, "Hey", "k1");
  EXPECT_EQ(again.status, 200U);
  EXPECT_EQ(again.json().at("duplicate"), true);
  for (const auto* name : {"messageId", "createdAt"}) EXPECT_EQ(again.text(name), first.text(name));

  const auto other = world.send(ann, chat, "Ho", "k1");
  EXPECT_EQ(other.status, 409U);
  EXPECT_EQ(other.code(), "client-message-id-reused");
  EXPECT_EQ(seqs(history("")), "1 ");

  const auto found = world.ask("GET", messages + "/" + first.text("messageId"), {}, bob.token);
  EXPECT_EQ(found.status, 200U);
  EXPECT_EQ(found.text("content"), "Hey");
  EXPECT_EQ(found.text("senderId"), ann.user_id);
  EXPECT_EQ(found.text("clientMessageId"), "k1");
}

TEST_F(MessageRoutesTest, HistoryIsReadInEveryDirection) {
  for (int i = 0; i < 9; ++i) {
    world.clock.advance(std::chrono::seconds(1));
    ASSERT_EQ(world.send(ann, chat, "m" + std::to_string(i)).status, 201U);
  }
  const auto more = [](const Answer& answer) {
    return answer.json().at("page").at("hasMore").as_bool();
  };
  const auto newest = history("?limit=4");
  EXPECT_EQ(seqs(newest), "6 7 8 9 ");
  EXPECT_TRUE(more(newest));
  EXPECT_FALSE(more(history("")));
  const auto before = history("?beforeSeq=4&limit=3");
  EXPECT_EQ(seqs(before), "1 2 3 ");
  EXPECT_FALSE(more(before));
  EXPECT_TRUE(more(history("?beforeSeq=5&limit=3")));
  const auto after = history("?afterSeq=5&limit=3");
  EXPECT_EQ(seqs(after), "6 7 8 ");
  EXPECT_TRUE(more(after));
  EXPECT_FALSE(more(history("?afterSeq=6&limit=3")));
  const auto around = history("?aroundSeq=5&limit=3");
  EXPECT_EQ(seqs(around), "4 5 6 ");
  EXPECT_EQ(around.json().at("page").at("hasOlder"), true);
  EXPECT_EQ(around.json().at("page").at("hasNewer"), true);
  EXPECT_EQ(seqs(history("?beforeSeq=0")), "");
  EXPECT_EQ(seqs(history("?afterSeq=9007199254740991")), "");
}

TEST_F(MessageRoutesTest, AnEditAndADeleteTakeTheNextRev) {
  const auto sent = world.send(ann, chat, "Hey");
  const auto path = messages + "/" + sent.text("messageId");
  const auto edited = world.ask("PATCH", path, R"({"content":"Ho","baseVersion":0})", ann.token);
  EXPECT_EQ(edited.status, 200U) << edited.body;
  EXPECT_EQ(edited.text("content"), "Ho");
  EXPECT_EQ(edited.json().at("rev"), 2);
  EXPECT_EQ(edited.json().at("editVersion"), 1);

  const auto stale = world.ask("PATCH", path, R"({"content":"Hi","baseVersion":0})", ann.token);
  EXPECT_EQ(stale.status, 409U);
  EXPECT_EQ(stale.code(), "edit-conflict");
  EXPECT_EQ(world.ask("PATCH", path, R"({"content":"x"})", bob.token).status, 403U);

  const auto erased = world.ask("DELETE", path + "?scope=everyone", {}, ann.token);
  EXPECT_EQ(erased.status, 200U) << erased.body;
  EXPECT_EQ(erased.json().at("isDeleted"), true);
  EXPECT_EQ(erased.text("content"), "");
  EXPECT_EQ(erased.json().at("rev"), 3);
  EXPECT_EQ(world.ask("DELETE", path, {}, ann.token).json().at("rev"), 3)
      << "again changes nothing";
}

TEST_F(MessageRoutesTest, ChangesAnswerTheStateSinceARev) {
  const auto first = world.send(ann, chat, "one");
  ASSERT_EQ(world.send(bob, chat, "two").status, 201U);
  ASSERT_EQ(
      world.ask("PATCH", messages + "/" + first.text("messageId"), R"({"content":"1"})", ann.token)
          .status,
      200U);
  const auto changes = [&](const std::string& query) {
    return world.ask("GET", "/v1/chats/" + chat + "/changes?" + query, {}, ann.token);
  };
  const auto all = changes("sinceRev=0");
  EXPECT_EQ(seqs(all), "2 1 ");
  EXPECT_EQ(all.json().at("lastRev"), 3);
  EXPECT_EQ(all.json().at("hasMore"), false);
  EXPECT_EQ(all.json().at("data").at(1).at("content"), "1");
  const auto part = changes("sinceRev=0&limit=1");
  EXPECT_EQ(seqs(part), "2 ");
  EXPECT_EQ(part.json().at("hasMore"), true);
  EXPECT_EQ(seqs(changes("sinceRev=99")), "");
}

TEST_F(MessageRoutesTest, WhoWritesTooOftenIsToldHowOftenIsAllowed) {
  Answer answer;
  for (int i = 0; i < 30; ++i) {
    answer = world.send(ann, chat, "x");
    if (answer.status != 201) break;
  }
  EXPECT_EQ(answer.status, 429U);
  EXPECT_EQ(answer.header("RateLimit-Policy"), "\"messages\";q=20;w=10");
  EXPECT_EQ(answer.header("RateLimit").substr(0, 17), "\"messages\";r=0;t=");
  EXPECT_NE(answer.header("Retry-After"), "(none)");
  EXPECT_EQ(world.send(bob, chat, "y").status, 201U);
}

TEST_F(MessageRoutesTest, WhileDrainingNothingNewIsTaken) {
  const auto sent = world.send(ann, chat, "x", "k");
  world.messages.drain(std::chrono::milliseconds(2500));
  const auto refused = world.send(ann, chat, "y");
  EXPECT_EQ(refused.status, 503U);
  EXPECT_EQ(refused.code(), "overloaded");
  EXPECT_EQ(refused.header("Retry-After"), "3");
  EXPECT_EQ(refused.json().at("retryAfterMs"), 2500);
  EXPECT_EQ(world.send(ann, chat, "x", "k").text("messageId"), sent.text("messageId"));
}

TEST_F(MessageRoutesTest, OutsidersAndTheUnknownAreAnsweredAlike) {
  const auto sent = world.send(ann, chat, "x").text("messageId");
  const struct {
    std::string method;
    std::string tail;
    std::string body;
  } asks[] = {{"GET", "/messages", ""},
              {"POST", "/messages", R"({"content":"x"})"},
              {"GET", "/messages/" + sent, ""},
              {"PATCH", "/messages/" + sent, R"({"content":"x"})"},
              {"DELETE", "/messages/" + sent, ""},
              {"GET", "/changes?sinceRev=0", ""}};
  for (const auto& each : asks) {
    const auto foreign =
        world.ask(each.method, "/v1/chats/" + chat + each.tail, each.body, eve.token);
    const auto unknown =
        world.ask(each.method, "/v1/chats/" + eve.user_id + each.tail, each.body, eve.token);
    EXPECT_EQ(foreign.status, 404U) << each.method << each.tail << foreign.body;
    EXPECT_EQ(unknown.status, 404U) << each.method << each.tail << unknown.body;
    EXPECT_EQ(foreign.text("detail"), unknown.text("detail"));
  }
  EXPECT_EQ(world.ask("GET", messages + "/" + eve.user_id, {}, ann.token).status, 404U);
}

}  // namespace
}  // namespace knotos::api
