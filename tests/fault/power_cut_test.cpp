#include "adapters/sqlite/sqlite_store.hpp"
#include "base/log.hpp"
#include "support/power_cut_vfs.hpp"
#include "support/temporary_directory.hpp"

#include <gtest/gtest.h>
#include <sqlite3.h>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>

#include <algorithm>
#include <map>
#include <memory>
#include <random>
#include <set>

namespace knotos::fault {
namespace {

using adapters::sqlite::SqliteStore;
using ports::AppendStatus;

constexpr int kChats = 4;
constexpr int kRounds = 40;

struct AckedSend {
  domain::Seq seq = 0;
  domain::Rev place = 0;
};

/// What was acknowledged before the power went, and the run that it comes from.
class StoreLife {
 public:
  StoreLife(const std::string& directory, bool is_synchronous, std::uint64_t seed)
      : directory_(directory), is_synchronous_(is_synchronous), random_(seed) {}

  /// Everything that a store does, until it fails.
  void live() {
    auto store = open();
    if (!store) return;
    if (!make_chats(*store)) return;
    for (int round = 0; round < kRounds; ++round) {
      if (!play_round(*store)) return;
    }
  }

  /// What is wrong after the power came back; empty: nothing.
  std::vector<std::string> check() {
    std::vector<std::string> faults;
    auto store = open();
    if (!store) return {"the store does not open: " + why_not_open_};
    for (const auto& name : acked_users_) {
      if (!run(store->find_credentials(name))) faults.push_back("lost user " + name);
    }
    for (const auto& chat : acked_chats_) check_chat(*store, chat, faults);
    store.reset();
    check_integrity(faults);
    return faults;
  }

  [[nodiscard]] std::size_t acks() const { return acks_; }

 private:
  std::unique_ptr<SqliteStore> open() {
    try {
      return std::make_unique<SqliteStore>(SqliteStore::Options{
          .directory = directory_,
          .reader_threads = 1,
          .is_synchronous = is_synchronous_,
          .checkpoints = {.wal_bytes_passive = 64 * 1024, .wal_bytes_reset = 256 * 1024}});
    } catch (const std::exception& failure) {
      why_not_open_ = failure.what();
      return nullptr;
    }
  }

  template <class T>
  T run(Task<T> task) {
    std::optional<T> result;
    boost::asio::co_spawn(io_, std::move(task),
                          [&result](const std::exception_ptr& thrown, T value) {
                            if (thrown) std::rethrow_exception(thrown);
                            result = std::move(value);
                          });
    io_.restart();
    io_.run();
    return std::move(*result);
  }

  template <class IdType>
  IdType new_id() {
    std::array<std::uint8_t, 16> bytes{};
    for (auto& byte : bytes) byte = static_cast<std::uint8_t>(random_());
    return IdType(make_uuid_v4(bytes));
  }

  Sha256 new_hash() {
    Sha256 hash{};
    for (auto& byte : hash) byte = static_cast<std::uint8_t>(random_());
    return hash;
  }

  Time next_time() { return Time(Milliseconds(1'700'000'000'000 + ++clock_)); }

  bool make_user(SqliteStore& store, domain::UserId& user) {
    user = new_id<domain::UserId>();
    const auto name = "user" + std::to_string(++users_);
    const ports::Credentials credentials{
        .user = {.id = user, .username = name, .display_name = name, .created_at = next_time()},
        .password_hash = "hash"};
    const ports::NewDevice device{.device = {.id = new_id<domain::DeviceId>(),
                                             .user_id = user,
                                             .name = {},
                                             .created_at = next_time(),
                                             .last_used_at = next_time()},
                                  .refresh_hash = new_hash(),
                                  .refresh_expires_at = next_time()};
    if (!run(store.create(credentials, device))) return false;
    acked_users_.push_back(name);
    return true;
  }

  bool make_chats(SqliteStore& store) {
    domain::UserId ann;
    if (!make_user(store, ann)) return false;
    senders_.push_back(ann);
    for (int i = 0; i < kChats; ++i) {
      domain::UserId peer;
      if (!make_user(store, peer)) return false;
      ports::NewChat fresh;
      fresh.chat.id = domain::direct_chat_id(ann, peer);
      fresh.chat.member_count = 2;
      fresh.chat.created_at = next_time();
      fresh.chat.updated_at = fresh.chat.created_at;
      for (const auto& user : {ann, peer}) {
        domain::UserChatState state;
        state.user_id = user;
        state.chat_id = fresh.chat.id;
        state.joined_at = fresh.chat.created_at;
        fresh.members.push_back(state);
      }
      if (!run(store.create(fresh))) return false;
      acked_chats_.push_back(fresh.chat.id);
    }
    return true;
  }

