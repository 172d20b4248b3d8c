#include "json/write.hpp"

#include <gtest/gtest.h>
#include <boost/json/parse.hpp>
#include <boost/json/serialize.hpp>
#include <boost/json/value.hpp>

#include <random>

namespace knotos::json {
namespace {

namespace bj = boost::json;

const auto kMessageId = *domain::MessageId::parse("0190163d-8694-739b-aea5-966c26f8ad91");
const auto kChatId = *domain::ChatId::parse("11111111-1111-4111-8111-111111111111");
const auto kAnn = *domain::UserId::parse("22222222-2222-4222-8222-222222222222");
const auto kBob = *domain::UserId::parse("33333333-3333-4333-8333-333333333333");
const Time kNow{Milliseconds(1'700'000'000'123)};

domain::Message some_message() {
  domain::Message message;
  message.id = kMessageId;
  message.chat_id = kChatId;
  message.seq = 3;
  message.place = 4;
  message.rev = 5;
  message.sender_id = kAnn;
  message.client_message_id = "k-1";
  message.content = "Hey \"you\"";
  message.created_at = kNow;
  return message;
}

TEST(WriteMessageTest, HasTheFieldsOfTheContract) {
  EXPECT_EQ(message(some_message()),
            R"({"id":"0190163d-8694-739b-aea5-966c26f8ad91",)"
            R"("chatId":"11111111-1111-4111-8111-111111111111","seq":3,"rev":5,)"
            R"("senderId":"22222222-2222-4222-8222-222222222222","clientMessageId":"k-1",)"
            R"("type":"text","content":"Hey \"you\"","createdAt":"2023-11-14T22:13:20.123Z",)"
            R"("editVersion":0})");
}

TEST(WriteMessageTest, LiveDeliveryTellsThePreviousRev) {
  const auto value = bj::parse(message(some_message(), 4)).as_object();
  EXPECT_EQ(value.at("prevRev").as_int64(), 4);
  EXPECT_EQ(bj::parse(message(some_message(), 0)).as_object().at("prevRev").as_int64(), 0);
}

TEST(WriteMessageTest, WhatAnEditAReplyAndMentionsAdd) {
  auto written = some_message();
  written.edit_version = 2;
  written.edited_at = kNow + Milliseconds(1);
  written.reply_to = domain::ReplyTo{kMessageId, 1, kBob, "what\n"};
  written.mentions = {kAnn, kBob};
  const auto value = bj::parse(message(written)).as_object();
  EXPECT_EQ(value.at("editVersion").as_int64(), 2);
  EXPECT_EQ(value.at("editedAt").as_string(), "2023-11-14T22:13:20.124Z");
  EXPECT_EQ(value.at("replyTo"),
            bj::parse(R"({"messageId":"0190163d-8694-739b-aea5-966c26f8ad91","seq":1,
                          "senderId":"33333333-3333-4333-8333-333333333333","preview":"what\n"})"));
  EXPECT_EQ(value.at("mentions"), bj::parse(R"(["22222222-2222-4222-8222-222222222222",
                                               "33333333-3333-4333-8333-333333333333"])"));
}

TEST(WriteMessageTest, ATombstoneHasNoContentWhateverIsStored) {
  auto erased = some_message();
  erased.is_deleted = true;
  erased.content = "should be gone";
  erased.reply_to = domain::ReplyTo{kMessageId, 1, kBob, "a quotation"};
  erased.mentions = {kBob};
  const auto text = message(erased);
  const auto value = bj::parse(text).as_object();
  EXPECT_EQ(value.at("isDeleted"), true);
  EXPECT_EQ(value.at("content"), "");
  EXPECT_EQ(text.find("gone"), std::string::npos);
  EXPECT_EQ(text.find("quotation"), std::string::npos);
  EXPECT_FALSE(value.contains("mentions"));
}

TEST(WriteMessageTest, ASystemMessageTellsItsEvent) {
  auto system = some_message();
  system.type = domain::MessageType::system;
  system.content.clear();
  system.system_event = domain::SystemEvent{.event = "group_created",
                                            .actor_id = kAnn,
                                            .user_ids = {kBob},
                                            .title = "T",
                                            .role = domain::Role::admin,
                                            .new_owner_id = kBob};
  const auto value = bj::parse(message(system)).as_object();
  EXPECT_EQ(value.at("type"), "system");
  EXPECT_FALSE(value.contains("clientMessageId"));
  EXPECT_FALSE(value.contains("editVersion"));
  EXPECT_EQ(value.at("systemEvent"),
            bj::parse(R"({"event":"group_created","actorId":"22222222-2222-4222-8222-222222222222",
                          "userIds":["33333333-3333-4333-8333-333333333333"],"title":"T",
                          "role":"admin","newOwnerId":"33333333-3333-4333-8333-333333333333"})"));
}

TEST(WriteMessageTest, NoStoredBytesMakeInvalidJson) {
  constexpr std::uint64_t kSeed = 11;
  SCOPED_TRACE(testing::Message() << "seed " << kSeed);
  std::mt19937_64 random(kSeed);
  const auto bytes = [&random] {
    std::string text(random() % 30, '\0');
    for (auto& byte : text) byte = static_cast<char>(random());
    return text;
  };
  for (int round = 0; round < 500; ++round) {
    auto stored = some_message();
    stored.content = bytes();
    stored.client_message_id = bytes();
    stored.reply_to = domain::ReplyTo{kMessageId, 1, kBob, bytes()};
    stored.system_event = domain::SystemEvent{.event = bytes(),
                                              .actor_id = kAnn,
                                              .user_ids = {},
                                              .title = bytes(),
                                              .role = std::nullopt,
                                              .new_owner_id = std::nullopt};
    bj::error_code ec;
    const auto value = bj::parse(message(stored), ec);
    ASSERT_FALSE(ec) << ec.message() << " in round " << round;
    ASSERT_TRUE(value.is_object());
  }
}

domain::ChatListItem some_item(domain::ChatType type) {
  domain::ChatListItem item;
  item.chat.id = kChatId;
  item.chat.type = type;
  item.chat.member_count = 2;
  item.chat.last_seq = 9;
  item.chat.last_rev = 12;
  item.chat.last_ordinal = 8;
  item.chat.created_at = kNow;
  item.chat.updated_at = kNow;
  item.state.user_id = kAnn;
  item.state.chat_id = kChatId;
  item.state.joined_at = kNow;
  item.state.last_read_seq = 6;
  item.state.last_read_ordinal = 5;
  item.state.own_count = 2;
  item.state.own_count_at_read = 1;
  item.people = {
      {.id = kBob, .username = "bob", .display_name = "Bob", .about = {}, .created_at = kNow}};
  return item;
}

TEST(WriteChatTest, AListItemIsFlat) {
  const auto value = bj::parse(chat_list_item(some_item(domain::ChatType::direct), kNow));
  EXPECT_EQ(value, bj::parse(R"({
    "id":"11111111-1111-4111-8111-111111111111","type":"direct","memberCount":2,"lastSeq":9,
    "lastRev":12,"lastMessagePreview":null,"pinnedMessageIds":[],
    "createdAt":"2023-11-14T22:13:20.123Z",
    "updatedAt":"2023-11-14T22:13:20.123Z",
    "state":{"role":"member","joinedAt":"2023-11-14T22:13:20.123Z","visibleFromSeq":1,
             "lastReadSeq":6,"lastDeliveredSeq":0,"isArchived":false,"isPinned":false,
             "mutedUntil":null,"markedUnread":false,"notificationLevel":"all","draft":""},
    "unreadCount":2,
    "peer":{"id":"33333333-3333-4333-8333-333333333333","username":"bob","displayName":"Bob"}})"))
      << bj::serialize(value);
}

TEST(WriteChatTest, AGroupHasTitleOwnerMembersAndPreview) {
  auto item = some_item(domain::ChatType::group);
  item.chat.title = "Title";
  item.chat.owner_id = kAnn;
  item.chat.last_message_preview = domain::Preview{.message_id = kMessageId,
                                                   .seq = 9,
                                                   .sender_id = kBob,
                                                   .type = domain::MessageType::text,
                                                   .content = "hi",
                                                   .is_deleted = false,
                                                   .created_at = kNow};
  const auto value = bj::parse(chat_list_item(item, kNow)).as_object();
  EXPECT_EQ(value.at("title"), "Title");
  EXPECT_EQ(value.at("ownerId"), "22222222-2222-4222-8222-222222222222");
  EXPECT_EQ(value.at("members").as_array().size(), 1U);
  EXPECT_FALSE(value.contains("peer"));
  EXPECT_EQ(value.at("lastMessagePreview"),
            bj::parse(R"({"messageId":"0190163d-8694-739b-aea5-966c26f8ad91","seq":9,
                          "senderId":"33333333-3333-4333-8333-333333333333","type":"text",
                          "content":"hi","createdAt":"2023-11-14T22:13:20.123Z"})"));

  item.chat.last_message_preview->is_deleted = true;
  const auto deleted = bj::parse(chat_list_item(item, kNow)).as_object();
  EXPECT_EQ(deleted.at("lastMessagePreview").at("content"), "");
  EXPECT_EQ(deleted.at("lastMessagePreview").at("isDeleted"), true);
}

TEST(WriteChatTest, ArchivedIsWhatCountsNow) {
  auto item = some_item(domain::ChatType::direct);
  item.state.is_archived = true;
  item.state.archived_ordinal = 7;
  const auto is_archived = [&item] {
    return bj::parse(chat_list_item(item, kNow)).at("state").at("isArchived").as_bool();
  };
  EXPECT_FALSE(is_archived());
  item.state.muted_until = kNow + Milliseconds(1);
  EXPECT_TRUE(is_archived());
  item.state.muted_until.reset();
  item.state.archived_ordinal = 8;
  EXPECT_TRUE(is_archived());
}

TEST(WriteUserTest, OthersSeeLessThanOneself) {
  const domain::User ann{
      .id = kAnn, .username = "ann", .display_name = "Ann \"A\"", .about = {}, .created_at = kNow};
  EXPECT_EQ(user(ann), R"({"id":"22222222-2222-4222-8222-222222222222","username":"ann",)"
                       R"("displayName":"Ann \"A\""})");
  EXPECT_EQ(bj::parse(own_user(ann)).at("createdAt"), "2023-11-14T22:13:20.123Z");
}

