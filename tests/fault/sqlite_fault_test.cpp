#include "adapters/sqlite/sqlite_store.hpp"
#include "base/log.hpp"
#include "contract/scene.hpp"
#include "support/power_cut_vfs.hpp"
#include "support/temporary_directory.hpp"

#include <gtest/gtest.h>
#include <sys/stat.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <thread>

namespace knotos::fault {
namespace {

using adapters::sqlite::Connection;
using adapters::sqlite::SqliteStore;
using ports::AppendStatus;

/// A store on a disk that can be told to fail.
class FailingWorld final : public contract::World {
 public:
  FailingWorld() {
    PowerCutDisk::instance().cut_at(0);
    PowerCutDisk::instance().promise_safe_overwrites(true);
  }
  ~FailingWorld() override {
    PowerCutDisk::instance().set_full(false);
    PowerCutDisk::instance().set_sync_failing(false);
  }

  ports::ChatLog& log() override { return store(); }
  ports::MessageStore& messages() override { return store(); }
  ports::ChatStore& chats() override { return store(); }
  ports::AccountStore& accounts() override { return store(); }
  ports::InviteStore& invites() override { return store(); }
  ports::PeopleStore& people() override { return store(); }
  ports::ChatStateStore& states() override { return store(); }
  ports::SyncStore& syncs() override { return store(); }
  void restart() override { store_.reset(); }

  SqliteStore& store() {
    if (!store_) store_ = std::make_unique<SqliteStore>(options);
    return *store_;
  }

  test::TemporaryDirectory directory;
  SqliteStore::Options options{.directory = directory.path()};

 private:
  std::unique_ptr<SqliteStore> store_;
};

class SqliteFaultTest : public testing::Test {
 protected:
  static void SetUpTestSuite() { log::configure(log::Level::off, log::Format::text); }

  std::string why_not_open() {
    try {
      const SqliteStore second(world_.options);
      return "it opened";
    } catch (const std::runtime_error& failure) {
      return failure.what();
    }
  }

