#include "contract/scene.hpp"

#include <gtest/gtest.h>

#include <map>

namespace knotos::contract {
namespace {

using ports::HistoryFrom;

class MessageStoreContract : public ContractTest {
 protected:
  void send(int count) {
    for (int i = 0; i < count; ++i) {
      ASSERT_EQ(scene_.send(chat_, ann_, "k" + std::to_string(++keys_)).status,
                ports::AppendStatus::appended);
    }
  }

  /// "2-4 older newer"
  std::string page(HistoryFrom from, domain::Seq seq, std::size_t limit) {
    const auto page =
        world_->run(world_->messages().history(chat_, {.from = from, .seq = seq, .limit = limit}));
    EXPECT_TRUE(page);
    std::string out;
    for (std::size_t i = 0; i + 1 < page->messages.size(); ++i) {
      EXPECT_EQ(page->messages[i].seq + 1, page->messages[i + 1].seq);
    }
    if (!page->messages.empty()) {
      out = std::to_string(page->messages.front().seq) + "-" +
            std::to_string(page->messages.back().seq);
    }
    if (page->has_older) out += " older";
    if (page->has_newer) out += " newer";
    return out;
  }

  ports::Changes changes(domain::Rev since, std::size_t limit) {
    auto found = world_->run(world_->messages().changes(chat_, since, limit));
    EXPECT_TRUE(found);
    return found ? std::move(*found) : ports::Changes{};
  }

