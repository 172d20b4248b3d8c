#include "contract/state_scene.hpp"

#include <algorithm>
#include <map>

// Reading what marks and privacy leave to be read.
namespace knotos::contract {
namespace {

class ChatStateReads : public StateTest {};

TEST_P(ChatStateReads, HistoryLeavesOutWhatIsNotForTheReader) {
  for (int i = 0; i < 9; ++i) send(bob_, "k" + std::to_string(i));
  std::vector<domain::MessageId> hidden{scene_.message_at(chat_, 5).id,
                                        scene_.message_at(chat_, 8).id};
  std::ranges::sort(hidden);
  const auto page = [&](ports::HistoryFrom from, domain::Seq seq, std::size_t limit) {
    const auto found = world_->run(world_->messages().history(
        chat_, {.from = from, .seq = seq, .limit = limit, .first_seq = 3, .hidden = hidden}));
    EXPECT_TRUE(found);
    std::string text;
    if (!found) return text;
    if (found->has_older) text += "< ";
    for (const auto& message : found->messages) text += std::to_string(message.seq) + " ";
    if (found->has_newer) text += ">";
    return text;
  };
  using enum ports::HistoryFrom;
  EXPECT_EQ(page(newest, 0, 3), "< 6 7 9 ");
  EXPECT_EQ(page(newest, 0, 9), "3 4 6 7 9 ");
  EXPECT_EQ(page(before, 6, 2), "3 4 >");
  EXPECT_EQ(page(before, 9, 1), "< 7 >");
  EXPECT_EQ(page(before, 3, 5), ">");
  EXPECT_EQ(page(after, 0, 2), "3 4 >");
  EXPECT_EQ(page(after, 4, 2), "< 6 7 >");
  EXPECT_EQ(page(after, 7, 5), "< 9 ");
  EXPECT_EQ(page(after, 9, 5), "< ");
  EXPECT_EQ(page(around, 5, 4), "3 4 6 7 >");
  EXPECT_EQ(page(around, 1, 2), "3 >");
}

TEST_P(ChatStateReads, MembersAreListedOldestFirstInPages) {
  std::vector<domain::UserId> people{ann_, bob_};
  for (int i = 0; i < 3; ++i) people.push_back(scene_.user("more" + std::to_string(i)));
  const auto group = scene_.group(people);
  std::vector<domain::UserId> listed;
  std::optional<ports::MemberPosition> after;
  for (bool has_more = true; has_more;) {
    const auto page = world_->run(states().members(group, after, 2));
    ASSERT_TRUE(page);
    for (const auto& member : page->members) {
      listed.push_back(member.user.id);
      EXPECT_EQ(member.state.user_id, member.user.id);
      after = {.joined_at = member.state.joined_at, .user_id = member.user.id};
    }
    has_more = page->has_more;
  }
  EXPECT_EQ(listed, people);
  EXPECT_EQ(world_->run(states().members(group, {}, 1)).value().members.at(0).state.role,
            domain::Role::owner);
}

TEST_P(ChatStateReads, ReceiptsTellWhoWasThereAndHowFarTheyAre) {
  const auto cat = scene_.user("cat");
  const auto dan = scene_.user("dan");
  chat_ = scene_.group({ann_, bob_, cat, dan});
  for (const auto* key : {"a", "b", "c"}) send(ann_, key);
  moved(mark(bob_, MarkKind::delivered, 3, at(10'000)));
  moved(mark(bob_, MarkKind::read, 2, at(11'000)));
  moved(mark(bob_, MarkKind::read, 4, at(12'000)));
  moved(mark(cat, MarkKind::delivered, 4, at(13'000)));
  const auto receipts = [&](domain::Seq seq, std::optional<ports::MemberPosition> after = {},
                            std::size_t limit = 10) {
    const auto message = scene_.message_at(chat_, seq);
    return world_
        ->run(states().receipts({.chat = chat_,
                                 .sender = message.sender_id,
                                 .seq = seq,
                                 .created_at = message.created_at,
                                 .after = after,
                                 .limit = limit}))
        .value();
  };
  const auto second = receipts(2);
  ASSERT_EQ(second.receipts.size(), 3U);
  EXPECT_EQ(second.member_count, 3U);
  EXPECT_EQ(second.delivered_count, 2U);
  EXPECT_EQ(second.read_count, 1U);
  EXPECT_EQ(second.receipts[0].user_id, bob_);
  EXPECT_TRUE(second.receipts[0].is_read);
  EXPECT_FALSE(second.receipts[0].read_at) << "a later mark came since";
  EXPECT_FALSE(second.receipts[0].delivered_at);
  EXPECT_EQ(second.receipts[1].delivered_at, at(13'000));
  EXPECT_FALSE(second.receipts[1].is_read);
  EXPECT_FALSE(second.receipts[2].is_delivered);
  const auto fourth = receipts(4);
  EXPECT_EQ(fourth.receipts[0].read_at, at(12'000));
  EXPECT_EQ(fourth.receipts[0].delivered_at, at(12'000)) << "read implies delivered";

  const auto first_page = receipts(4, {}, 2);
  EXPECT_TRUE(first_page.has_more);
  EXPECT_EQ(first_page.member_count, 3U) << "of all, not of the page";
  const auto last_page =
      receipts(4,
               ports::MemberPosition{.joined_at = first_page.receipts[1].joined_at,
                                     .user_id = first_page.receipts[1].user_id},
               2);
  ASSERT_EQ(last_page.receipts.size(), 1U);
  EXPECT_FALSE(last_page.has_more);
}

TEST_P(ChatStateReads, UnreadListsWhatTheFilterLists) {
  const auto read_chat = scene_.direct(ann_, scene_.user("p1"));
  const auto marked = scene_.direct(ann_, scene_.user("p2"));
  const auto archived = scene_.direct(ann_, scene_.user("p3"));
  const auto off_list = scene_.direct(ann_, scene_.user("p4"));
  for (const auto* key : {"a", "b"}) send(bob_, key);
  send(ann_, "own");
  const auto peer = [&](domain::ChatId chat) {
    return world_->run(world_->chats().item(ann_, chat)).value().people.at(0).id;
  };
  for (const auto& chat : {archived, off_list}) {
    ASSERT_EQ(scene_.send(chat, peer(chat), "k").status, ports::AppendStatus::appended);
  }
  ASSERT_TRUE(world_->run(states().update(ann_, marked, {.marked_unread = true}, at(1))));
  ASSERT_TRUE(world_->run(states().update(ann_, archived, {.is_archived = true}, at(1))));
  ASSERT_TRUE(world_->run(states().take_off_list(ann_, off_list, at(1))));

  const auto unread = world_->run(states().unread(ann_, at(2)));
  ASSERT_TRUE(unread);
  std::map<domain::ChatId, std::string> found;
  for (const auto& each : *unread) {
    found[each.chat_id] = std::to_string(each.unread_count) + (each.marked_unread ? "m" : "") +
                          (each.is_archived ? "a" : "");
  }
  EXPECT_EQ(found, (std::map<domain::ChatId, std::string>{
                       {chat_, "2"}, {marked, "0m"}, {archived, "1a"}}));
  EXPECT_FALSE(found.contains(read_chat));
  const auto page = world_->run(world_->chats().list(
      {.user = ann_, .filter = ports::ChatFilter::unread, .after = {}, .now = at(2)}));
  std::vector<domain::ChatId> listed;
  for (const auto& item : page->items) listed.push_back(item.chat.id);
  std::ranges::sort(listed);
  std::vector<domain::ChatId> expected{chat_, marked};
  std::ranges::sort(expected);
  EXPECT_EQ(listed, expected);
}

INSTANTIATE_TEST_SUITE_P(Adapters, ChatStateReads, testing::ValuesIn(all_adapters()),
                         name_of_adapter);

}  // namespace
}  // namespace knotos::contract
