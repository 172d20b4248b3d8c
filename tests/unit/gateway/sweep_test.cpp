#include "gateway_world.hpp"

#include <gtest/gtest.h>

#include <memory>
#include <utility>
#include <vector>

namespace knotos::gateway {
namespace {

/// A bus that says nothing while it is mute: as if a process died between commit and publish.
class MuteBus final : public ports::Bus {
 public:
  void publish(ports::BusEvent event) override {
    const bool is_lost =
        is_mute || (loses_revocations && std::holds_alternative<ports::SessionRevoked>(event));
    if (!is_lost) inner_.publish(std::move(event));
  }
  Task<Result<void>> join_chats(std::vector<domain::ChatId> chats) override {
    co_return co_await inner_.join_chats(std::move(chats));
  }
  void leave_chat(domain::ChatId chat) override { inner_.leave_chat(chat); }
  Task<Result<void>> join_user(domain::UserId user) override {
    co_return co_await inner_.join_user(user);
  }
  void leave_user(domain::UserId user) override { inner_.leave_user(user); }
  Task<Result<void>> join_presences(std::vector<domain::UserId> users) override {
    co_return co_await inner_.join_presences(std::move(users));
  }
  void leave_presence(domain::UserId user) override { inner_.leave_presence(user); }
  void listen(ports::BusListener* listener) override { inner_.listen(listener); }

  bool is_mute = false;
  bool loses_revocations = false;

 private:
  adapters::memory::LocalBus inner_;
};

class SweepTest : public testing::TestWithParam<std::size_t> {
 protected:
  SweepTest() {
    for (auto* person : {&ann_, &bob_}) {
      const auto session =
          node_.run(node_.accounts.register_user({.username = person == &ann_ ? "ann" : "bob",
                                                  .password = "correct horse",
                                                  .display_name = {},
                                                  .device_name = {}}));
      *person = {session->user.id, session->device_id, session->access_token};
    }
    chat_ = node_.run(node_.chats.create_group(ann_.id, {.title = "A", .member_ids = {bob_.id}}))
                ->item.chat.id;
    device_ = std::make_unique<ChatDevice>(bob_.id, bob_.token);
    device_->connect(node_, GetParam() - 1);
    // What changed in the same millisecond would be told with what changes now.
    const auto made_at = node_.run(store_.store_time());
    while (*node_.run(store_.store_time()) == *made_at) {
    }
    pass(std::chrono::seconds(2));
  }

  struct Person {
    domain::UserId id;
    domain::DeviceId device;
    std::string token;
  };

  void settle() {
    node_.world.shards.run();
    device_->hear();
  }
  void pass(std::chrono::milliseconds time) {
    for (; time > std::chrono::milliseconds(0); time -= std::chrono::milliseconds(50)) {
      node_.world.clock.advance(std::chrono::milliseconds(50));
      settle();
    }
  }
  std::vector<boost::json::object> all(std::string_view name) {
    std::vector<boost::json::object> out;
    for (const auto& [each, data] : device_->events()) {
      if (each == name) out.push_back(data.as_object());
    }
    return out;
  }
  void send(const std::string& content) {
    ASSERT_TRUE(node_.run(node_.messages.send(ann_.id, chat_, {.content = content})));
  }