TEST(WriteUserTest, ASessionHasTheTokensAndWhoseTheyAre) {
  const services::AccountService::Session session{.user = {.id = kAnn,
                                                           .username = "ann",
                                                           .display_name = "Ann",
                                                           .about = {},
                                                           .created_at = kNow},
                                                  .device_id = domain::DeviceId(kBob.uuid()),
                                                  .access_token = "a.b.c",
                                                  .refresh_token = "r",
                                                  .access_expires_in = std::chrono::minutes(15)};
  EXPECT_EQ(bj::parse(json::session(session)),
            bj::parse(R"({"user":{"id":"22222222-2222-4222-8222-222222222222","username":"ann",
                                  "displayName":"Ann","createdAt":"2023-11-14T22:13:20.123Z"},
                          "deviceId":"33333333-3333-4333-8333-333333333333",
                          "accessToken":"a.b.c","refreshToken":"r","expiresInMs":900000})"));
}

TEST(WriteDeviceTest, SaysWhetherItIsTheCallersOwn) {
  const domain::Device device{domain::DeviceId(kAnn.uuid()), kAnn, "curl/8", kNow, kNow};
  std::string out;
  append_device(out, device, true);
  EXPECT_EQ(bj::parse(out),
            bj::parse(R"({"id":"22222222-2222-4222-8222-222222222222","name":"curl/8",
                          "createdAt":"2023-11-14T22:13:20.123Z",
                          "lastUsedAt":"2023-11-14T22:13:20.123Z","isCurrent":true})"));
}

