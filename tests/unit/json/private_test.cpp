#include "json/private_cursors.hpp"
#include "json/private_requests.hpp"
#include "json/write_export.hpp"
#include "json/write_private.hpp"

#include <gtest/gtest.h>

namespace knotos::json {
namespace {

const Time kTime = Time(Milliseconds(1'700'000'000'123));

template <class IdType>
IdType id(std::uint8_t first) {
  return IdType(make_uuid_v4({first}));
}

Object object(std::string_view text) { return std::move(parse_object(text).value()); }

std::string misfits(const Error& error) {
  std::string names;
  for (const auto& field : error.fields) names += field.pointer + " " + field.code + "\n";
  return names;
}

TEST(PrivateCursors, ComeBackAsTheyWent) {
  services::SyncCursor cursor{.epoch = "an epoch of 16 b",
                              .since = kTime,
                              .until = kTime + Milliseconds(5),
                              .chats_after = {},
                              .receipts_after = {}};
  EXPECT_EQ(decode_sync_cursor(encode_cursor(cursor)).value(), cursor);
  cursor.chats_after = {.changed_at = kTime, .chat_id = id<domain::ChatId>(1)};
  EXPECT_EQ(decode_sync_cursor(encode_cursor(cursor)).value(), cursor);
  cursor.chats_after.reset();
  cursor.receipts_after = {
      .moved_at = kTime, .chat_id = id<domain::ChatId>(1), .user_id = id<domain::UserId>(2)};
  EXPECT_EQ(decode_sync_cursor(encode_cursor(cursor)).value(), cursor);
  const ports::MemberPosition member{.joined_at = kTime, .user_id = id<domain::UserId>(3)};
  EXPECT_EQ(decode_member_cursor(encode_cursor(member))->user_id, member.user_id);
  const ports::AcquaintancePosition person{.since = kTime, .user_id = id<domain::UserId>(4)};
  EXPECT_EQ(decode_acquaintance_cursor(encode_cursor(person))->since, kTime);
}

TEST(PrivateCursors, OfAnotherKindOrCutAreRefused) {
  const auto member = encode_cursor(ports::MemberPosition{.joined_at = kTime, .user_id = {}});
  EXPECT_FALSE(decode_acquaintance_cursor(member));
  EXPECT_FALSE(decode_sync_cursor(member));
  EXPECT_FALSE(decode_export_cursor(member));
  for (std::size_t size = 0; size < member.size(); ++size) {
    EXPECT_FALSE(decode_member_cursor(std::string_view(member).substr(0, size)));
  }
}

TEST(PrivateRequests, APatchTakesWhatIsThere) {
  const auto patch =
      state_patch(object(R"({"isArchived":true,"pinOrder":2,"mutedUntil":"9999-12-31","draft":"",)"
                         R"("notificationLevel":"mentions"})"));
  ASSERT_TRUE(patch);
  EXPECT_EQ(patch->is_archived, true);
  EXPECT_FALSE(patch->is_pinned);
  EXPECT_EQ(patch->pin_order, 2U);
  ASSERT_TRUE(patch->muted_until && *patch->muted_until);
  EXPECT_EQ(format_time(**patch->muted_until), "9999-12-31T23:59:59.999Z");
  EXPECT_EQ(patch->draft, "");
  EXPECT_EQ(patch->notification_level, domain::NotificationLevel::mentions);
  const auto unmuted = state_patch(object(R"({"mutedUntil":null})"));
  ASSERT_TRUE(unmuted && unmuted->muted_until);
  EXPECT_FALSE(*unmuted->muted_until);
  EXPECT_FALSE(state_patch(object("{}"))->muted_until);
}

TEST(PrivateRequests, EveryMisfitIsNamed) {
  const auto refused =
      state_request(object(R"({"isArchived":1,"isPinned":"yes","pinOrder":11,"mutedUntil":"soon",)"
                           R"("markedUnread":[],"notificationLevel":"some","draft":5})"));
  ASSERT_FALSE(refused);
  EXPECT_EQ(misfits(refused.error()),
            "/chatId required\n/isArchived wrong-type\n/isPinned wrong-type\n"
            "/pinOrder out-of-range\n/mutedUntil malformed\n/markedUnread wrong-type\n"
            "/notificationLevel not-allowed\n/draft wrong-type\n");
  EXPECT_EQ(misfits(mark_request(object(R"({"seq":-1})")).error()),
            "/chatId required\n/seq out-of-range\n");
  EXPECT_EQ(misfits(privacy_patch(object(R"({"lastSeen":"friends"})")).error()),
            "/lastSeen not-allowed\n");
  EXPECT_EQ(misfits(verify_request(object(R"({"known":{"x":1}})"), 10).error()),
            "/known/x malformed\n");
  EXPECT_EQ(misfits(verify_request(object(R"({"known":{"x":-1,"y":2,"z":3}})"), 2).error()),
            "/known too-long\n");
  EXPECT_EQ(misfits(verify_request(object("{}"), 2).error()), "/known required\n");
  EXPECT_EQ(misfits(sync_request(object(R"({"cursor":"x"})")).error()), "/cursor malformed\n");
}

TEST(WritePrivate, ASyncIsWrittenWithItsChanges) {
  services::SyncService::Answer answer;
  answer.cursor.epoch = "an epoch of 16 b";
  answer.user_rev = 7;
  answer.chats.push_back({.chat_id = id<domain::ChatId>(1),
                          .last_rev = 5,
                          .last_seq = 4,
                          .last_read_seq = 3,
                          .unread_count = 1});
  answer.changes.emplace_back(services::ChatWent{.chat_id = id<domain::ChatId>(2)});
  answer.changes.emplace_back(services::SettingsMoved{});
  const auto text = sync(answer, id<domain::UserId>(9), kTime);
  const auto chat = id<domain::ChatId>(1).to_string();
  const auto gone = id<domain::ChatId>(2).to_string();
  EXPECT_EQ(text,
            R"({"cursor":")" + encode_cursor(answer.cursor) +
                R"(","hasMore":false,"userRev":7,"chats":[{"chatId":")" + chat +
                R"(","lastRev":5,"lastSeq":4,"lastReadSeq":3,"unreadCount":1}],"changes":[)" +
                R"({"event":"chat_removed","userRev":7,"chatId":")" + gone +
                R"("},{"event":"settings_updated","userRev":7,"kind":"all"}],"receipts":[]})");
  EXPECT_TRUE(sync_ack(answer, id<domain::UserId>(9), kTime).starts_with(R"({"ok":true,)"));
}

}  // namespace
}  // namespace knotos::json
