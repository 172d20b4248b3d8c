#include "adapters/sqlite/writer.hpp"

#include "support/run_task.hpp"
#include "support/temporary_directory.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <future>
#include <optional>
#include <string>
#include <vector>

namespace knotos::adapters::sqlite {
namespace {

using testing::ElementsAre;

/// Writes of one commit: what is begun before `commit` shares it.
class WriterTest : public testing::Test {
 protected:
  WriterTest() {
    auto connection = std::make_unique<Connection>(file_, Connection::Mode::read_write);
    connection->execute("PRAGMA journal_mode = WAL; CREATE TABLE said (text TEXT NOT NULL UNIQUE)");
    writer_ = std::make_unique<Writer>(std::move(connection), Writer::Limits(),
                                       [this](Connection&) { ++commits_; });
    // The thread is held in a commit of its own until all the others wait.
    begin([this](WriteScope&) {
      has_begun_.set_value();
      gate_.get_future().wait();
      return std::string("first");
    });
    has_begun_.get_future().wait();
  }

  test::Started<Written<std::string>> begin(std::function<std::string(WriteScope&)> work) {
    begun_.push_back(test::start(io_, writer_->write(std::move(work))));
    test::run_ready(io_);
    return begun_.back();
  }

  /// Says what it is, and how often it was run.
  test::Started<Written<std::string>> insert(const std::string& text, bool is_kept = true) {
    return begin([text, is_kept, runs = 0](WriteScope& scope) mutable {
      scope.connection.prepare("INSERT OR IGNORE INTO said VALUES (?1)").bind(text).run();
      if (!is_kept) scope.drop();
      return text + std::to_string(++runs);
    });
  }

  void commit() {
    gate_.set_value();
    io_.restart();
    io_.run();
    writer_->stop();
    for (const auto& each : begun_) ASSERT_EQ(each.get().fate, Fate::done);
  }

  std::vector<std::string> said() {
    Connection reader(file_, Connection::Mode::read_write);
    auto row = reader.prepare("SELECT text FROM said ORDER BY rowid");
    std::vector<std::string> all;
    while (row.step()) all.push_back(row.text(0));
    return all;
  }

  test::TemporaryDirectory directory_;
  std::string file_ = directory_.path() + "/test.db";
  boost::asio::io_context io_{1};
  std::promise<void> has_begun_;
  std::promise<void> gate_;
  int commits_ = 0;
  std::vector<test::Started<Written<std::string>>> begun_;
  std::unique_ptr<Writer> writer_;  ///< Last: it ends first.
};

TEST_F(WriterTest, WhatWaitsSharesOneCommit) {
  insert("a");
  const auto last = insert("b");
  commit();
  EXPECT_THAT(said(), ElementsAre("a", "b"));
  EXPECT_EQ(last.get().value, "b1");
  EXPECT_EQ(commits_, 2);
}

TEST_F(WriterTest, OneWriteIsUndoneAndTheOthersOfItsCommitAreThere) {
  const auto first = insert("a");
  const auto dropped = insert("b", false);
  const auto last = insert("c");
  commit();
  EXPECT_THAT(said(), ElementsAre("a", "c"));
  EXPECT_EQ(dropped.get().value, "b2") << "it is answered all the same";
  EXPECT_EQ(first.get().value, "a2");
  EXPECT_EQ(last.get().value, "c1") << "the first time, nobody came to it";
  EXPECT_EQ(commits_, 2);
}

TEST_F(WriterTest, AWriteSeesNothingOfOneThatWasUndone) {
  insert("a", false);
  const auto same = insert("a");
  commit();
  EXPECT_THAT(said(), ElementsAre("a"));
  EXPECT_EQ(same.get().value, "a1");
}

TEST_F(WriterTest, AWriteThatIsDroppedBeforeItChangedAnythingCostsTheOthersNothing) {
  const auto first = insert("a");
  const auto dropped = insert("a", false);
  const auto last = insert("b");
  commit();
  EXPECT_THAT(said(), ElementsAre("a", "b"));
  EXPECT_EQ(first.get().value, "a1");
  EXPECT_EQ(dropped.get().value, "a1");
  EXPECT_EQ(last.get().value, "b1");
}

TEST_F(WriterTest, WhoLooksSeesNothingHalfWritten) {
  const auto look = [] { return std::optional(1); };
  EXPECT_FALSE(writer_->if_idle(look)) << "a commit is under way";
  insert("a");
  commit();
  EXPECT_EQ(writer_->if_idle(look), 1);
}

}  // namespace
}  // namespace knotos::adapters::sqlite
