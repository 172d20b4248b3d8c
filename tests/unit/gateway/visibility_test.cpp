#include "gateway/visibility.hpp"

#include <gtest/gtest.h>

namespace knotos::gateway {
namespace {

template <class IdType>
IdType id(std::uint8_t number) {
  Uuid uuid;
  uuid.bytes[15] = number;
  return IdType(uuid);
}

const auto kChat = id<domain::ChatId>(1);
const auto kAnn = id<domain::UserId>(1);
const auto kBob = id<domain::UserId>(2);

domain::Message message(domain::Seq seq, std::optional<domain::Seq> answers = {}) {
  domain::Message made;
  made.id = id<domain::MessageId>(static_cast<std::uint8_t>(seq));
  made.chat_id = kChat;
  made.seq = seq;
  if (answers) {
    made.reply_to = domain::ReplyTo{
        .message_id = id<domain::MessageId>(static_cast<std::uint8_t>(*answers)), .seq = *answers};
  }
  return made;
}

using Cut = std::vector<std::pair<domain::UserId, View>>;

TEST(VisibilityTest, WhoSeesAllCostsNothing) {
  Visibility visibility;
  visibility.set(kChat, kAnn, 1);
  EXPECT_EQ(visibility.chats(), 0U);
  EXPECT_EQ(visibility.cut(message(1)), Cut{});
}

TEST(VisibilityTest, OldMessagesAreStubsAndAnswersToThemHaveNoPreview) {
  Visibility visibility;
  visibility.set(kChat, kAnn, 10);
  visibility.set(kChat, kBob, 20);
  EXPECT_EQ(visibility.cut(message(5)), (Cut{{kAnn, View::stub}, {kBob, View::stub}}));
  EXPECT_EQ(visibility.cut(message(15)), (Cut{{kBob, View::stub}}));
  EXPECT_EQ(visibility.cut(message(15, 5)), (Cut{{kAnn, View::without_reply}, {kBob, View::stub}}));
  EXPECT_EQ(visibility.cut(message(25, 15)), (Cut{{kBob, View::without_reply}}));
  EXPECT_EQ(visibility.cut(message(25)), Cut{});
}

TEST(VisibilityTest, WhatIsHiddenIsAStubForThatUserAlone) {
  Visibility visibility;
  visibility.hide(kChat, kAnn, message(7).id);
  visibility.hide(kChat, kAnn, message(7).id);
  EXPECT_EQ(visibility.cut(message(7)), (Cut{{kAnn, View::stub}}));
  EXPECT_EQ(visibility.cut(message(9, 7)), (Cut{{kAnn, View::without_reply}}));
  visibility.set(kChat, kAnn, 10);
  EXPECT_EQ(visibility.cut(message(7)), (Cut{{kAnn, View::stub}}));
  EXPECT_EQ(visibility.cut(message(9, 7)), (Cut{{kAnn, View::stub}}));
  EXPECT_EQ(visibility.cut(message(12, 7)), (Cut{{kAnn, View::without_reply}}));
}

TEST(VisibilityTest, WhoIsForgottenLeavesNothingBehind) {
  Visibility visibility;
  visibility.set(kChat, kAnn, 10);
  visibility.hide(kChat, kAnn, message(7).id);
  visibility.hide(kChat, kBob, message(7).id);
  visibility.forget(kChat, kAnn);
  EXPECT_EQ(visibility.cut(message(7)), (Cut{{kBob, View::stub}}));
  visibility.forget(kChat, kBob);
  EXPECT_EQ(visibility.chats(), 0U);
}

}  // namespace
}  // namespace knotos::gateway