TEST(WriteAckTest, AReceiptHasTheSameFieldsWithAndWithoutOk) {
  const services::Receipt sent{kMessageId, 3, 5, kNow, true};
  EXPECT_EQ(receipt(sent), R"({"messageId":"0190163d-8694-739b-aea5-966c26f8ad91","seq":3,"rev":5,)"
                           R"("createdAt":"2023-11-14T22:13:20.123Z","duplicate":true})");
  EXPECT_EQ(receipt_ack(sent), "{\"ok\":true," + receipt(sent).substr(1));
  EXPECT_EQ(rev_ack(7), R"({"ok":true,"rev":7})");
}

TEST(WriteAckTest, ChangesHaveTheSameFieldsWithAndWithoutOk) {
  ports::Changes page{
      .messages = {some_message(), some_message()}, .last_rev = 5, .has_more = true};
  const auto text = changes(page);
  EXPECT_EQ(text, "{\"data\":[" + message(some_message()) + "," + message(some_message()) +
                      "],\"lastRev\":5,\"hasMore\":true}");
  EXPECT_EQ(changes_ack(page), "{\"ok\":true," + text.substr(1));
  EXPECT_EQ(changes({}), R"({"data":[],"lastRev":0,"hasMore":false})");
}

TEST(WriteProblemTest, EveryCodeHasAWholeProblemObject) {
  for (std::size_t i = 0; i < kErrcCount; ++i) {
    const auto code = static_cast<Errc>(i);
    const auto value = bj::parse(problem(fail(code).error(), "req-1")).as_object();
    const std::string name(describe(code).code);
    EXPECT_EQ(value.at("type").as_string(), "urn:knotos:problem:" + name);
    EXPECT_EQ(value.at("code").as_string(), name);
    EXPECT_EQ(value.at("status").to_number<unsigned>(), describe(code).status);
    EXPECT_FALSE(value.at("title").as_string().empty());
    EXPECT_FALSE(value.at("detail").as_string().empty());
    EXPECT_EQ(value.at("requestId"), "req-1");
    EXPECT_EQ(value.at("retryable").as_bool(), describe(code).is_retryable);
    EXPECT_FALSE(value.contains("retryAfterMs"));
    EXPECT_FALSE(value.contains("errors"));
  }
}

TEST(WriteProblemTest, NamesTheFieldsAndTheWaitAndKeepsTheCause) {
  auto error = fail_field("/a\"b", "too-long", "At most 3.").error();
  error.retry_after = Milliseconds(1500);
  error.cause = "the secret reason";
  const auto text = problem(error, "r");
  const auto value = bj::parse(text).as_object();
  EXPECT_EQ(value.at("errors"),
            bj::parse(R"([{"pointer":"/a\"b","code":"too-long","detail":"At most 3."}])"));
  EXPECT_EQ(value.at("detail"), "At most 3.");
  EXPECT_EQ(value.at("retryAfterMs"), 1500);
  EXPECT_EQ(text.find("secret"), std::string::npos);
  EXPECT_EQ(failure_ack(error, "r"), "{\"ok\":false,\"error\":" + text + "}");
}

}  // namespace
}  // namespace knotos::json
