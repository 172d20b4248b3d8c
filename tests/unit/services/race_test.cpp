#include "support/chat_world.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <set>
#include <tuple>

// Two processes write one chat, each in the belief that it knows where the chat stands. A seed is
// an interleaving: every call of the store takes a random number of loop turns, both ways.
namespace knotos::services {
namespace {

using test::ChatProcess;
using test::draft_of;
using test::Started;

constexpr std::size_t kSeeds = 150;
constexpr std::size_t kSteps = 60;

struct Send {
  domain::UserId sender;
  std::string key;
  Started<Result<Receipt>> receipt;
};

struct Edit {
  domain::MessageId message;
  std::uint32_t base_version = 0;
  std::string content;
  Started<Result<domain::Message>> result;
};

class Race {
 public:
  Race(std::uint64_t seed, std::size_t unknown_one_in) : world_(seed) {
    for (const char* name : {"ann", "bob", "cat"}) users_.push_back(world_.add_user(name));
    chat_ = world_.add_group(users_[0], {users_[1], users_[2]});
    for (auto* process : {&world_.process, &other_}) {
      process->store.turns_max = 4;
      process->store.unknown_one_in = unknown_one_in;
    }
  }

  void play() {
    for (std::size_t step = 0; step < kSteps; ++step) {
      auto& process = world_.random.one_in(2) ? world_.process : other_;
      const auto what = world_.random.below(10);
      if (what < 6) {
        send(process);
      } else if (what < 9) {
        edit(process);
      } else {
        erase(process);
      }
      world_.io.restart();
      for (auto turns = world_.random.below(12); turns > 0; --turns) world_.io.poll_one();
    }
    test::run_ready(world_.io);
  }

  /// Everybody was answered, and what they were told is so.
  void check(bool is_store_sound) {
    const auto stored = world_.messages_of(chat_);
    check_counters(stored, is_store_sound);
    check_receipts(stored, is_store_sound);
    check_edits();
    EXPECT_EQ(world_.process.messages.writes_in_flight(), 0U);
    EXPECT_EQ(other_.messages.writes_in_flight(), 0U);
  }

 private:
  void send(ChatProcess& process) {
    const auto user = users_[world_.random.below(users_.size())];
    // Few ids, so that most come several times, and through both processes.
    const auto key = "k" + std::to_string(world_.random.below(12));
    sends_.push_back(
        {user, key,
         world_.start(process.messages.send(user, chat_, draft_of(key, "content of " + key)))});
  }

  void edit(ChatProcess& process) {
    const auto stored = world_.messages_of(chat_);
    const auto& target = stored[world_.random.below(stored.size())];
    const auto content = "edit " + std::to_string(edits_.size());
    edits_.push_back({target.id, target.edit_version, content,
                      world_.start(process.messages.edit(target.sender_id,
                                                         {.chat_id = chat_,
                                                          .message_id = target.id,
                                                          .content = content,
                                                          .base_version = target.edit_version}))});
  }

  void erase(ChatProcess& process) {
    const auto stored = world_.messages_of(chat_);
    const auto& target = stored[world_.random.below(stored.size())];
    erasures_.push_back(world_.start(process.messages.erase(target.sender_id, chat_, target.id)));
  }

  void check_counters(std::vector<domain::Message> stored, bool is_store_sound) {
    const auto chat = world_.chat(chat_);
    std::ranges::sort(stored, {}, &domain::Message::seq);
    std::map<domain::UserId, domain::Ordinal> own_counts;
    domain::Ordinal ordinal = 0;
    std::set<domain::Rev> places;
    for (std::size_t index = 0; index < stored.size(); ++index) {
      const auto& message = stored[index];
      EXPECT_EQ(message.seq, index + 1);
      places.insert(message.place);
      if (index > 0) EXPECT_LE(stored[index - 1].created_at, message.created_at);
      if (index > 0) EXPECT_LT(stored[index - 1].place, message.place);
      if (message.type == domain::MessageType::system) continue;
      EXPECT_EQ(message.ordinal, ++ordinal);
      EXPECT_EQ(message.sender_ordinal, ++own_counts[message.sender_id]);
    }
    EXPECT_EQ(chat.last_seq, stored.size());
    EXPECT_EQ(chat.last_ordinal, ordinal);

    // Every place is a message's or an accepted change's, and was told of.
    auto told = places;
    for (const auto* process : {&world_.process, &other_}) {
      for (const auto& change : process->bus.all<ports::ChatChanged>()) told.insert(change.rev);
    }
    if (!is_store_sound) return;
    EXPECT_EQ(told.size(), chat.last_rev);
    EXPECT_EQ(*told.rbegin(), chat.last_rev);
  }

