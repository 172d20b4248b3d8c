#include "json/write_live.hpp"

#include "json/live_requests.hpp"
#include "json/requests.hpp"

#include <gtest/gtest.h>

#include <string>

namespace knotos::json {
namespace {

const auto kChat = *domain::ChatId::parse("11111111-1111-4111-8111-111111111111");
const auto kAnn = *domain::UserId::parse("22222222-2222-4222-8222-222222222222");
const auto kBob = *domain::UserId::parse("33333333-3333-4333-8333-333333333333");
const Time kNow{Milliseconds(1'700'000'000'123)};
const std::string kChatText = R"("chatId":"11111111-1111-4111-8111-111111111111")";
const std::string kAnnText = R"("userId":"22222222-2222-4222-8222-222222222222")";

TEST(WriteLiveTest, TypingSaysHowLongAStartIsGood) {
  EXPECT_EQ(typing({.chat_id = kChat, .user_id = kAnn, .is_typing = true}),
            "{" + kChatText + "," + kAnnText + R"(,"ttlMs":3000})");
  EXPECT_EQ(typing({.chat_id = kChat, .user_id = kAnn, .is_typing = false}),
            "{" + kChatText + "," + kAnnText + "}");
}

TEST(WriteLiveTest, PresenceSaysSinceWhenOnlyWhereItIsKnown) {
  EXPECT_EQ(presence({.user_id = kAnn, .state = ports::PresenceState::away, .last_seen_at = {}}),
            "{" + kAnnText + R"(,"state":"away"})");
  EXPECT_EQ(
      presence({.user_id = kAnn, .state = ports::PresenceState::offline, .last_seen_at = kNow}),
      "{" + kAnnText + R"(,"state":"offline","lastSeenAt":"2023-11-14T22:13:20.123Z"})");
  const PresenceOf online{
      .user_id = kAnn, .state = ports::PresenceState::online, .last_seen_at = {}};
  EXPECT_EQ(presence_ack({&online, 1}),
            R"({"ok":true,"states":[{)" + kAnnText + R"(,"state":"online"}]})");
  EXPECT_EQ(presence_ack({}), R"({"ok":true,"states":[]})");
}

TEST(WriteLiveTest, ReceiptsAndPrivateChangesHaveTheFieldsOfTheContract) {
  EXPECT_EQ(
      receipt_moved({.chat_id = kChat, .user_id = kAnn, .is_read = true, .seq = 7, .at = kNow}),
      "{" + kChatText + "," + kAnnText + R"(,"seq":7,"at":"2023-11-14T22:13:20.123Z"})");
  EXPECT_EQ(read_state({.user_id = kAnn,
                        .user_rev = 3,
                        .chat_id = kChat,
                        .last_read_seq = 7,
                        .unread_count = 2}),
            R"({"userRev":3,)" + kChatText + R"(,"lastReadSeq":7,"unreadCount":2})");
  EXPECT_EQ(settings_updated({.user_id = kAnn, .user_rev = 3, .kind = ports::SettingsKind::blocks}),
            R"({"userRev":3,"kind":"blocks"})");
  EXPECT_EQ(reason("slowConsumer"), R"({"reason":"slowConsumer"})");
}

TEST(LiveRequestsTest, PresenceNamesEachUserOnce) {
  const auto read = [](const std::string& text) { return presence_request(*parse_object(text)); };
  const auto ids = read(R"({"userIds":[")" + kBob.to_string() + R"(",")" + kAnn.to_string() +
                        R"(",")" + kBob.to_string() + R"("]})");
  ASSERT_TRUE(ids);
  EXPECT_EQ(*ids, (std::vector{kAnn, kBob}));
  EXPECT_FALSE(read("{}"));
  EXPECT_FALSE(read(R"({"userIds":"all"})"));
  EXPECT_FALSE(read(R"({"userIds":["x"]})"));
  std::string many;
  for (std::size_t i = 0; i <= kPresenceUsersMax; ++i) {
    many += (i == 0 ? "\"" : ",\"") + kAnn.to_string() + "\"";
  }
  EXPECT_FALSE(read(R"({"userIds":[)" + many + "]}"));
}

TEST(LiveRequestsTest, AClientIsLookedAtUnlessItSaysOtherwise) {
  const auto state = [](const std::string& text) {
    return client_state_request(*parse_object(text));
  };
  EXPECT_TRUE(*state(R"({"state":"active"})"));
  EXPECT_FALSE(*state(R"({"state":"background"})"));
  EXPECT_FALSE(state(R"({"state":"asleep"})"));
  EXPECT_FALSE(state("{}"));
  const auto connect = [](const std::string& text) { return connect_request(*parse_object(text)); };
  EXPECT_TRUE(connect("{}")->is_active);
  EXPECT_FALSE(connect(R"({"clientState":"background"})")->is_active);
  EXPECT_FALSE(connect(R"({"clientState":7})"));
  EXPECT_EQ(connect(R"({"cursor":"abc"})")->cursor, "abc");
  EXPECT_FALSE(connect(R"({"cursor":")" + std::string(kCursorBytesMax + 1, 'a') + R"("})"));
}

}  // namespace
}  // namespace knotos::json
