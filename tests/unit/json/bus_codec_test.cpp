#include "json/bus_codec.hpp"
#include "support/fake_clock.hpp"
#include "support/seeded_random.hpp"

#include "ports/random_ids.hpp"

#include <gtest/gtest.h>

#include <memory>
#include <string>

namespace knotos::json {
namespace {

using ports::BusChannel;
using ports::ChannelKind;
using ports::EnvelopeFault;

class BusCodecTest : public testing::Test {
 protected:
  /// As another process hears it.
  template <class Event>
  Event carried(const Event& event) {
    const auto envelope = one_.encode(event);
    auto decoded = other_.decode(envelope.channel, envelope.text);
    EXPECT_TRUE(decoded) << envelope.text;
    return decoded ? std::get<Event>(*decoded) : Event{};
  }

  EnvelopeFault fault_of(const BusChannel& channel, const std::string& text) {
    const auto decoded = other_.decode(channel, text);
    EXPECT_FALSE(decoded) << text;
    return decoded ? EnvelopeFault::echo : decoded.error();
  }

  domain::Message message() {
    domain::Message message;
    message.id = ports::random_id<domain::MessageId>(random_);
    message.chat_id = chat_;
    message.seq = 7;
    message.place = 9;
    message.rev = 9;
    message.sender_id = user_;
    message.client_message_id = "key-1";
    message.content = "h\u00e9 \"there\"\n";
    message.created_at = Time(Milliseconds(1'700'000'000'123));
    return message;
  }

