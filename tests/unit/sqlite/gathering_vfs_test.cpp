#include "adapters/sqlite/connection.hpp"
#include "support/temporary_directory.hpp"

#include <gtest/gtest.h>

#include <cstdint>
#include <map>
#include <random>
#include <string>

namespace knotos::adapters::sqlite {
namespace {

using Rows = std::map<std::int64_t, std::string>;

class GatheringVfsTest : public testing::Test {
 protected:
  GatheringVfsTest() {
    // A cache so small that pages of a transaction go to the log, and come back, before its end.
    writer_.execute(
        "PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; PRAGMA wal_autocheckpoint = 0;"
        "PRAGMA cache_size = 10; CREATE TABLE kept (id INTEGER PRIMARY KEY, text TEXT NOT NULL)");
  }

  static Rows read(Connection& connection) {
    Rows rows;
    auto row = connection.prepare("SELECT id, text FROM kept");
    while (row.step()) rows[row.integer(0)] = row.text(1);
    return rows;
  }

  std::string check(Connection& connection) {
    auto row = connection.prepare("PRAGMA integrity_check");
    return row.step() ? row.text(0) : "nothing";
  }

  test::TemporaryDirectory directory_;
  std::string file_ = directory_.path() + "/kept.db";
  Connection writer_{file_, Connection::Mode::gathering};
  std::mt19937_64 random_{20261126};
};

TEST_F(GatheringVfsTest, WhatIsCommittedIsThereForAllAndWhatIsNotForNobody) {
  Connection reader(file_, Connection::Mode::read_only);
  Connection checkpointer(file_, Connection::Mode::read_write);
  Rows committed;
  for (int round = 0; round < 200; ++round) {
    auto rows = committed;
    writer_.execute("BEGIN IMMEDIATE");
    const auto changes = 1 + random_() % 120;
    for (std::uint64_t i = 0; i < changes; ++i) {
      const auto id = static_cast<std::int64_t>(random_() % 400);
      if (random_() % 4 == 0) {
        writer_.prepare("DELETE FROM kept WHERE id = ?1").bind(id).run();
        rows.erase(id);
      } else {
        // Some are larger than what is gathered.
        const auto size = random_() % 100 == 0 ? 200'000 : random_() % 3'000;
        rows[id] = std::string(size, static_cast<char>('a' + random_() % 26));
        writer_.prepare("INSERT OR REPLACE INTO kept VALUES (?1, ?2)").bind(id, rows[id]).run();
      }
    }
    ASSERT_EQ(read(writer_), rows) << round;
    ASSERT_EQ(read(reader), committed) << round;
    const bool is_kept = random_() % 3 != 0;
    writer_.execute(is_kept ? "COMMIT" : "ROLLBACK");
    if (is_kept) committed = rows;
    ASSERT_EQ(read(writer_), committed) << round;
    ASSERT_EQ(read(reader), committed) << round;
    if (random_() % 10 == 0) {
      auto row = checkpointer.prepare("PRAGMA wal_checkpoint(TRUNCATE)");
      ASSERT_TRUE(row.step());
      ASSERT_EQ(row.integer(0), 0) << round;
    }
  }
  EXPECT_EQ(check(reader), "ok");
}

TEST_F(GatheringVfsTest, WhatWasCommittedIsThereAfterAnotherOpening) {
  writer_.execute("INSERT INTO kept VALUES (1, 'one')");
  {
    Connection again(file_, Connection::Mode::gathering);
    again.execute("INSERT INTO kept VALUES (2, 'two')");
    again.execute("BEGIN; INSERT INTO kept VALUES (3, 'three')");
  }
  EXPECT_EQ(read(writer_), (Rows{{1, "one"}, {2, "two"}}));
  EXPECT_EQ(check(writer_), "ok");
}

}  // namespace
}  // namespace knotos::adapters::sqlite