  domain::MessageEntry next_entry(const ports::LoadedChat& before, std::uint64_t step,
                                  const std::string& key) {
    domain::MessageEntry entry;
    auto& message = entry.message;
    message.id = new_id<domain::MessageId>();
    message.chat_id = before.chat.id;
    message.seq = before.chat.last_seq + step;
    message.place = message.rev = before.chat.last_rev + step;
    message.ordinal = before.chat.last_ordinal + step;
    message.sender_ordinal = before.states.front().own_count + step;
    message.sender_id = senders_.front();
    message.client_message_id = key;
    message.content = std::string(1 + random_() % 3'000, 'x');
    message.request_hash = new_hash();
    message.created_at = next_time();
    return entry;
  }

  /// One batch or one change in every chat, all under way at once, and now and then a user.
  bool play_round(SqliteStore& store) {
    struct Begun {
      domain::ChatId chat;
      std::vector<domain::LogEntry> entries;
      std::optional<ports::AppendOutcome> outcome;
    };
    std::vector<Begun> begun;
    for (const auto& chat : acked_chats_) {
      auto before = run(store.load(chat, {senders_.front()}));
      if (!before) return false;
      Begun next{.chat = chat, .entries = {}, .outcome = {}};
      if (before->chat.last_seq > 0 && random_() % 3 == 0) {
        const auto seq = 1 + random_() % before->chat.last_seq;
        auto page =
            run(store.history(chat, {.from = ports::HistoryFrom::around, .seq = seq, .limit = 1}));
        if (!page || page->messages.empty()) return false;
        auto message = page->messages.front();
        message.rev = before->chat.last_rev + 1;
        message.content = "edit " + std::to_string(++edits_);
        ++message.edit_version;
        next.entries.emplace_back(domain::ChangeEntry{.kind = domain::ChangeKind::edit,
                                                      .actor_id = senders_.front(),
                                                      .after = message,
                                                      .created_at = next_time()});
      } else {
        const auto count = 1 + random_() % 4;
        for (std::uint64_t step = 1; step <= count; ++step) {
          next.entries.emplace_back(next_entry(*before, step, "key" + std::to_string(++keys_)));
        }
      }
      begun.push_back(std::move(next));
    }
    for (auto& next : begun) {
      boost::asio::co_spawn(
          io_, store.append(next.chat, domain::rev_of(next.entries.front()) - 1, next.entries),
          [&next](const std::exception_ptr&, ports::AppendOutcome outcome) {
            next.outcome = outcome;
          });
    }
    io_.restart();
    io_.run();
    bool is_well = true;
    for (const auto& next : begun) {
      is_well = is_well && next.outcome->status == AppendStatus::appended;
      if (next.outcome->status == AppendStatus::appended) acknowledge(next.chat, next.entries);
    }
    domain::UserId ignored;
    return is_well && (random_() % 4 != 0 || make_user(store, ignored));
  }

  void acknowledge(domain::ChatId chat, const std::vector<domain::LogEntry>& entries) {
    for (const auto& entry : entries) {
      ++acks_;
      const auto& message = domain::message_of(entry);
      if (std::holds_alternative<domain::MessageEntry>(entry)) {
        sends_[chat][message.client_message_id] = {.seq = message.seq, .place = message.place};
      } else {
        edits_acked_[chat][message.seq] = message.edit_version;
      }
    }
  }

  void check_chat(SqliteStore& store, domain::ChatId chat, std::vector<std::string>& faults) {
    const auto say = [&](const std::string& what) {
      faults.push_back(chat.to_string() + ": " + what);
    };
    const auto loaded = run(store.load(chat, {senders_.front()}));
    if (!loaded) return say("lost");
    const auto page = run(
        store.history(chat, {.from = ports::HistoryFrom::newest, .seq = 0, .limit = 1'000'000}));
    if (!page) return say("its messages cannot be read");
    for (const auto& [key, acked] : sends_[chat]) {
      const auto found = run(store.find_by_key(chat, senders_.front(), key));
      if (!found || !*found) {
        say("lost message " + key);
      } else if ((*found)->seq != acked.seq || (*found)->place != acked.place) {
        say("moved message " + key);
      }
    }
    std::set<domain::Rev> revs;
    for (std::size_t i = 0; i < page->messages.size(); ++i) {
      const auto& message = page->messages[i];
      if (message.seq != i + 1) say("seq has a hole at " + std::to_string(i + 1));
      if (!revs.insert(message.rev).second) say("rev twice: " + std::to_string(message.rev));
      const auto acked = edits_acked_[chat].find(message.seq);
      if (acked != edits_acked_[chat].end() && message.edit_version < acked->second) {
        say("lost an edit of message " + std::to_string(message.seq));
      }
    }
    const auto& projected = loaded->chat;
    if (projected.last_seq != page->messages.size()) say("last_seq is not the log's");
    if (!revs.empty() && projected.last_rev != *revs.rbegin()) say("last_rev is not the log's");
    if (!page->messages.empty() &&
        projected.last_message_preview != domain::preview_of(page->messages.back())) {
      say("the preview is not the last message's");
    }
    if (loaded->states.front().own_count != page->messages.size())
      say("the sender's count is not the log's");
  }

  void check_integrity(std::vector<std::string>& faults) {
    adapters::sqlite::Connection connection(directory_ + "/knotos.db",
                                            adapters::sqlite::Connection::Mode::read_write);
    auto row = connection.prepare("PRAGMA integrity_check");
    while (row.step()) {
      if (row.text(0) != "ok") faults.push_back(row.text(0));
    }
  }

  std::string directory_;
  bool is_synchronous_;
  std::mt19937_64 random_;
  std::string why_not_open_;
  boost::asio::io_context io_{1};
  std::int64_t clock_ = 0;
  int users_ = 0;
  int keys_ = 0;
  int edits_ = 0;
  std::size_t acks_ = 0;
  std::vector<domain::UserId> senders_;
  std::vector<std::string> acked_users_;
  std::vector<domain::ChatId> acked_chats_;
  std::map<domain::ChatId, std::map<std::string, AckedSend>> sends_;
  std::map<domain::ChatId, std::map<domain::Seq, std::uint32_t>> edits_acked_;
};

class PowerCutTest : public testing::Test {
 protected:
  static void SetUpTestSuite() { log::configure(log::Level::off, log::Format::text); }

