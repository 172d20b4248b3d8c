#include "domain/private_state.hpp"

#include "domain/visibility.hpp"

#include <gtest/gtest.h>

namespace knotos::domain {
namespace {

const Time kNow = Time(std::chrono::hours(1));

TEST(PrivateState, WatermarksOnlyRiseAndReadImpliesDelivered) {
  UserChatState state;
  EXPECT_TRUE(raise_delivered(state, 3).of_delivered);
  const auto rise = raise_read(state, {.seq = 2, .ordinal = 2, .own_count = 1});
  EXPECT_TRUE(rise.of_read);
  EXPECT_FALSE(rise.of_delivered);
  EXPECT_EQ(state.last_delivered_seq, 3U);
  EXPECT_FALSE(raise_read(state, {.seq = 1, .ordinal = 1, .own_count = 0}).of_read);
  EXPECT_EQ(state.last_read_seq, 2U);
  EXPECT_EQ(state.last_read_ordinal, 2U);
  EXPECT_EQ(state.own_count_at_read, 1U);
  EXPECT_TRUE(raise_read(state, {.seq = 5, .ordinal = 4, .own_count = 1}).of_delivered);
}

TEST(PrivateState, APatchSaysWhetherItChangedAnything) {
  const Chat chat{.last_ordinal = 4};
  UserChatState state;
  EXPECT_FALSE(patch_state(chat, state, {}, {}, kNow).value());
  EXPECT_TRUE(patch_state(chat, state, {.is_archived = true}, {}, kNow).value());
  EXPECT_EQ(state.archived_ordinal, 4U);
  EXPECT_EQ(state.updated_at, kNow);
  EXPECT_FALSE(patch_state(chat, state, {.is_archived = true}, {}, kNow).value());
  EXPECT_FALSE(patch_state(chat, state, {.is_pinned = false}, {}, kNow).value());
  EXPECT_FALSE(patch_state(chat, state, {.pin_order = 3}, {}, kNow).value())
      << "a chat that is not pinned has no place";
}

TEST(PrivateState, AMuteDoesNotArchiveAgainWhatAMessageBroughtBack) {
  Chat chat{.last_ordinal = 4};
  UserChatState state;
  ASSERT_TRUE(patch_state(chat, state, {.is_archived = true}, {}, kNow));
  ++chat.last_ordinal;
  ASSERT_TRUE(patch_state(chat, state, {.muted_until = std::optional(kNow + std::chrono::hours(1))},
                          {}, kNow));
  EXPECT_FALSE(is_archived_now(chat, state, kNow));
}

TEST(PrivateState, PinsGoBehindTheOthersOrIntoTheFirstGap) {
  const Chat chat;
  const auto order = [&chat](const std::vector<std::uint32_t>& taken) {
    UserChatState state;
    EXPECT_TRUE(patch_state(chat, state, {.is_pinned = true}, taken, kNow));
    return state.pin_order;
  };
  EXPECT_EQ(order({}), 0U);
  EXPECT_EQ(order({0, 1, 5}), 6U);
  EXPECT_EQ(order({0, 1, 3, kPinOrderMax}), 2U);
  UserChatState state;
  const std::vector<std::uint32_t> full(kPinnedChatsMax, 1);
  const auto refused = patch_state(chat, state, {.is_pinned = true}, full, kNow);
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, Errc::conflict);
}

TEST(PrivateState, WhatIsNotShownIsAStubAndNoPreview) {
  Message message;
  message.id = MessageId(make_uuid_v4({1}));
  message.seq = 5;
  message.rev = 9;
  message.content = "words";
  message.reply_to = ReplyTo{.message_id = MessageId(make_uuid_v4({2})),
                             .seq = 2,
                             .sender_id = {},
                             .preview = "earlier words"};
  EXPECT_EQ(as_seen(message, {}), message);
  EXPECT_EQ(as_seen(message, {.first_seq = 3, .hidden = {}}).reply_to->preview, "");
  EXPECT_EQ(as_seen(message, {.first_seq = 1, .hidden = {message.reply_to->message_id}})
                .reply_to->preview,
            "");
  for (const auto& visibility : {Visibility{.first_seq = 6, .hidden = {}},
                                 Visibility{.first_seq = 1, .hidden = {message.id}}}) {
    const auto stub = as_seen(message, visibility);
    EXPECT_TRUE(stub.is_stub);
    EXPECT_EQ(stub.rev, 9U);
    EXPECT_EQ(stub.seq, 5U);
    EXPECT_EQ(stub.content, "");
    EXPECT_FALSE(stub.reply_to);
  }
}

}  // namespace
}  // namespace knotos::domain