  void check_receipts(const std::vector<domain::Message>& stored, bool is_store_sound) {
    std::map<std::pair<domain::UserId, std::string>, std::size_t> firsts;
    for (const auto& send : sends_) {
      ASSERT_TRUE(send.receipt.is_done());
      const auto& receipt = send.receipt.get();
      if (!receipt) {
        EXPECT_TRUE(!is_store_sound && receipt.error().code == Errc::store_unavailable)
            << describe(receipt.error().code).code;
        continue;
      }
      const auto message = std::ranges::find(stored, receipt->message_id, &domain::Message::id);
      ASSERT_NE(message, stored.end()) << "an acknowledged message is lost";
      EXPECT_EQ(message->seq, receipt->seq);
      EXPECT_EQ(message->place, receipt->rev);
      EXPECT_EQ(message->client_message_id, send.key);
      EXPECT_EQ(message->sender_id, send.sender);
      firsts[{send.sender, send.key}] += receipt->is_duplicate ? 0 : 1;
    }
    for (const auto& [key, count] : firsts) {
      EXPECT_LE(count, 1U);
      if (is_store_sound) EXPECT_EQ(count, 1U);
    }
    std::set<std::pair<domain::UserId, std::string>> keys;
    for (const auto& message : stored) {
      EXPECT_TRUE(keys.emplace(message.sender_id, message.client_message_id).second);
    }
  }

  void check_edits() {
    std::set<std::pair<domain::MessageId, std::uint32_t>> bases;
    for (const auto& edit : edits_) {
      ASSERT_TRUE(edit.result.is_done());
      const auto& result = edit.result.get();
      if (!result) continue;
      EXPECT_EQ(result->content, edit.content);
      EXPECT_EQ(result->edit_version, edit.base_version + 1);
      EXPECT_TRUE(bases.emplace(edit.message, edit.base_version).second)
          << "two edits of one version were accepted";
    }
    for (const auto& erasure : erasures_) {
      ASSERT_TRUE(erasure.is_done());
      if (erasure.get()) EXPECT_TRUE(erasure.get()->is_deleted);
    }
  }

  test::ChatWorld world_;
  ChatProcess other_{world_.memory, world_.io, world_.clock, world_.random};
  std::vector<domain::UserId> users_;
  domain::ChatId chat_;
  std::vector<Send> sends_;
  std::vector<Edit> edits_;
  std::vector<Started<Result<domain::Message>>> erasures_;
};

TEST(RaceTest, TwoProcessesWriteOneHistory) {
  const auto base = test::seed_or(1);
  for (auto seed = base; seed < base + kSeeds && !::testing::Test::HasFailure(); ++seed) {
    SCOPED_TRACE("KNOTOS_TEST_SEED=" + std::to_string(seed));
    Race race(seed, 0);
    race.play();
    race.check(true);
  }
}

TEST(RaceTest, NothingAcknowledgedIsLostByAStoreThatDoesNotSayWhatItDid) {
  const auto base = test::seed_or(1'000);
  for (auto seed = base; seed < base + kSeeds && !::testing::Test::HasFailure(); ++seed) {
    SCOPED_TRACE("KNOTOS_TEST_SEED=" + std::to_string(seed));
    Race race(seed, 5);
    race.play();
    race.check(false);
  }
}

}  // namespace
}  // namespace knotos::services