  /// How many writes and syncs an undisturbed run makes.
  static std::uint64_t whole_run(bool is_synchronous) {
    auto& disk = PowerCutDisk::instance();
    const test::TemporaryDirectory directory;
    disk.cut_at(0);
    StoreLife life(directory.path(), is_synchronous, 1);
    life.live();
    EXPECT_GT(life.acks(), 100U);
    return disk.operations();
  }

  /// Cuts the power in `count` runs at random points; answers how many of them lost something that
  /// was acknowledged.
  static int play(int count, bool is_synchronous, std::uint64_t seed, bool is_expected_to_hold) {
    auto& disk = PowerCutDisk::instance();
    const auto operations = whole_run(is_synchronous);
    std::mt19937_64 random(seed);
    int lossy = 0;
    for (int point = 0; point < count; ++point) {
      const auto run_seed = random();
      const auto cut = 1 + random() % operations;
      const test::TemporaryDirectory directory;
      StoreLife life(directory.path(), is_synchronous, run_seed);
      disk.cut_at(cut);
      life.live();
      disk.lose(run_seed + 1);
      const auto faults = life.check();
      lossy += faults.empty() ? 0 : 1;
      if (!is_expected_to_hold) continue;
      EXPECT_TRUE(faults.empty()) << "seed " << seed << ", point " << point << ", cut at operation "
                                  << cut << " of " << operations << " after " << life.acks()
                                  << " acks: " << faults.front();
    }
    return lossy;
  }
};

TEST_F(PowerCutTest, WhatWasAcknowledgedIsThereAtAHundredRandomPoints) {
  EXPECT_EQ(play(100, true, 20'261'124, true), 0);
}

/// As on Unix, where what is written to the log is gathered.
TEST_F(PowerCutTest, WhatWasAcknowledgedIsThereOnADiskThatHarmsNoNeighbours) {
  auto& disk = PowerCutDisk::instance();
  disk.promise_safe_overwrites(true);
  EXPECT_EQ(play(100, true, 20'261'126, true), 0);
  disk.promise_safe_overwrites(false);
}

TEST_F(PowerCutTest, WithoutSyncsTheSameCheckFindsLoss) { EXPECT_GT(play(20, false, 7, false), 0); }

}  // namespace
}  // namespace knotos::fault