  test::SeededRandom random_{1};
  test::FakeClock clock_;
  BusCodec one_{"one", clock_, {}};
  BusCodec other_{"other", clock_, {}};
  domain::ChatId chat_ = ports::random_id<domain::ChatId>(random_);
  domain::UserId user_ = ports::random_id<domain::UserId>(random_);
  BusChannel of_chat_{ChannelKind::chat, chat_.uuid()};
  BusChannel of_user_{ChannelKind::user, user_.uuid()};
};

TEST_F(BusCodecTest, AMessageReadsAsTheOriginalsConsumersKnowIt) {
  const auto envelope = one_.encode(ports::ChatChanged{
      .chat_id = chat_, .rev = 9, .message = std::make_shared<domain::Message>(message())});
  EXPECT_EQ(envelope.channel, of_chat_);
  EXPECT_TRUE(envelope.is_durable);
  EXPECT_NE(envelope.text.find(R"("event":"new_message","data":{"id":")"), std::string::npos);
  EXPECT_NE(envelope.text.find(R"("rev":9})"), std::string::npos);
}

TEST_F(BusCodecTest, AMessageIsCarriedWhole) {
  auto plain = message();
  auto rich = message();
  rich.rev = 12;
  rich.edit_version = 2;
  rich.edited_at = Time(Milliseconds(1'700'000'001'000));
  rich.reply_to =
      domain::ReplyTo{.message_id = plain.id, .seq = 3, .sender_id = user_, .preview = "before"};
  rich.mentions = {user_};
  rich.forwarded_from = domain::ForwardedFrom{.sender_id = user_, .created_at = plain.created_at};
  rich.reactions = {{.emoji = "\U0001F44D", .count = 2, .recent_user_ids = {user_}}};
  rich.is_pinned = true;
  auto system = message();
  system.type = domain::MessageType::system;
  system.client_message_id.clear();
  system.system_event = domain::SystemEvent{.event = std::string(domain::kRoleChanged),
                                            .actor_id = user_,
                                            .user_ids = {user_},
                                            .title = "Title",
                                            .role = domain::Role::admin,
                                            .new_owner_id = user_};
  auto gone = message();
  gone.rev = 10;
  gone.is_deleted = true;
  gone.content.clear();
  for (const auto& each : {plain, rich, system, gone}) {
    const auto heard = carried(ports::ChatChanged{
        .chat_id = chat_,
        .rev = each.rev,
        .message = std::make_shared<domain::Message>(each),
        .moved = {{.user_id = user_, .user_rev = 4, .is_member = false, .visible_from_seq = 6}}});
    ASSERT_NE(heard.message, nullptr);
    EXPECT_EQ(*heard.message, each);
    EXPECT_EQ(heard.rev, each.rev);
    ASSERT_EQ(heard.moved.size(), 1U);
    EXPECT_EQ(heard.moved[0].user_id, user_);
    EXPECT_EQ(heard.moved[0].user_rev, 4U);
    EXPECT_FALSE(heard.moved[0].is_member);
    EXPECT_EQ(heard.moved[0].visible_from_seq, 6U);
  }
}

TEST_F(BusCodecTest, WhatIsPrivateIsCarried) {
  domain::UserChatState state;
  state.user_id = user_;
  state.chat_id = chat_;
  state.role = domain::Role::owner;
  state.member_rev = 3;
  state.last_read_seq = 5;
  state.is_archived = true;
  state.archived_ordinal = 8;
  state.is_pinned = true;
  state.pin_order = 2;
  state.muted_until = Time(Milliseconds(1'800'000'000'000));
  state.draft = "dr\"aft";
  state.cleared_seq = 4;
  domain::Chat chat;
  chat.id = chat_;
  chat.last_ordinal = 11;
  const auto heard =
      carried(ports::ChatStateChanged{.user_id = user_,
                                      .user_rev = 6,
                                      .chat = std::make_shared<domain::Chat>(chat),
                                      .state = std::make_shared<domain::UserChatState>(state)});
  EXPECT_EQ(*heard.state, state);
  EXPECT_EQ(heard.chat->last_ordinal, 11U);
  EXPECT_EQ(heard.user_rev, 6U);

  const auto added =
      carried(ports::ChatAdded{.user_id = user_, .user_rev = 2, .chat_id = chat_, .known_rev = 14});
  EXPECT_EQ(added.chat_id, chat_);
  EXPECT_EQ(added.known_rev, 14U);
  const auto read = carried(ports::ReadStateChanged{
      .user_id = user_, .user_rev = 2, .chat_id = chat_, .last_read_seq = 3, .unread_count = 1});
  EXPECT_EQ(read.last_read_seq, 3U);
  EXPECT_EQ(read.unread_count, 1U);
  const auto settings = carried(
      ports::SettingsChanged{.user_id = user_, .user_rev = 5, .kind = ports::SettingsKind::blocks});
  EXPECT_EQ(settings.kind, ports::SettingsKind::blocks);
  const auto device = ports::random_id<domain::DeviceId>(random_);
  const auto revoked =
      carried(ports::SessionRevoked{.user_id = user_, .device_id = device, .reason = "logout"});
  EXPECT_EQ(revoked.device_id, device);
  EXPECT_EQ(revoked.reason, "logout");
  const auto hidden_message = ports::random_id<domain::MessageId>(random_);
  const auto hidden = carried(ports::MessageHidden{
      .user_id = user_, .user_rev = 5, .chat_id = chat_, .message_id = hidden_message});
  EXPECT_EQ(hidden.message_id, hidden_message);
}

TEST_F(BusCodecTest, WhatPassesByIsCarriedAndNotDurable) {
  const ports::TypingChanged typing{.chat_id = chat_, .user_id = user_, .is_typing = false};
  EXPECT_FALSE(one_.encode(typing).is_durable);
  EXPECT_FALSE(carried(typing).is_typing);
  const auto receipt = carried(ports::ReceiptMoved{.chat_id = chat_,
                                                   .user_id = user_,
                                                   .is_read = true,
                                                   .seq = 4,
                                                   .at = Time(Milliseconds(1'700'000'000'000))});
  EXPECT_TRUE(receipt.is_read);
  EXPECT_EQ(receipt.seq, 4U);
  const ports::PresenceChanged presence{.user_id = user_};
  EXPECT_EQ(one_.encode(presence).channel.kind, ChannelKind::presence);
  EXPECT_EQ(carried(presence).user_id, user_);
}

TEST_F(BusCodecTest, AProcessKnowsItsOwnWords) {
  const auto envelope = one_.encode(ports::PresenceChanged{.user_id = user_});
  const auto decoded = one_.decode(envelope.channel, envelope.text);
  ASSERT_FALSE(decoded);
  EXPECT_EQ(decoded.error(), EnvelopeFault::echo);
}

TEST_F(BusCodecTest, AStrangersEventIsRelayedAsItIs) {
  const auto heard = other_.decode(of_chat_, R"({"event":"poll","data":{"a":[1,"x",null]}})");
  ASSERT_TRUE(heard);
  const auto& event = std::get<ports::ForeignEvent>(*heard);
  EXPECT_EQ(std::get<domain::ChatId>(event.to), chat_);
  EXPECT_EQ(event.name, "poll");
  EXPECT_EQ(event.text, R"({"a":[1,"x",null]})");
  const auto own = other_.decode(of_user_, R"({"event":"new_message","data":"text"})");
  ASSERT_TRUE(own);
  EXPECT_EQ(std::get<domain::UserId>(std::get<ports::ForeignEvent>(*own).to), user_);
}

TEST_F(BusCodecTest, AStrangersChangeIsAHintAndItsDataIsNotBelieved) {
  const auto heard =
      other_.decode(of_chat_, R"({"event":"new_message","data":{"content":"x"},"rev":3})");
  ASSERT_TRUE(heard);
  const auto& event = std::get<ports::ChatChanged>(*heard);
  EXPECT_EQ(event.chat_id, chat_);
  EXPECT_EQ(event.rev, 3U);
  EXPECT_EQ(event.message, nullptr);
  EXPECT_EQ(fault_of(of_user_, R"({"event":"read_state","data":{},"rev":3})"),
            EnvelopeFault::unknown);
}

TEST_F(BusCodecTest, WhatIsNoEnvelopeIsDropped) {
  std::string deep = R"({"event":"x","data":)";
  deep.append(70, '[').append(70, ']') += '}';
  for (const std::string& text :
       {std::string(), std::string("\x81\xa5"), std::string("null"), std::string("[1]"),
        std::string(R"({"event":"x")"), std::string(R"({"event":1,"data":{}})"),
        std::string(R"({"event":"x"})"), std::string(R"({"data":{}})"),
        std::string(R"({"event":"x","data":{},"rev":0})"),
        std::string(R"({"event":"x","data":{},"rev":-1})"),
        std::string(R"({"event":"x","data":{},"rev":"3"})"),
        std::string(R"({"event":"x","data":1e400})"),
        std::string(R"({"event":"new_message","data":{},"rev":3,"knotos":{"place":3}})"),
        std::string(R"({"event":"typing_start","data":{},"knotos":7})"), deep}) {
    EXPECT_EQ(fault_of(of_chat_, text), EnvelopeFault::malformed) << text;
  }
  EXPECT_EQ(fault_of(of_chat_, std::string(1'000'001, ' ')), EnvelopeFault::too_large);
  EXPECT_EQ(fault_of(of_chat_, R"({"event":"later","data":{},"knotos":{}})"),
            EnvelopeFault::unknown);
}

TEST_F(BusCodecTest, ReservedNamesAreNotRelayed) {
  for (const std::string& name :
       std::vector<std::string>{"", "connect", "disconnect", "connect_error", "newListener"}) {
    EXPECT_EQ(fault_of(of_chat_, R"({"event":")" + name + R"(","data":{}})"),
              EnvelopeFault::not_allowed);
  }
  EXPECT_EQ(fault_of(of_chat_, R"({"event":")" + std::string(129, 'x') + R"(","data":{}})"),
            EnvelopeFault::not_allowed);
  EXPECT_EQ(fault_of({ChannelKind::presence, user_.uuid()}, R"({"event":"x","data":{}})"),
            EnvelopeFault::not_allowed);
}

TEST_F(BusCodecTest, AMessageOfAnotherChatOrRevIsMalformed) {
  const auto envelope = one_.encode(ports::ChatChanged{
      .chat_id = chat_, .rev = 9, .message = std::make_shared<domain::Message>(message())});
  EXPECT_EQ(fault_of({ChannelKind::chat, user_.uuid()}, envelope.text), EnvelopeFault::malformed);
  auto text = envelope.text;
  text.replace(text.rfind("\"rev\":9"), 7, "\"rev\":8");
  EXPECT_EQ(fault_of(of_chat_, text), EnvelopeFault::malformed);
}

}  // namespace
}  // namespace knotos::json