  MuteBus bus_;
  adapters::memory::MemoryStore store_;
  test::SeededRandom random_{7};
  Node node_{store_, bus_, random_, GetParam()};
  Person ann_;
  Person bob_;
  domain::ChatId chat_;
  std::unique_ptr<ChatDevice> device_;
};

TEST_P(SweepTest, AMessageThatNobodyAnnouncedIsDeliveredWithinTwoSeconds) {
  bus_.is_mute = true;
  send("unheard");
  settle();
  EXPECT_TRUE(all("new_message").empty());
  pass(std::chrono::seconds(2));
  ASSERT_EQ(all("new_message").size(), 1U);
  EXPECT_EQ(all("new_message")[0].at("content"), "unheard");
  EXPECT_EQ(device_->gaps(), 0);
}

TEST_P(SweepTest, WhatTheBusBroughtIsNotToldAgain) {
  send("heard");
  ASSERT_TRUE(node_.run(node_.states.update(bob_.id, chat_, {.is_archived = true})));
  ASSERT_TRUE(node_.run(node_.own.people.put_contact(bob_.id, ann_.id)));
  ASSERT_TRUE(node_.run(node_.own.reading.mark_read(bob_.id, chat_, 2)));
  ASSERT_TRUE(node_.run(node_.members.set_role(ann_.id, chat_, bob_.id, domain::Role::admin)));
  ASSERT_TRUE(node_.run(node_.chats.create_direct(ann_.id, bob_.id)));
  settle();
  const auto before = device_->events().size();
  pass(std::chrono::seconds(5));
  EXPECT_EQ(device_->events().size(), before);
}

TEST_P(SweepTest, PrivateChangesThatNobodyAnnouncedAreTold) {
  send("one");
  const auto seen = node_.run(store_.history(chat_, {.limit = 10}))->messages.back().id;
  settle();
  bus_.is_mute = true;
  ASSERT_TRUE(node_.run(node_.states.update(bob_.id, chat_, {.is_pinned = true})));
  ASSERT_TRUE(node_.run(node_.own.reading.mark_read(bob_.id, chat_, 2)));
  ASSERT_TRUE(node_.run(node_.states.hide(bob_.id, chat_, seen)));
  ASSERT_TRUE(node_.run(node_.own.people.put_contact(bob_.id, ann_.id)));
  pass(std::chrono::seconds(2));
  ASSERT_FALSE(all("chat_state_updated").empty());
  EXPECT_TRUE(all("chat_state_updated").back().at("state").at("isPinned").as_bool());
  ASSERT_FALSE(all("read_state").empty());
  EXPECT_EQ(all("read_state").back().at("lastReadSeq"), 2);
  ASSERT_EQ(all("message_hidden").size(), 1U);
  ASSERT_FALSE(all("settings_updated").empty());
  const auto user_rev = *node_.run(store_.user_rev(bob_.id));
  EXPECT_EQ(all("settings_updated").back().at("userRev").to_number<domain::UserRev>(), user_rev);
  const auto before = device_->events().size();
  pass(std::chrono::seconds(3));
  EXPECT_EQ(device_->events().size(), before) << "once is enough";
}

TEST_P(SweepTest, AJoinThatNobodyAnnouncedBringsTheUserIn) {
  bus_.is_mute = true;
  const auto fresh = node_.run(node_.chats.create_group(
      ann_.id, {.title = "B", .member_ids = {bob_.id}, .client_chat_id = {}}));
  ASSERT_TRUE(fresh);
  pass(std::chrono::seconds(2));
  ASSERT_EQ(all("chat_added").size(), 1U);
  bus_.is_mute = false;
  ASSERT_TRUE(node_.run(node_.messages.send(ann_.id, fresh->item.chat.id, {.content = "welcome"})));
  settle();
  EXPECT_EQ(all("new_message").back().at("content"), "welcome");
  EXPECT_EQ(device_->gaps(), 0);
}

TEST_P(SweepTest, ARemovalThatNobodyAnnouncedEndsTheChatWithItsUserRev) {
  bus_.is_mute = true;
  ASSERT_TRUE(node_.run(node_.members.remove(ann_.id, chat_, bob_.id)));
  pass(std::chrono::seconds(2));
  // The chat's log tells it, and the comparison of the user cannot know that it did.
  const auto told = all("chat_removed");
  ASSERT_FALSE(told.empty());
  for (const auto& each : told) {
    EXPECT_EQ(each.at("chatId").as_string(), chat_.to_string());
    EXPECT_EQ(each.at("userRev").to_number<domain::UserRev>(),
              *node_.run(store_.user_rev(bob_.id)));
  }
  bus_.is_mute = false;
  send("not for bob");
  pass(std::chrono::seconds(2));
  EXPECT_EQ(device_->heard_outside(), 0);
}

TEST_P(SweepTest, ADeviceThatWasSignedOutUnheardIsEnded) {
  bus_.is_mute = true;
  ASSERT_TRUE(node_.run(node_.accounts.revoke(bob_.id, bob_.device)));
  pass(std::chrono::seconds(2));
  EXPECT_EQ(all("session_revoked").size(), 1U);
  EXPECT_FALSE(device_->is_connected());
}

TEST_P(SweepTest, ARevocationThatIsLostWhileTheChangeIsHeardEndsTheDevice) {
  bus_.loses_revocations = true;
  ASSERT_TRUE(node_.run(node_.accounts.revoke(bob_.id, bob_.device)));
  pass(std::chrono::seconds(2));
  EXPECT_EQ(all("session_revoked").size(), 1U);
  EXPECT_FALSE(device_->is_connected());
}

TEST_P(SweepTest, AChatThatCameAndWentUnheardIsTakenFromTheList) {
  bus_.is_mute = true;
  const auto brief = node_.run(node_.chats.create_group(
      ann_.id, {.title = "B", .member_ids = {bob_.id}, .client_chat_id = {}}));
  ASSERT_TRUE(brief);
  // A device that lists its chats now has it, though nobody told it.
  ASSERT_TRUE(node_.run(node_.members.remove(ann_.id, brief->item.chat.id, bob_.id)));
  pass(std::chrono::seconds(2));
  EXPECT_TRUE(all("chat_added").empty());
  ASSERT_EQ(all("chat_removed").size(), 1U);
  EXPECT_EQ(all("chat_removed")[0].at("chatId").as_string(), brief->item.chat.id.to_string());
  send("still here");
  pass(std::chrono::seconds(2));
  EXPECT_EQ(all("new_message").back().at("content"), "still here");
}

TEST_P(SweepTest, WhatTheStoreCouldNotSayIsMadeUpForLater) {
  bus_.is_mute = true;
  send("unheard");
  ASSERT_TRUE(node_.run(node_.states.update(bob_.id, chat_, {.is_pinned = true})));
  store_.set_available(false);
  pass(std::chrono::seconds(5));
  EXPECT_TRUE(all("new_message").empty());
  store_.set_available(true);
  pass(std::chrono::seconds(2));
  EXPECT_EQ(all("new_message").size(), 1U);
  EXPECT_EQ(all("chat_state_updated").size(), 1U);
}

TEST_P(SweepTest, WhenTheBusIsBackItLooksAtOnce) {
  node_.gateway.bus_degraded();
  bus_.is_mute = true;
  send("unheard");
  node_.gateway.bus_restored();
  settle();
  // As long as a gap waits for what is on its way.
  pass(std::chrono::milliseconds(100));
  EXPECT_EQ(all("new_message").size(), 1U);
}

INSTANTIATE_TEST_SUITE_P(Shards, SweepTest, testing::Values(1, 3));

}  // namespace
}  // namespace knotos::gateway