  domain::UserId ann_ = scene_.user("ann");
  domain::UserId bob_ = scene_.user("bob");
  domain::ChatId chat_ = scene_.direct(ann_, bob_);
  int keys_ = 0;
};

TEST_P(MessageStoreContract, HistoryPagesEveryWay) {
  send(10);
  EXPECT_EQ(page(HistoryFrom::newest, 0, 3), "8-10 older");
  EXPECT_EQ(page(HistoryFrom::newest, 0, 50), "1-10");
  EXPECT_EQ(page(HistoryFrom::before, 8, 3), "5-7 older newer");
  EXPECT_EQ(page(HistoryFrom::before, 3, 5), "1-2 newer");
  EXPECT_EQ(page(HistoryFrom::before, 1, 5), " newer");
  EXPECT_EQ(page(HistoryFrom::before, 0, 5), " newer");
  EXPECT_EQ(page(HistoryFrom::before, 999, 2), "9-10 older");
  EXPECT_EQ(page(HistoryFrom::after, 0, 2), "1-2 newer");
  EXPECT_EQ(page(HistoryFrom::after, 7, 2), "8-9 older newer");
  EXPECT_EQ(page(HistoryFrom::after, 10, 2), " older");
  EXPECT_EQ(page(HistoryFrom::after, (1ULL << 53U) - 1, 2), " older");
  EXPECT_EQ(page(HistoryFrom::around, 5, 4), "3-6 older newer");
  EXPECT_EQ(page(HistoryFrom::around, 1, 4), "1-2 newer");
  EXPECT_EQ(page(HistoryFrom::around, 10, 4), "8-10 older");
  EXPECT_EQ(page(HistoryFrom::around, 500, 4), "9-10 older");
}

TEST_P(MessageStoreContract, AnEmptyOrUnknownChatHasAnEmptyPage) {
  EXPECT_EQ(page(HistoryFrom::newest, 0, 5), "");
  EXPECT_EQ(page(HistoryFrom::before, 5, 5), "");
  EXPECT_EQ(page(HistoryFrom::after, 5, 5), "");
  chat_ = scene_.new_id<domain::ChatId>();
  EXPECT_EQ(page(HistoryFrom::newest, 0, 5), "");
}

TEST_P(MessageStoreContract, ChangesTellEachMessageOnceInItsPresentState) {
  send(4);
  ASSERT_EQ(scene_.edit(chat_, 1, "one").status, ports::AppendStatus::appended);    // rev 5
  ASSERT_EQ(scene_.edit(chat_, 3, "three").status, ports::AppendStatus::appended);  // rev 6
  ASSERT_EQ(scene_.erase(chat_, 1).status, ports::AppendStatus::appended);          // rev 7
  const auto all = changes(0, 100);
  std::vector<std::pair<domain::Rev, domain::Seq>> seen;
  for (const auto& message : all.messages) seen.emplace_back(message.rev, message.seq);
  const std::vector<std::pair<domain::Rev, domain::Seq>> expected{{2, 2}, {4, 4}, {6, 3}, {7, 1}};
  EXPECT_EQ(seen, expected);
  EXPECT_EQ(all.last_rev, 7U);
  EXPECT_FALSE(all.has_more);
  EXPECT_TRUE(all.messages.back().is_deleted);
  EXPECT_EQ(changes(7, 100).messages.size(), 0U);
  EXPECT_EQ(changes(7, 100).last_rev, 7U);
  EXPECT_EQ(changes(99, 100).last_rev, 7U) << "who is ahead of the store is told";
  EXPECT_EQ(changes((1ULL << 53U) - 1, 100).messages.size(), 0U);
}

TEST_P(MessageStoreContract, ChangesComeInPages) {
  send(5);
  const auto first = changes(1, 2);
  ASSERT_EQ(first.messages.size(), 2U);
  EXPECT_TRUE(first.has_more);
  const auto second = changes(first.messages.back().rev, 2);
  ASSERT_EQ(second.messages.size(), 2U);
  EXPECT_EQ(second.messages.back().rev, 5U);
  EXPECT_FALSE(second.has_more);
}

TEST_P(MessageStoreContract, ChangesOfAnUnknownChatAreNotFound) {
  const auto found =
      world_->run(world_->messages().changes(scene_.new_id<domain::ChatId>(), 0, 10));
  ASSERT_FALSE(found);
  EXPECT_EQ(found.error().code, Errc::not_found);
}

/// The invariant of SEMANTICS section 4, after every step of a random history.
TEST_P(MessageStoreContract, SnapshotThenChangesEqualsAFreshSnapshot) {
  auto& random = scene_.random();
  std::map<domain::Seq, domain::Message> held;
  domain::Rev hi = 0;
  for (int step = 0; step < 120; ++step) {
    const auto count = scene_.load(chat_).chat.last_seq;
    switch (count == 0 ? 0 : random() % 4) {
      case 0:
      case 1:
        send(1);
        break;
      case 2:
        (void)scene_.edit(chat_, 1 + random() % count, "edit " + std::to_string(step));
        break;
      default:
        (void)scene_.erase(chat_, 1 + random() % count);
        break;
    }
    if (random() % 3 != 0) continue;
    const auto news = changes(hi, 1'000);
    for (const auto& message : news.messages) held[message.seq] = message;
    hi = news.last_rev;
    std::map<domain::Seq, domain::Message> fresh;
    for (const auto& message : scene_.all_messages(chat_)) fresh[message.seq] = message;
    ASSERT_EQ(held, fresh) << "after step " << step;
  }
}

TEST_P(MessageStoreContract, FindsByIdAndByKey) {
  send(2);
  const auto message = scene_.message_at(chat_, 2);
  EXPECT_EQ(*world_->run(world_->messages().find(chat_, message.id)), message);
  const auto elsewhere = scene_.direct(ann_, scene_.user("cat"));
  const auto wrong_chat = world_->run(world_->messages().find(elsewhere, message.id));
  ASSERT_FALSE(wrong_chat);
  EXPECT_EQ(wrong_chat.error().code, Errc::not_found);

  const auto by_key = [&](domain::UserId sender, const std::string& key) {
    return *world_->run(world_->messages().find_by_key(chat_, sender, key));
  };
  EXPECT_EQ(by_key(ann_, "k2"), message);
  EXPECT_FALSE(by_key(bob_, "k2"));
  EXPECT_FALSE(by_key(ann_, "k3"));
}

INSTANTIATE_TEST_SUITE_P(Adapters, MessageStoreContract, testing::ValuesIn(all_adapters()),
                         name_of_adapter);

}  // namespace
}  // namespace knotos::contract
