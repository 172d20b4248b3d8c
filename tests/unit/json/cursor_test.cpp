#include "json/cursor.hpp"

#include <gtest/gtest.h>

namespace knotos::json {
namespace {

ports::ChatListPosition some_position() {
  return {.is_pinned = true,
          .pin_order = 7,
          .updated_at = Time(Milliseconds(1'790'000'000'123)),
          .chat_id = *domain::ChatId::parse("0190163d-8694-439b-aea5-966c26f8ad91")};
}

template <class T>
void expect_refused(const Result<T>& result, std::string_view text) {
  ASSERT_FALSE(result) << text;
  EXPECT_EQ(result.error().code, Errc::validation_failed);
  ASSERT_EQ(result.error().fields.size(), 1U);
  EXPECT_EQ(result.error().fields[0].pointer, "/cursor");
}

TEST(CursorTest, APositionReadsBackAsItWas) {
  auto position = some_position();
  EXPECT_EQ(*decode_chat_list_cursor(encode_cursor(position)), position);
  position.is_pinned = false;
  position.pin_order = 0;
  position.updated_at = Time(Milliseconds(-5));
  EXPECT_EQ(*decode_chat_list_cursor(encode_cursor(position)), position);
  EXPECT_EQ(*decode_user_cursor(encode_user_cursor("ann.b")), "ann.b");
  const NewestFirstPosition place{.created_at = Time(Milliseconds(12)), .key = "some-key"};
  EXPECT_EQ(*decode_newest_first_cursor(encode_cursor(place)), place);
}

TEST(CursorTest, IsSafeInAUrl) {
  const auto text = encode_cursor(some_position());
  EXPECT_EQ(
      text.find_first_not_of("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"),
      std::string::npos)
      << text;
}

TEST(CursorTest, ChangedAnywhereIsRefused) {
  const auto text = encode_cursor(some_position());
  for (std::size_t i = 0; i < text.size(); ++i) {
    auto tampered = text;
    tampered[i] = tampered[i] == 'A' ? 'B' : 'A';
    expect_refused(decode_chat_list_cursor(tampered), tampered);
    expect_refused(decode_chat_list_cursor(text.substr(0, i)), text.substr(0, i));
  }
  expect_refused(decode_chat_list_cursor(text + "A"), text + "A");
  expect_refused(decode_chat_list_cursor(text + text), text + text);
}

TEST(CursorTest, WhatWasNeverOneIsRefused) {
  for (const std::string_view text : {"", "x", "AAAA", "null", "0", "../..", "%00", "🙂", "=="}) {
    expect_refused(decode_chat_list_cursor(text), text);
    expect_refused(decode_user_cursor(text), text);
    expect_refused(decode_newest_first_cursor(text), text);
  }
  expect_refused(decode_user_cursor(std::string(100'000, 'A')), "long");
}

TEST(CursorTest, OneListsCursorIsNotAnothers) {
  expect_refused(decode_user_cursor(encode_cursor(some_position())), "chats for users");
  expect_refused(decode_chat_list_cursor(encode_user_cursor("ann")), "users for chats");
}

TEST(CursorTest, APositionIsThatOfTheItem) {
  domain::ChatListItem item;
  item.chat.id = some_position().chat_id;
  item.chat.updated_at = some_position().updated_at;
  item.state.is_pinned = true;
  item.state.pin_order = 7;
  EXPECT_EQ(position_of(item), some_position());
}

}  // namespace
}  // namespace knotos::json
