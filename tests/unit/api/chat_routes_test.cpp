#include "api_world.hpp"

#include <gtest/gtest.h>

#include <set>

namespace knotos::api {
namespace {

using test::ApiWorld;
using test::Client;

class ChatRoutesTest : public testing::Test {
 protected:
  test::Answer make_group(const Client& creator, const std::vector<Client>& members,
                          const std::string& more = {}) {
    std::string ids;
    for (const auto& each : members) ids += (ids.empty() ? "\"" : ",\"") + each.user_id + "\"";
    return world.ask("POST", "/v1/chats",
                     R"({"type":"group","title":"T","memberIds":[)" + ids + "]" + more + "}",
                     creator.token);
  }

  std::vector<std::string> listed(const Client& client, const std::string& query = {}) {
    const auto answer = world.ask("GET", "/v1/chats" + query, {}, client.token);
    EXPECT_EQ(answer.status, 200U) << answer.body;
    std::vector<std::string> ids;
    for (const auto& each : answer.json().at("data").as_array()) {
      // Everybody has that one.
      if (each.at("type") != "saved") ids.emplace_back(each.at("id").as_string());
    }
    return ids;
  }

  ApiWorld world;
  Client ann = world.sign_up("ann");
  Client bob = world.sign_up("bob");
  Client eve = world.sign_up("eve");
};

TEST_F(ChatRoutesTest, ADirectChatIsMadeOnceForThePair) {
  const auto first = world.ask("POST", "/v1/chats",
                               R"({"type":"direct","userId":")" + bob.user_id + "\"}", ann.token);
  EXPECT_EQ(first.status, 201U);
  EXPECT_EQ(first.text("type"), "direct");
  EXPECT_EQ(first.json().at("peer").at("username"), "bob");
  EXPECT_EQ(first.json().at("unreadCount"), 0);
  const auto again = world.ask("POST", "/v1/chats",
                               R"({"type":"direct","userId":")" + ann.user_id + "\"}", bob.token);
  EXPECT_EQ(again.status, 200U);
  EXPECT_EQ(again.text("id"), first.text("id"));
  EXPECT_EQ(again.json().at("peer").at("username"), "ann");
}

TEST_F(ChatRoutesTest, ADirectChatWithOneselfOrNobodyIsNotValid) {
  for (const auto& id : {ann.user_id, ann.device_id}) {
    const auto answer =
        world.ask("POST", "/v1/chats", R"({"type":"direct","userId":")" + id + "\"}", ann.token);
    EXPECT_EQ(answer.status, 422U) << answer.body;
    EXPECT_EQ(answer.misfits().substr(0, 8), "/userId ");
  }
}

TEST_F(ChatRoutesTest, AGroupHasItsCreatorAsOwnerAndBeginsWithASystemMessage) {
  const auto group = make_group(ann, {bob});
  EXPECT_EQ(group.status, 201U) << group.body;
  EXPECT_EQ(group.text("title"), "T");
  EXPECT_EQ(group.text("ownerId"), ann.user_id);
  EXPECT_EQ(group.json().at("memberCount"), 2);
  EXPECT_EQ(group.json().at("state").at("role"), "owner");
  EXPECT_EQ(group.json().at("lastRev"), 1);
  EXPECT_EQ(group.json().at("members").as_array().size(), 2U);
  const auto history =
      world.ask("GET", "/v1/chats/" + group.text("id") + "/messages", {}, bob.token);
  ASSERT_EQ(history.status, 200U) << history.body;
  EXPECT_EQ(history.json().at("data").at(0).at("type"), "system");
  EXPECT_EQ(history.json().at("data").at(0).at("systemEvent").at("actorId").as_string(),
            ann.user_id);
}

TEST_F(ChatRoutesTest, AGroupUnderAClientChatIdIsMadeOnce) {
  const std::string key = R"(,"clientChatId":"g1")";
  const auto first = make_group(ann, {bob}, key);
  EXPECT_EQ(first.status, 201U);
  const auto again = make_group(ann, {bob}, key);
  EXPECT_EQ(again.status, 200U);
  EXPECT_EQ(again.text("id"), first.text("id"));
  const auto other = make_group(ann, {bob, eve}, key);
  EXPECT_EQ(other.status, 409U);
  EXPECT_EQ(other.code(), "client-message-id-reused");
}

TEST_F(ChatRoutesTest, OnlyMembersSeeAChat) {
  const auto chat = world.direct_chat(ann, bob);
  EXPECT_EQ(world.ask("GET", "/v1/chats/" + chat, {}, bob.token).status, 200U);
  const auto foreign = world.ask("GET", "/v1/chats/" + chat, {}, eve.token);
  const auto unknown = world.ask("GET", "/v1/chats/" + eve.user_id, {}, eve.token);
  EXPECT_EQ(foreign.status, 404U);
  EXPECT_EQ(unknown.status, 404U);
  EXPECT_EQ(foreign.text("detail"), unknown.text("detail"))
      << "an outsider must not tell them apart";
  EXPECT_TRUE(listed(eve).empty());
}

TEST_F(ChatRoutesTest, TheListIsNewestFirstAndItsPagesAreStableUnderInserts) {
  std::vector<std::string> chats;
  for (int i = 0; i < 5; ++i) {
    world.clock.advance(std::chrono::seconds(1));
    chats.insert(chats.begin(), make_group(ann, {bob}).text("id"));
  }
  EXPECT_EQ(listed(ann), chats);

  std::vector<std::string> seen;
  std::string cursor;
  for (int page = 0; page < 3; ++page) {
    const auto answer = world.ask(
        "GET", "/v1/chats?limit=2" + (cursor.empty() ? "" : "&cursor=" + cursor), {}, ann.token);
    ASSERT_EQ(answer.status, 200U) << answer.body;
    for (const auto& each : answer.json().at("data").as_array()) {
      if (each.at("type") != "saved") seen.emplace_back(each.at("id").as_string());
    }
    const auto info = answer.json().at("page");
    EXPECT_EQ(info.at("hasMore").as_bool(), page < 2);
    EXPECT_EQ(info.at("nextCursor").is_null(), page == 2);
    if (page < 2) cursor = info.at("nextCursor").as_string();
    // Somebody writes meanwhile: what comes on top moves nothing that is still to be seen.
    world.clock.advance(std::chrono::seconds(1));
    (void)make_group(ann, {bob});
  }
  EXPECT_EQ(seen, chats);
}

TEST_F(ChatRoutesTest, UnreadChatsCanBeAskedForAlone) {
  const auto read = world.direct_chat(ann, bob);
  const auto unread = world.direct_chat(ann, eve);
  ASSERT_EQ(world.send(eve, unread, "hello").status, 201U);
  EXPECT_EQ(listed(ann, "?filter=unread"), std::vector<std::string>{unread});
  EXPECT_EQ(listed(ann, "?filter=all").size(), 2U);
  EXPECT_TRUE(listed(ann, "?filter=archived").empty());
  const auto item = world.ask("GET", "/v1/chats/" + unread, {}, ann.token);
  EXPECT_EQ(item.json().at("unreadCount"), 1);
  EXPECT_EQ(item.json().at("lastMessagePreview").at("content"), "hello");
}

}  // namespace
}  // namespace knotos::api
