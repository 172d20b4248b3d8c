#include "services/account_end.hpp"

#include "services/own_services.hpp"
#include "support/chat_world.hpp"

#include <gtest/gtest.h>

namespace knotos::test {
namespace {

/// Every password is right, but for this one.
class AnyPassword final : public ports::PasswordHasher {
 public:
  Task<Result<std::string>> hash(std::string password) override { co_return password; }
  Task<Result<bool>> verify(std::string password, std::string /*hash*/) override {
    co_return password != "wrong";
  }
};

class NoTokens final : public ports::AccessTokens {
 public:
  std::string issue(const ports::AccessClaims& /*claims*/) const override { return {}; }
  Result<ports::AccessClaims> verify(std::string_view /*token*/, Time /*now*/) const override {
    return fail(Errc::unauthenticated);
  }
};

class AccountEndTest : public testing::Test {
 protected:
  services::AccountEnd make(services::AccountEnd::Limits limits = {}) {
    return services::AccountEnd({.accounts = accounts,
                                 .account_store = world.memory,
                                 .people = world.memory,
                                 .syncs = world.memory,
                                 .messages = world.memory,
                                 .writes = world.process.messages,
                                 .bus = world.process.bus,
                                 .clock = world.clock},
                                limits);
  }

  /// Of Ann's first device.
  ports::AccessClaims claims() {
    const auto devices = ChatWorld::must(run(world.memory.devices_of(ann)));
    return {.user_id = ann, .device_id = devices.back().id, .expires_at = {}};
  }

  ChatWorld world;
  AnyPassword passwords;
  NoTokens tokens;
  services::AccountService accounts{{.accounts = world.memory,
                                     .chats = world.memory,
                                     .passwords = passwords,
                                     .tokens = tokens,
                                     .bus = world.process.bus,
                                     .clock = world.clock,
                                     .random = world.random},
                                    {}};
  services::AccountEnd end = make();
  domain::UserId ann = world.add_user("ann");
  domain::UserId bob = world.add_user("bob");
  domain::ChatId chat = world.add_direct(ann, bob);
};

TEST_F(AccountEndTest, AWrongPasswordEndsNothing) {
  ChatWorld::must(world.send(ann, chat, "a", "stays"));
  EXPECT_EQ(failure_of(world.run(end.delete_account(claims(), "wrong"))), Errc::forbidden);
  EXPECT_EQ(world.messages_of(chat).at(0).content, "stays");
}

TEST_F(AccountEndTest, WhatTheUserWroteIsErasedHoweverOldAndTheOrderHolds) {
  const auto group = world.add_group(ann, {bob});
  ChatWorld::must(world.send(ann, chat, "a", "gone"));
  ChatWorld::must(world.send(bob, chat, "b", "stays"));
  ChatWorld::must(world.send(ann, group, "c", "gone too"));
  world.clock.advance(std::chrono::hours(24 * 365));
  ChatWorld::must(world.run(end.delete_account(claims(), "right")));
  for (const auto& message : world.messages_of(chat)) {
    EXPECT_EQ(message.is_deleted, message.sender_id == ann);
  }
  EXPECT_EQ(world.chat(chat).last_seq, 2U);
  EXPECT_EQ(world.chat(group).owner_id, bob);
  EXPECT_FALSE(world.state(group, ann).is_member);
  EXPECT_EQ(world.process.bus.all<ports::SessionRevoked>().size(), 1U);
  EXPECT_EQ(failure_of(run(world.memory.user_rev(ann))), Errc::not_found);
}

TEST_F(AccountEndTest, WhatWasWrittenInAGroupThatWasLeftIsErasedToo) {
  const auto group = world.add_group(bob, {ann});
  ChatWorld::must(world.send(ann, group, "c", "gone"));
  ChatWorld::must(
      world.run(world.process.messages.change_group(group, {.deed = services::GroupDeed::leave,
                                                            .actor_id = ann,
                                                            .user_ids = {},
                                                            .role = {},
                                                            .title = {},
                                                            .history_visibility = {}})));
  ChatWorld::must(world.run(end.delete_account(claims(), "right")));
  EXPECT_TRUE(world.messages_of(group).back().is_deleted);
}

TEST_F(AccountEndTest, WhereItFailsHalfWayItGoesOnLater) {
  ChatWorld::must(world.send(ann, chat, "a"));
  world.memory.fail_next(ports::AppendStatus::unavailable);
  EXPECT_EQ(failure_of(world.run(end.delete_account(claims(), "right"))), Errc::store_unavailable);
  EXPECT_FALSE(failure_of(run(world.memory.user_rev(ann)))) << "not gone before all is done";
  ChatWorld::must(world.run(end.delete_account(claims(), "right")));
  EXPECT_TRUE(world.messages_of(chat).at(0).is_deleted);
}

TEST_F(AccountEndTest, OtherDevicesAreSignedOutBeforeAnythingIsErased) {
  ChatWorld::must(world.send(ann, chat, "a"));
  const auto caller = claims();
  const auto other = world.add_device(ann);
  world.memory.fail_next(ports::AppendStatus::unavailable);
  EXPECT_EQ(failure_of(world.run(end.delete_account(caller, "right"))), Errc::store_unavailable);
  const auto revoked = world.process.bus.all<ports::SessionRevoked>();
  ASSERT_EQ(revoked.size(), 1U);
  EXPECT_EQ(revoked[0].device_id, other);
  EXPECT_TRUE(ChatWorld::must(run(world.memory.is_signed_in(ann, caller.device_id))));
  EXPECT_FALSE(ChatWorld::must(run(world.memory.is_signed_in(ann, other))));
}

TEST_F(AccountEndTest, AnExportComesInPages) {
  const auto group = world.add_group(ann, {bob});
  for (int i = 0; i < 5; ++i) {
    ChatWorld::must(world.send(ann, i % 2 == 0 ? chat : group, "k" + std::to_string(i),
                               "text " + std::to_string(i)));
  }
  ChatWorld::must(world.send(bob, chat, "theirs"));
  auto paged = make({.export_messages_max = 2, .page = 2});
  std::size_t count = 0;
  std::optional<services::AccountEnd::ExportPosition> after;
  for (int pages = 1;; ++pages) {
    ASSERT_LE(pages, 4);
    const auto document = ChatWorld::must(world.run(paged.export_data(ann, after)));
    for (const auto& each : document.chats) {
      for (const auto& message : each.messages) EXPECT_EQ(message.sender_id, ann);
      count += each.messages.size();
    }
    if (!document.next) break;
    after = document.next;
  }
  EXPECT_EQ(count, 5U);
}

}  // namespace
}  // namespace knotos::test