  FailingWorld world_;
  contract::Scene scene_{world_};
};

TEST_F(SqliteFaultTest, ASecondProcessIsRefused) {
  (void)world_.store();
  EXPECT_EQ(why_not_open(),
            "the data directory " + world_.directory.path() + " is in use by another knotos");
}

TEST_F(SqliteFaultTest, TheDirectoryIsMadeForItsOwnerAlone) {
  world_.options.directory += "/made/here/";
  (void)world_.store();
  struct stat found{};
  ASSERT_EQ(::stat(world_.options.directory.c_str(), &found), 0);
  EXPECT_EQ(found.st_mode & 0777U, 0700U);
}

TEST_F(SqliteFaultTest, ANewerSchemaIsRefused) {
  (void)world_.store();
  world_.restart();
  Connection(world_.directory.path() + "/knotos.db", Connection::Mode::read_write)
      .execute("PRAGMA user_version = 99");
  EXPECT_NE(why_not_open().find("it was written by a newer Knotos (schema 99"), std::string::npos)
      << why_not_open();
}

TEST_F(SqliteFaultTest, AnotherProgramsDatabaseIsRefused) {
  Connection(world_.directory.path() + "/knotos.db", Connection::Mode::read_write)
      .execute("CREATE TABLE theirs (a)");
  EXPECT_NE(why_not_open().find("another program"), std::string::npos) << why_not_open();
}

TEST_F(SqliteFaultTest, WhatIsNoDatabaseIsRefused) {
  std::ofstream(world_.directory.path() + "/knotos.db") << std::string(10'000, 'x');
  EXPECT_EQ(why_not_open(), "cannot use the database " + world_.directory.path() +
                                "/knotos.db: file is not a database");
}

TEST_F(SqliteFaultTest, TheListCostsTwoStatementsAtAnySize) {
  const auto ann = scene_.user("ann");
  const auto statements_of_list = [&] {
    const auto before = Connection::statements_run();
    const auto page =
        world_.run(world_.chats().list({.user = ann, .limit = 50, .now = contract::at(0)}));
    EXPECT_TRUE(page);
    // BEGIN and COMMIT of the snapshot stand around the two.
    return Connection::statements_run() - before - 2;
  };
  for (int i = 0; i < 10; ++i) scene_.direct(ann, scene_.user("few" + std::to_string(i)));
  EXPECT_EQ(statements_of_list(), 2U);
  for (int i = 0; i < 990; ++i) scene_.direct(ann, scene_.user("many" + std::to_string(i)));
  EXPECT_EQ(statements_of_list(), 2U);
}

/// BEGIN, chat, message, the sender's state twice, chat, COMMIT.
TEST_F(SqliteFaultTest, AnAppendCostsSevenStatementsAndEachMessageMoreOne) {
  const auto ann = scene_.user("ann");
  const auto chat = scene_.direct(ann, scene_.user("bob"));
  int number = 0;
  const auto statements_of = [&](std::size_t messages) {
    auto least = UINT64_MAX;
    // Every few seconds one more keeps the bound of times: not three times in a row.
    for (int i = 0; i < 3; ++i) {
      std::vector<std::string> keys(messages);
      for (auto& key : keys) key = std::to_string(++number);
      const auto loaded = scene_.load(chat, {ann});
      auto entries = scene_.entries(loaded, ann, keys);
      const auto before = Connection::statements_run();
      EXPECT_EQ(scene_.append(chat, loaded.chat.last_rev, std::move(entries)).status,
                AppendStatus::appended);
      least = std::min(least, Connection::statements_run() - before);
    }
    return least;
  };
  EXPECT_EQ(statements_of(1), 7U);
  EXPECT_EQ(statements_of(3), 9U);
}

TEST_F(SqliteFaultTest, ACommitIsAWriteAndASyncHoweverManyPages) {
  const auto ann = scene_.user("ann");
  const auto chat = scene_.direct(ann, scene_.user("bob"));
  ASSERT_EQ(scene_.send(chat, ann, "before").status, AppendStatus::appended);
  int number = 0;
  const auto operations_of = [&](std::size_t messages) {
    std::vector<std::string> keys(messages);
    for (auto& key : keys) key = std::to_string(++number);
    const auto loaded = scene_.load(chat, {ann});
    auto entries = scene_.entries(loaded, ann, keys);
    const auto before = PowerCutDisk::instance().operations();
    EXPECT_EQ(scene_.append(chat, loaded.chat.last_rev, std::move(entries)).status,
              AppendStatus::appended);
    return PowerCutDisk::instance().operations() - before;
  };
  EXPECT_EQ(operations_of(1), 2U);
  EXPECT_EQ(operations_of(50), 2U);
}

TEST_F(SqliteFaultTest, AFullDiskRefusesAndIsForgottenWhenThereIsRoom) {
  const auto ann = scene_.user("ann");
  const auto chat = scene_.direct(ann, scene_.user("bob"));
  ASSERT_EQ(scene_.send(chat, ann, "before").status, AppendStatus::appended);
  PowerCutDisk::instance().set_full(true);
  EXPECT_EQ(scene_.send(chat, ann, "full").status, AppendStatus::unavailable);
  EXPECT_TRUE(world_.store().accepts_writes());
  EXPECT_EQ(scene_.all_messages(chat).size(), 1U) << "reads go on";
  PowerCutDisk::instance().set_full(false);
  EXPECT_EQ(scene_.send(chat, ann, "full").status, AppendStatus::appended);
  world_.restart();
  EXPECT_EQ(scene_.all_messages(chat).size(), 2U);
}

TEST_F(SqliteFaultTest, AFailedSyncClosesTheStoreForWritesUntilARestart) {
  const auto ann = scene_.user("ann");
  const auto chat = scene_.direct(ann, scene_.user("bob"));
  ASSERT_EQ(scene_.send(chat, ann, "before").status, AppendStatus::appended);
  PowerCutDisk::instance().set_sync_failing(true);
  EXPECT_EQ(scene_.send(chat, ann, "lost?").status, AppendStatus::unknown);
  PowerCutDisk::instance().set_sync_failing(false);
  EXPECT_FALSE(world_.store().accepts_writes());
  EXPECT_EQ(scene_.send(chat, ann, "after").status, AppendStatus::unavailable);
  EXPECT_GE(scene_.all_messages(chat).size(), 1U) << "reads go on";
  world_.restart();
  EXPECT_TRUE(world_.store().accepts_writes());
  EXPECT_EQ(scene_.send(chat, ann, "after").status, AppendStatus::appended);
}

TEST_F(SqliteFaultTest, ALockedFileIsUnavailableAndThenIsNot) {
  const auto ann = scene_.user("ann");
  const auto chat = scene_.direct(ann, scene_.user("bob"));
  {
    Connection other(world_.directory.path() + "/knotos.db", Connection::Mode::read_write);
    other.execute("BEGIN IMMEDIATE");
    EXPECT_EQ(scene_.send(chat, ann, "locked").status, AppendStatus::unavailable);
  }
  EXPECT_EQ(scene_.send(chat, ann, "locked").status, AppendStatus::appended);
}

TEST_F(SqliteFaultTest, TheLogStaysBoundedWhileReadersComeAndGo) {
  world_.options.checkpoints = {.wal_bytes_passive = 128 * 1024, .wal_bytes_reset = 512 * 1024};
  const auto ann = scene_.user("ann");
  const auto chat = scene_.direct(ann, scene_.user("bob"));
  std::size_t largest = 0;
  for (int i = 0; i < 600; ++i) {
    ASSERT_EQ(scene_.send(chat, ann, "k" + std::to_string(i)).status, AppendStatus::appended);
    (void)scene_.load(chat, {ann});
    largest = std::max(largest, world_.store().wal_bytes());
  }
  EXPECT_GT(largest, 128U * 1024);
  // A machine that gives the checkpoints no time lets the log grow meanwhile; with time, and
  // commits that go on, it begins anew.
  constexpr std::size_t kBound = 4UL * 1024 * 1024;
  for (int i = 0; i < 1'000 && world_.store().wal_bytes() >= kBound; ++i) {
    std::this_thread::sleep_for(std::chrono::milliseconds(5));
    ASSERT_EQ(scene_.send(chat, ann, "more" + std::to_string(i)).status, AppendStatus::appended);
  }
  EXPECT_LT(world_.store().wal_bytes(), kBound) << "the commits wrote far more";
}

TEST_F(SqliteFaultTest, AFileThatRotsIsOneSentence) {
  const auto ann = scene_.user("ann");
  const auto chat = scene_.direct(ann, scene_.user("bob"));
  for (int i = 0; i < 50; ++i)
    ASSERT_EQ(scene_.send(chat, ann, "k" + std::to_string(i)).status, AppendStatus::appended);
  world_.restart();
  const auto file = world_.directory.path() + "/knotos.db";
  const auto size = std::filesystem::file_size(file);
  std::fstream rot(file, std::ios::in | std::ios::out | std::ios::binary);
  for (std::uintmax_t at = 4'096; at < size; at += 512) {
    rot.seekp(static_cast<std::streamoff>(at));
    rot << "rotten rotten rotten";
  }
  rot.close();
  EXPECT_EQ(why_not_open(),
            "cannot use the database " + file + ": database disk image is malformed");
}

}  // namespace
}  // namespace knotos::fault
