#include "gateway_world.hpp"
#include "ports/random_ids.hpp"

namespace knotos::gateway {
namespace {

class OwnEventsTest : public GatewayWorld {};

TEST_F(OwnEventsTest, PrivateChangesReachAllDevicesOfTheirUserAndNobodyElse) {
  const auto chat = direct(ann_, bob_);
  const auto second = again(ann_, "ann");
  auto ann = online(ann_);
  auto tablet = online(second);
  auto bob = online(bob_);
  const auto item = node_.run(node_.chats.get(ann_.id, chat));
  bus_.publish(
      ports::ChatStateChanged{.user_id = ann_.id,
                              .user_rev = 7,
                              .chat = std::make_shared<const domain::Chat>(item->chat),
                              .state = std::make_shared<const domain::UserChatState>(item->state)});
  bus_.publish(ports::ReadStateChanged{
      .user_id = ann_.id, .user_rev = 8, .chat_id = chat, .last_read_seq = 3, .unread_count = 2});
  bus_.publish(ports::SettingsChanged{
      .user_id = ann_.id, .user_rev = 9, .kind = ports::SettingsKind::privacy});
  bus_.publish(ports::MessageHidden{.user_id = ann_.id,
                                    .user_rev = 10,
                                    .chat_id = chat,
                                    .message_id = ports::random_id<domain::MessageId>(random_)});
  for (auto* device : {&ann, &tablet, &bob}) settle(*device);
  const Names expected{"session_ready", "chat_state_updated", "read_state", "settings_updated",
                       "message_hidden"};
  EXPECT_EQ(names(ann), expected);
  EXPECT_EQ(names(tablet), expected);
  EXPECT_EQ(names(bob), Names{"session_ready"});

  const auto state = all(ann, "chat_state_updated")[0];
  EXPECT_EQ(state.at("userRev").to_number<int>(), 7);
  EXPECT_EQ(state.at("chatId").as_string(), chat.to_string());
  EXPECT_FALSE(state.at("state").at("isArchived").as_bool());
  EXPECT_EQ(state.at("unreadCount").to_number<int>(), 0);
  const auto read = all(ann, "read_state")[0];
  EXPECT_EQ(read.at("lastReadSeq").to_number<int>(), 3);
  EXPECT_EQ(read.at("unreadCount").to_number<int>(), 2);
  EXPECT_EQ(all(ann, "settings_updated")[0].at("kind").as_string(), "privacy");
  EXPECT_EQ(all(ann, "message_hidden")[0].at("userRev").to_number<int>(), 10);
}

TEST_F(OwnEventsTest, WhatComesWhileASocketIsNotReadyWaitsForIt) {
  store_.set_available(true);
  ChatDevice ann(ann_.id, ann_.token);
  ann.connect(node_, 0);
  // Piece by piece, so that the socket is connected and its memberships are being read.
  bool has_published = false;
  for (int i = 0; i < 200; ++i) {
    node_.world.shards.run_one(0);
    ann.hear();
    if (!has_published && ann.is_admitted()) {
      has_published = true;
      for (int rev = 1; rev <= 300; ++rev) {
        bus_.publish(ports::SettingsChanged{.user_id = ann_.id,
                                            .user_rev = static_cast<domain::UserRev>(rev),
                                            .kind = ports::SettingsKind::profile});
      }
    }
  }
  settle(ann);
  ASSERT_TRUE(has_published);
  ASSERT_FALSE(names(ann).empty());
  EXPECT_EQ(names(ann)[0], "session_ready");
  const auto told = all(ann, "settings_updated").size();
  EXPECT_TRUE(told == 300 || !all(ann, "resync_required").empty())
      << "told of " << told << " and not that more is missing";
}

TEST_F(OwnEventsTest, ReceiptsReachTheOthersAndNotTheReader) {
  const auto chat = direct(ann_, bob_);
  const auto second = again(bob_, "bob");
  auto ann = online(ann_);
  auto bob = online(bob_);
  auto tablet = online(second);
  for (domain::Seq seq = 1; seq <= 5; ++seq) {
    bus_.publish(ports::ReceiptMoved{
        .chat_id = chat, .user_id = bob_.id, .is_read = true, .seq = seq, .at = node_.clock.now()});
  }
  bus_.publish(ports::ReceiptMoved{
      .chat_id = chat, .user_id = bob_.id, .is_read = false, .seq = 9, .at = node_.clock.now()});
  for (auto* device : {&ann, &bob, &tablet}) settle(*device);
  node_.world.clock.advance(std::chrono::seconds(1));
  for (auto* device : {&ann, &bob, &tablet}) settle(*device);
  const auto reads = all(ann, "message_read");
  ASSERT_EQ(reads.size(), 2U) << "merged to one a second";
  EXPECT_EQ(reads[0].at("seq").to_number<int>(), 1);
  EXPECT_EQ(reads[1].at("seq").to_number<int>(), 5);
  EXPECT_EQ(reads[1].at("userId").as_string(), bob_.id.to_string());
  EXPECT_EQ(reads[1].at("chatId").as_string(), chat.to_string());
  EXPECT_TRUE(reads[1].at("at").is_string());
  EXPECT_EQ(all(ann, "message_delivered").size(), 1U);
  EXPECT_EQ(names(bob), Names{"session_ready"});
  EXPECT_EQ(names(tablet), Names{"session_ready"});
}

TEST_F(OwnEventsTest, ASlowReaderLosesTypingFirstThenReceiptsAndMessagesOnlyWithAWord) {
  const auto chat = direct(ann_, bob_);
  auto client = node_.world.connect(R"(40{"token":")" + bob_.token + R"("})");
  (void)client.take();
  client.peer().take_only(0);
  // Half of the budget for receipts and half for typing, then messages that need most of it.
  const auto moved = [&](bool is_receipt, std::uint64_t n) {
    if (is_receipt) {
      bus_.publish(ports::ReceiptMoved{
          .chat_id = chat, .user_id = ann_.id, .is_read = true, .seq = n, .at = node_.clock.now()});
      node_.world.clock.advance(std::chrono::milliseconds(1));
    } else {
      bus_.publish(ports::TypingChanged{.chat_id = chat, .user_id = ann_.id, .is_typing = true});
    }
    node_.world.shards.run();
  };
  for (std::uint64_t n = 1; n <= 200; ++n) {
    moved(false, n);
    moved(true, n);
  }
  for (int i = 0; i < 240; ++i) {
    ASSERT_TRUE(
        node_.run(node_.messages.send(ann_.id, chat, {.content = std::string(4'000, 'x')})));
  }
  client.peer().take_more();
  node_.world.shards.run();
  int typing = 0;
  int messages = 0;
  for (const auto& text : client.take_texts()) {
    if (text.starts_with(R"(42["typing_start")")) ++typing;
    if (text.starts_with(R"(42["new_message")")) ++messages;
    EXPECT_FALSE(text.starts_with(R"(42["resync_required")")) << "the messages fit without typing";
  }
  EXPECT_EQ(messages, 240);
  EXPECT_LT(typing, 5) << "but what was on its way";
}

}  // namespace
}  // namespace knotos::gateway
