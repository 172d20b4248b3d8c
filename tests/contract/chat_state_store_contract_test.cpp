#include "contract/state_scene.hpp"

namespace knotos::contract {
namespace {

class ChatStateStoreContract : public StateTest {
 protected:
  std::vector<domain::MessageId> hidden_by(domain::UserId user) {
    for (auto& standing : world_->run(world_->chats().chats_of(user)).value()) {
      if (standing.chat_id == chat_) return std::move(standing.visibility.hidden);
    }
    return {};
  }
};

TEST_P(ChatStateStoreContract, ReadRaisesBothWatermarksAndUserRev) {
  for (const auto* key : {"a", "b", "c"}) send(ann_, key);
  send(bob_, "d");
  const auto before = rev_of(bob_);
  const auto change = moved(mark(bob_, MarkKind::read, 2));
  EXPECT_EQ(change.user_rev, before + 1);
  EXPECT_EQ(rev_of(bob_), before + 1);
  EXPECT_TRUE(change.rise.of_read);
  EXPECT_TRUE(change.rise.of_delivered);
  EXPECT_EQ(change.state.last_read_seq, 2U);
  EXPECT_EQ(change.state.last_read_ordinal, 2U);
  EXPECT_EQ(change.state.last_delivered_seq, 2U);
  EXPECT_EQ(change.state.own_count_at_read, 0U);
  EXPECT_EQ(domain::unread_count(change.chat, change.state), 1U);
  EXPECT_EQ(state(bob_), change.state);

  const auto all = moved(mark(bob_, MarkKind::read, 4));
  EXPECT_EQ(all.state.own_count_at_read, 1U);
  EXPECT_EQ(domain::unread_count(all.chat, all.state), 0U);
}

TEST_P(ChatStateStoreContract, WatermarksNeverFall) {
  for (const auto* key : {"a", "b", "c"}) send(ann_, key);
  moved(mark(bob_, MarkKind::read, 3));
  const auto before = rev_of(bob_);
  EXPECT_EQ(unmoved(mark(bob_, MarkKind::read, 1)).state.last_read_seq, 3U);
  EXPECT_EQ(unmoved(mark(bob_, MarkKind::read, 3)).state.last_read_seq, 3U);
  EXPECT_EQ(unmoved(mark(bob_, MarkKind::delivered, 2)).state.last_delivered_seq, 3U);
  EXPECT_EQ(unmoved(mark(bob_, MarkKind::read, 0)).user_rev, before);
  EXPECT_EQ(rev_of(bob_), before);
}

TEST_P(ChatStateStoreContract, DeliveredRaisesNoUserRev) {
  for (const auto* key : {"a", "b"}) send(ann_, key);
  const auto before = rev_of(bob_);
  const auto change = moved(mark(bob_, MarkKind::delivered, 2));
  EXPECT_TRUE(change.rise.of_delivered);
  EXPECT_FALSE(change.rise.of_read);
  EXPECT_EQ(change.state.last_delivered_seq, 2U);
  EXPECT_EQ(change.state.last_read_seq, 0U);
  EXPECT_EQ(rev_of(bob_), before);
  // What was delivered already is read without being delivered anew.
  EXPECT_FALSE(moved(mark(bob_, MarkKind::read, 1)).rise.of_delivered);
}

TEST_P(ChatStateStoreContract, NothingBeyondTheEndIsMarked) {
  send(ann_, "a");
  for (const auto kind : {MarkKind::read, MarkKind::delivered}) {
    const auto refused = mark(bob_, kind, 2);
    ASSERT_EQ(code(refused), Errc::validation_failed);
    EXPECT_EQ(refused.error().fields.at(0).pointer, "/seq");
  }
}

TEST_P(ChatStateStoreContract, AnyReadClearsTheMarkOfUnread) {
  send(ann_, "a");
  moved(mark(bob_, MarkKind::read, 1));
  moved(update(bob_, {.marked_unread = true}));
  const auto change = moved(mark(bob_, MarkKind::read, 1));
  EXPECT_TRUE(change.has_cleared_mark);
  EXPECT_FALSE(change.rise.of_read);
  EXPECT_FALSE(state(bob_).marked_unread);
}

TEST_P(ChatStateStoreContract, OutsidersHaveNoState) {
  const auto cat = scene_.user("cat");
  const auto nowhere = scene_.new_id<domain::ChatId>();
  EXPECT_EQ(code(mark(cat, MarkKind::read, 0)), Errc::not_found);
  EXPECT_EQ(code(update(cat, {.draft = "x"})), Errc::not_found);
  EXPECT_EQ(code(world_->run(states().clear(cat, chat_, at(1)))), Errc::not_found);
  EXPECT_EQ(code(world_->run(states().take_off_list(cat, chat_, at(1)))), Errc::not_found);
  EXPECT_EQ(code(world_->run(states().hide(cat, chat_, scene_.new_id<domain::MessageId>(), at(1)))),
            Errc::not_found);
  EXPECT_EQ(code(world_->run(states().visibility(cat, chat_))), Errc::not_found);
  EXPECT_EQ(code(world_->run(states().hidden_in(cat, chat_))), Errc::not_found);
  EXPECT_EQ(code(world_->run(states().state(cat, chat_))), Errc::not_found);
  EXPECT_EQ(code(world_->run(states().state(ann_, nowhere))), Errc::not_found);
  EXPECT_TRUE(world_->run(states().members(nowhere, {}, 10)).value().members.empty());
}

TEST_P(ChatStateStoreContract, WhatIsSetStandsAndSettingItAgainIsNoChange) {
  const StatePatch patch{.is_archived = true,
                         .is_pinned = true,
                         .pin_order = 3,
                         .muted_until = std::optional(at(900'000)),
                         .marked_unread = true,
                         .notification_level = domain::NotificationLevel::mentions,
                         .draft = "to be said"};
  const auto before = rev_of(ann_);
  const auto change = moved(update(ann_, patch, at(77)));
  EXPECT_EQ(change.user_rev, before + 1);
  EXPECT_TRUE(change.state.is_archived);
  EXPECT_TRUE(change.state.is_pinned);
  EXPECT_EQ(change.state.pin_order, 3U);
  EXPECT_EQ(change.state.muted_until, at(900'000));
  EXPECT_TRUE(change.state.marked_unread);
  EXPECT_EQ(change.state.notification_level, domain::NotificationLevel::mentions);
  EXPECT_EQ(change.state.draft, "to be said");
  EXPECT_EQ(change.state.updated_at, at(77));
  EXPECT_EQ(state(ann_), change.state);
  unmoved(update(ann_, patch, at(99)));
  unmoved(update(ann_, {}, at(99)));
  EXPECT_EQ(rev_of(ann_), before + 1);
  EXPECT_FALSE(state(bob_).is_pinned) << "one user's pin is nobody else's";
  moved(update(ann_, {.muted_until = std::optional<Time>()}));
  EXPECT_FALSE(state(ann_).muted_until);
}

TEST_P(ChatStateStoreContract, ArchivingAgainAfterAMessageMovesTheMark) {
  moved(update(ann_, {.is_archived = true}));
  send(bob_, "a");
  EXPECT_FALSE(domain::is_archived_now(scene_.load(chat_).chat, state(ann_), at(1)));
  EXPECT_EQ(moved(update(ann_, {.is_archived = true})).state.archived_ordinal, 1U);
  send(bob_, "b");
  // Back by the message; a mute must not archive it again.
  const auto muted = moved(update(ann_, {.muted_until = std::optional(at(9'000'000))}));
  EXPECT_FALSE(domain::is_archived_now(muted.chat, muted.state, at(1)));
}

TEST_P(ChatStateStoreContract, TenChatsArePinnedAndNoMore) {
  std::vector<domain::ChatId> chats{chat_};
  for (int i = 0; i < 10; ++i) {
    chats.push_back(scene_.direct(ann_, scene_.user("peer" + std::to_string(i))));
  }
  const auto pin = [&](domain::ChatId chat, bool is_pinned) {
    return world_->run(states().update(ann_, chat, {.is_pinned = is_pinned}, at(1)));
  };
  for (std::size_t i = 0; i < 10; ++i) {
    const auto pinned = pin(chats[i], true);
    ASSERT_TRUE(pinned);
    EXPECT_EQ(pinned->state.pin_order, i) << "behind the others";
  }
  EXPECT_EQ(code(pin(chats[10], true)), Errc::conflict);
  unmoved(pin(chats[0], true));
  moved(pin(chats[4], false));
  EXPECT_EQ(moved(pin(chats[10], true)).state.pin_order, 10U);
  moved(pin(chats[5], false));
  EXPECT_EQ(moved(pin(chats[4], true)).state.pin_order, 4U) << "the first gap";
}

TEST_P(ChatStateStoreContract, ClearingReadsAllAndHidesIt) {
  for (const auto* key : {"a", "b"}) send(bob_, key);
  send(ann_, "c");
  moved(update(ann_, {.marked_unread = true}));
  const auto change = moved(world_->run(states().clear(ann_, chat_, at(50))));
  EXPECT_TRUE(change.rise.of_read);
  EXPECT_EQ(change.state.cleared_seq, 3U);
  EXPECT_EQ(change.state.last_read_seq, 3U);
  EXPECT_FALSE(change.state.marked_unread);
  EXPECT_EQ(domain::unread_count(change.chat, change.state), 0U);
  EXPECT_EQ(world_->run(states().visibility(ann_, chat_)).value().first_seq, 4U);
  EXPECT_EQ(world_->run(states().visibility(bob_, chat_)).value().first_seq, 1U);
  EXPECT_FALSE(world_->run(world_->chats().item(ann_, chat_)).value().chat.last_message_preview);
  EXPECT_TRUE(world_->run(world_->chats().item(bob_, chat_)).value().chat.last_message_preview);
  unmoved(world_->run(states().clear(ann_, chat_, at(51))));
  send(bob_, "d");
  EXPECT_TRUE(world_->run(world_->chats().item(ann_, chat_)).value().chat.last_message_preview);
  EXPECT_EQ(domain::unread_count(scene_.load(chat_).chat, state(ann_)), 1U);
}

TEST_P(ChatStateStoreContract, OffTheListUntilAMessageCounts) {
  moved(update(ann_, {.is_pinned = true}));
  const auto listed = [&](domain::UserId user) {
    return !world_->run(world_->chats().list({.user = user, .after = {}, .now = at(1)}))
                .value()
                .items.empty();
  };
  const auto change = moved(world_->run(states().take_off_list(ann_, chat_, at(3))));
  EXPECT_FALSE(change.state.is_pinned) << "its place among the pinned is free";
  EXPECT_FALSE(listed(ann_));
  EXPECT_TRUE(listed(bob_));
  unmoved(world_->run(states().take_off_list(ann_, chat_, at(4))));
  send(bob_, "a");
  EXPECT_TRUE(listed(ann_));
  moved(world_->run(states().take_off_list(ann_, chat_, at(5))));
  EXPECT_FALSE(listed(ann_));
}

TEST_P(ChatStateStoreContract, AHiddenMessageIsHiddenFromOneAlone) {
  for (const auto* key : {"a", "b"}) send(bob_, key);
  const auto target = scene_.message_at(chat_, 2).id;
  const auto before = rev_of(ann_);
  EXPECT_EQ(moved(world_->run(states().hide(ann_, chat_, target, at(1)))).user_rev, before + 1);
  unmoved(world_->run(states().hide(ann_, chat_, target, at(2))));
  EXPECT_EQ(world_->run(states().hidden_in(ann_, chat_)).value(),
            (std::vector<domain::MessageId>{target}));
  EXPECT_TRUE(world_->run(states().hidden_in(bob_, chat_)).value().empty());
  EXPECT_EQ(hidden_by(ann_), (std::vector{target}));
  EXPECT_TRUE(hidden_by(bob_).empty());
  const auto visibility = world_->run(states().visibility(ann_, chat_)).value();
  EXPECT_FALSE(visibility.shows(2, target));
  EXPECT_TRUE(visibility.shows(1, scene_.message_at(chat_, 1).id));
  // It was the last one, so the list shows no more of it.
  EXPECT_FALSE(world_->run(world_->chats().item(ann_, chat_)).value().chat.last_message_preview);
  EXPECT_FALSE(world_->run(world_->chats().list({.user = ann_, .after = {}, .now = at(1)}))
                   .value()
                   .items.at(0)
                   .chat.last_message_preview);
  EXPECT_TRUE(world_->run(world_->chats().item(bob_, chat_)).value().chat.last_message_preview);
  moved(world_->run(states().clear(ann_, chat_, at(9))));
  EXPECT_TRUE(world_->run(states().hidden_in(ann_, chat_)).value().empty());
}

TEST_P(ChatStateStoreContract, SoManyAreHiddenAndNoMore) {
  for (std::size_t i = 0; i < domain::kHiddenMessagesMax; ++i) {
    ASSERT_TRUE(world_->run(states().hide(ann_, chat_, scene_.new_id<domain::MessageId>(), at(1))));
  }
  EXPECT_EQ(
      code(world_->run(states().hide(ann_, chat_, scene_.new_id<domain::MessageId>(), at(1)))),
      Errc::conflict);
  EXPECT_EQ(world_->run(states().hidden_in(ann_, chat_)).value().size(),
            domain::kHiddenMessagesMax);
}

TEST_P(ChatStateStoreContract, WhatIsPrivateOutlivesTheProcess) {
  send(bob_, "a");
  moved(mark(ann_, MarkKind::read, 1));
  moved(update(ann_, {.draft = "half a"}));
  const auto target = scene_.message_at(chat_, 1).id;
  moved(world_->run(states().hide(ann_, chat_, target, at(1))));
  const auto before = state(ann_);
  world_->restart();
  EXPECT_EQ(state(ann_), before);
  EXPECT_EQ(world_->run(states().hidden_in(ann_, chat_)).value().size(), 1U);
}

INSTANTIATE_TEST_SUITE_P(Adapters, ChatStateStoreContract, testing::ValuesIn(all_adapters()),
                         name_of_adapter);

}  // namespace
}  // namespace knotos::contract
