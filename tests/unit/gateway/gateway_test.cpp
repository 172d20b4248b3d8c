#include "gateway/gateway.hpp"

#include "gateway_world.hpp"

#include <algorithm>

namespace knotos::gateway {
namespace {

class GatewayTest : public GatewayWorld {};

TEST_F(GatewayTest, SessionReadyIsFirstAndNamesTheSession) {
  auto ann = online(ann_);
  ASSERT_EQ(names(ann), Names{"session_ready"});
  const auto& ready = ann.events()[0].second.as_object();
  EXPECT_EQ(ready.at("userId").as_string(), ann_.id.to_string());
  EXPECT_EQ(ready.at("deviceId").as_string(), ann_.device.to_string());
  EXPECT_TRUE(ready.at("cursor").is_string());
  EXPECT_EQ(ready.at("limits").at("contentCodePointsMax").to_number<int>(), 4096);
}

TEST_F(GatewayTest, ABadTokenIsAConnectErrorWithTheProblem) {
  for (const auto& [payload, code] :
       {std::pair{R"({"token":"nonsense"})", "unauthenticated"}, std::pair{"{}", "unauthenticated"},
        std::pair{"", "unauthenticated"}, std::pair{R"({"token":5})", "validation-failed"}}) {
    const auto answer = answer_to_connect(payload);
    ASSERT_TRUE(answer.starts_with("44{")) << payload << ": " << answer;
    const auto error = boost::json::parse(answer.substr(2)).as_object();
    EXPECT_EQ(error.at("data").at("code").as_string(), code) << payload;
    EXPECT_TRUE(error.at("message").is_string());
  }
  const auto other_device =
      R"({"token":")" + ann_.token + R"(","deviceId":")" + bob_.device.to_string() + R"("})";
  EXPECT_NE(answer_to_connect(other_device).find("forbidden"), std::string::npos);
}

TEST_F(GatewayTest, AnExpiredTokenIsSaidToBe) {
  node_.world.clock.advance(std::chrono::minutes(16));
  EXPECT_NE(answer_to_connect(R"({"token":")" + ann_.token + R"("})").find("token-expired"),
            std::string::npos);
}

TEST_F(GatewayTest, WhileTheStoreIsAwayClientsAreSentBackNotRefused) {
  store_.set_available(false);
  EXPECT_EQ(answer_to_connect(R"({"token":")" + ann_.token + R"("})"), "closed");
  store_.set_available(true);
  EXPECT_TRUE(answer_to_connect(R"({"token":")" + ann_.token + R"("})").starts_with("40{"));
}

TEST_F(GatewayTest, ALinkEndsWithItsTokenAndIsToldWhy) {
  auto ann = online(ann_);
  pass(ann, std::chrono::minutes(14));
  EXPECT_TRUE(ann.is_connected());
  pass(ann, std::chrono::minutes(2));
  EXPECT_EQ(names(ann).back(), "session_revoked");
  EXPECT_EQ(ann.events().back().second.at("reason").as_string(), "token-expired");
  EXPECT_FALSE(ann.is_connected());
}

TEST_F(GatewayTest, AuthRefreshCarriesALinkOn) {
  auto ann = online(ann_);
  pass(ann, std::chrono::minutes(10));
  const auto session = node_.run(
      node_.accounts.login({.username = "ann", .password = "correct horse", .device_name = {}}));
  auto id = ann.emit("auth_refresh", {{"token", session->access_token}});
  settle(ann);
  EXPECT_EQ(ann.acks().at(id).at("error").at("code").as_string(), "forbidden")
      << "another device's token";
  const test::PlainTokens tokens;
  const auto fresh = tokens.issue({.user_id = ann_.id,
                                   .device_id = ann_.device,
                                   .expires_at = node_.clock.now() + std::chrono::minutes(15)});
  id = ann.emit("auth_refresh", {{"token", fresh}});
  settle(ann);
  EXPECT_TRUE(ann.acks().at(id).at("ok").as_bool());
  EXPECT_EQ(ann.acks().at(id).at("expiresInMs").to_number<int>(), 900'000);
  pass(ann, std::chrono::minutes(10));
  EXPECT_TRUE(ann.is_connected());
  pass(ann, std::chrono::minutes(6));
  EXPECT_FALSE(ann.is_connected());
}

TEST_F(GatewayTest, LogoutEndsTheLinksOfThatDeviceAlone) {
  auto ann = online(ann_);
  auto bob = online(bob_);
  ASSERT_TRUE(node_.run(node_.accounts.revoke(ann_.id, ann_.device)));
  settle(ann);
  settle(bob);
  EXPECT_EQ(names(ann).back(), "session_revoked");
  EXPECT_FALSE(ann.is_connected());
  EXPECT_TRUE(bob.is_connected());
  EXPECT_NE(answer_to_connect(R"({"token":")" + ann_.token + R"("})").find("unauthenticated"),
            std::string::npos);
}

TEST_F(GatewayTest, ANewChatComesWithWhatHappenedInIt) {
  auto ann = online(ann_);
  auto bob = online(bob_);
  const auto group =
      node_.run(node_.chats.create_group(ann_.id, {.title = "Plans", .member_ids = {bob_.id}}));
  settle(ann);
  settle(bob);
  EXPECT_EQ(names(bob), (Names{"session_ready", "chat_added", "new_message"}));
  const auto& added = bob.events()[1].second.as_object();
  EXPECT_EQ(added.at("chat").at("title").as_string(), "Plans");
  EXPECT_GT(added.at("userRev").to_number<int>(), 0);
  EXPECT_EQ(bob.events()[2].second.at("type").as_string(), "system");
  EXPECT_EQ(bob.events()[2].second.at("prevRev").to_number<int>(), 0);
  (void)group;
}

TEST_F(GatewayTest, EventsThatDoNotFitAreAnsweredAndNothingElseHappens) {
  const auto chat = direct(ann_, bob_).to_string();
  const auto cat = join("cat");
  auto stranger = online(cat);
  auto ann = online(ann_);
  const auto code_of = [&](ChatDevice& device, const std::string& event,
                           boost::json::object fields) {
    const auto id = device.emit(event, fields);
    settle(device);
    const auto& ack = device.acks().at(id);
    return ack.at("ok").as_bool() ? std::string("ok")
                                  : std::string(ack.at("error").at("code").as_string());
  };
  EXPECT_EQ(code_of(ann, "no_such_event", {}), "validation-failed");
  EXPECT_EQ(code_of(ann, "send_message", {}), "validation-failed");
  EXPECT_EQ(code_of(ann, "send_message", {{"chatId", "nope"}, {"content", "x"}}),
            "validation-failed");
  EXPECT_EQ(code_of(ann, "send_message", {{"chatId", ann_.id.to_string()}, {"content", "x"}}),
            "not-found");
  EXPECT_EQ(code_of(stranger, "send_message", {{"chatId", chat}, {"content", "x"}}), "not-found");
  EXPECT_EQ(code_of(stranger, "fetch_changes", {{"chatId", chat}, {"sinceRev", 0}}), "not-found");
  EXPECT_EQ(code_of(ann, "edit_message", {{"chatId", chat}, {"messageId", chat}, {"content", "x"}}),
            "not-found");
  EXPECT_EQ(code_of(ann, "delete_message", {{"chatId", chat}, {"messageId", chat}}), "not-found");
  EXPECT_EQ(code_of(ann, "auth_refresh", {{"token", "bad"}}), "unauthenticated");
  EXPECT_EQ(code_of(ann, "send_message", {{"chatId", chat}, {"content", "x"}}), "ok");
  EXPECT_EQ(code_of(ann, "fetch_changes", {{"chatId", chat}, {"sinceRev", 0}}), "ok");
}

TEST_F(GatewayTest, WhatTheStoreCannotDoIsRetryable) {
  const auto chat = direct(ann_, bob_).to_string();
  auto ann = online(ann_);
  store_.set_available(false);
  const auto id =
      ann.emit("send_message", {{"chatId", chat}, {"content", "x"}, {"clientMessageId", "k"}});
  settle(ann);
  const auto& error = ann.acks().at(id).at("error");
  EXPECT_EQ(error.at("code").as_string(), "store-unavailable");
  EXPECT_TRUE(error.at("retryable").as_bool());
  store_.set_available(true);
  const auto again =
      ann.emit("send_message", {{"chatId", chat}, {"content", "x"}, {"clientMessageId", "k"}});
  settle(ann);
  EXPECT_TRUE(ann.acks().at(again).at("ok").as_bool());
  EXPECT_FALSE(ann.acks().at(again).at("duplicate").as_bool());
}

TEST_F(GatewayTest, WhatComesAtOnceFromOneSocketKeepsItsOrder) {
  const auto chat = direct(ann_, bob_);
  auto ann = online(ann_);
  auto bob = online(bob_);
  for (int i = 0; i < 30; ++i)
    ann.emit("send_message", {{"chatId", chat.to_string()}, {"content", std::to_string(i)}});
  settle(ann);
  settle(bob);
  const auto& held = bob.chats().at(chat);
  ASSERT_EQ(held.size(), 30U);
  for (const auto& [seq, message] : held) EXPECT_EQ(message.content, std::to_string(seq - 1));
}

TEST_F(GatewayTest, AThousandEventsAtOnceAreRefusedBeyondTheInbox) {
  const auto chat = direct(ann_, bob_).to_string();
  auto ann = online(ann_);
  std::vector<std::uint64_t> ids;
  // Begun in one read, so none can finish before the last has come.
  for (int i = 0; i < 200; ++i)
    ids.push_back(ann.emit("send_message", {{"chatId", chat}, {"content", "x"}}));
  settle(ann);
  const auto refused = std::ranges::count_if(ids, [&](auto id) {
    const auto& ack = ann.acks().at(id);
    return !ack.at("ok").as_bool() && ack.at("error").at("code").as_string() == "overloaded";
  });
  EXPECT_EQ(refused, 200 - 64);
}

TEST_F(GatewayTest, ASlowReaderIsToldToResyncAndLosesNothingItIsNotToldOf) {
  const auto chat = direct(ann_, bob_);
  auto client = node_.world.connect(R"(40{"token":")" + bob_.token + R"("})");
  (void)client.take();
  client.peer().take_only(100);
  for (int i = 0; i < 400; ++i) {
    ASSERT_TRUE(
        node_.run(node_.messages.send(ann_.id, chat, {.content = std::string(4'000, 'x')})));
  }
  client.peer().take_more();
  node_.world.shards.run();
  const auto texts = client.take_texts();
  EXPECT_TRUE(std::ranges::any_of(texts, [](const auto& text) {
    return text.find(R"(42["resync_required",{"reason":"slowConsumer"}])") == 0;
  }));
  EXPECT_LT(texts.size(), 400U);
}

TEST_F(GatewayTest, ADrainIsAnnouncedToEverybody) {
  auto ann = online(ann_);
  node_.gateway.announce_drain(std::chrono::seconds(1));
  settle(ann);
  ASSERT_EQ(names(ann).back(), "server_draining");
  const auto after = ann.events().back().second.at("retryAfterMs").to_number<int>();
  EXPECT_GE(after, 1'000);
  EXPECT_LE(after, 1'500);
}

TEST_F(GatewayTest, EverybodyIsToldHowTheBusStandsAndWhoComesLaterToo) {
  auto ann = online(ann_);
  node_.gateway.bus_degraded();
  node_.gateway.bus_degraded();
  settle(ann);
  auto bob = online(bob_);
  for (auto* device : {&ann, &bob}) {
    const auto told = all(*device, "bus_degraded");
    ASSERT_EQ(told.size(), 1U);
    EXPECT_EQ(told.front().at("reason").as_string(), "busUnavailable");
  }
  node_.gateway.bus_restored();
  settle(ann);
  settle(bob);
  for (auto* device : {&ann, &bob}) {
    const auto told = all(*device, "bus_degraded");
    ASSERT_EQ(told.size(), 2U);
    EXPECT_EQ(told.back().at("reason").as_string(), "restored");
  }
}

TEST_F(GatewayTest, WhatStrangersSayIsToldToTheRoomAsItIs) {
  const auto chat = direct(ann_, bob_);
  auto ann = online(ann_);
  auto bob = online(bob_);
  node_.gateway.hear(ports::ForeignEvent{.to = chat, .name = "poll", .text = R"({"n":1})"});
  node_.gateway.hear(ports::ForeignEvent{.to = ann_.id, .name = "nudge", .text = "[2]"});
  settle(ann);
  settle(bob);
  ASSERT_EQ(all(bob, "poll").size(), 1U);
  EXPECT_EQ(all(bob, "poll").front().at("n").to_number<int>(), 1);
  EXPECT_EQ(all(ann, "poll").size(), 1U);
  EXPECT_EQ(names(ann).back(), "nudge");
  EXPECT_NE(names(bob).back(), "nudge");
}

TEST_F(GatewayTest, AHintIsLookedUpAndOneThatTheStoreDoesNotKnowIsForgotten) {
  const auto chat = direct(ann_, bob_);
  auto bob = online(bob_);
  node_.gateway.hear(ports::ChatChanged{.chat_id = chat, .rev = 1});
  node_.gateway.hear(ports::ChatChanged{.chat_id = chat, .rev = 9});
  node_.world.clock.advance(std::chrono::milliseconds(100));
  settle(bob);
  EXPECT_TRUE(all(bob, "new_message").empty());
  ASSERT_TRUE(node_.run(node_.messages.send(ann_.id, chat, {.content = "hello"})));
  settle(bob);
  ASSERT_EQ(all(bob, "new_message").size(), 1U);
  EXPECT_EQ(all(bob, "new_message").front().at("rev").to_number<int>(), 1);
}

TEST_F(GatewayTest, SocketsThatEndLeaveNoInterestBehind) {
  const auto chat = direct(ann_, bob_).to_string();
  for (int i = 0; i < 5; ++i) {
    auto ann = online(ann_);
    auto bob = online(bob_);
    ann.disconnect();
    bob.disconnect();
    node_.world.shards.run();
  }
  auto bob = online(bob_);
  auto ann = online(ann_);
  ann.emit("send_message", {{"chatId", chat}, {"content", "still there?"}});
  settle(ann);
  settle(bob);
  EXPECT_EQ(names(bob).back(), "new_message");
}

}  // namespace
}  // namespace knotos::gateway
