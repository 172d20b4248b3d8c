#include "app/doctor_store.hpp"
#include "adapters/mongo/documents.hpp"
#include "adapters/mongo/mongo_store.hpp"
#include "support/mongo_database.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <memory>

namespace knotos::app {
namespace {

using adapters::mongo::document;
using adapters::mongo::MongoStore;

class DoctorOfStores : public testing::Test {
 protected:
  void SetUp() override {
    const auto& server = test::mongo_server();
    if (server.url.empty()) GTEST_SKIP() << "no MongoDB: " << server.reason;
    database = std::make_unique<test::MongoDatabase>();
  }

  [[nodiscard]] std::vector<Finding> examine() const { return findings_of(database->url()); }
  [[nodiscard]] static std::vector<Finding> findings_of(const std::string& url) {
    std::vector<Finding> out;
    examine_mongo(url, out);
    return out;
  }
  [[nodiscard]] static bool says(const std::vector<Finding>& findings, Finding::Kind kind,
                                 std::string_view part) {
    return std::ranges::any_of(findings, [&](const Finding& each) {
      return each.kind == kind && each.sentence.contains(part);
    });
  }

  std::unique_ptr<test::MongoDatabase> database;
};

TEST_F(DoctorOfStores, AnEmptyDatabaseIsFineAndStaysEmpty) {
  const auto findings = examine();
  EXPECT_TRUE(says(findings, Finding::Kind::good, "is empty; serving makes"));
  EXPECT_TRUE(says(findings, Finding::Kind::good, "clock and this machine's agree"));
  EXPECT_TRUE(std::ranges::none_of(
      findings, [](const Finding& each) { return each.kind == Finding::Kind::bad; }));
  const auto made = database->session().command(document("listCollections", 1));
  EXPECT_TRUE(adapters::mongo::View(made).document("cursor").documents("firstBatch").empty());
}

TEST_F(DoctorOfStores, WhatIsServedHasItsIndexes) {
  {
    const MongoStore store({.url = database->url(), .threads = 2});
  }
  EXPECT_TRUE(says(examine(), Finding::Kind::good, "has all its indexes"));
}

TEST_F(DoctorOfStores, AnIndexThatLacksOrIsWrongIsNamed) {
  {
    const MongoStore store({.url = database->url(), .threads = 2});
  }
  auto session = database->session();
  session.insert_one(adapters::mongo::kUsers, document("_id", "somebody", "username", "x"));
  session.command(document("dropIndexes", "messages", "index", "chatId_1_seq_1"));
  EXPECT_TRUE(says(examine(), Finding::Kind::warning, "messages.chatId_1_seq_1"));
  const std::vector<adapters::mongo::Document> plain{
      document("key", document("chatId", 1, "seq", 1), "name", "chatId_1_seq_1")};
  session.command(document("createIndexes", "messages", "indexes", plain));
  EXPECT_TRUE(says(examine(), Finding::Kind::bad, "messages.chatId_1_seq_1"))
      << "without its being unique two messages could have one number";
}

TEST_F(DoctorOfStores, AMigrationThatHasNotEndedIsTold) {
  database->session().insert_one(adapters::mongo::kMeta,
                                 document("_id", "migration", "isDone", false));
  EXPECT_TRUE(says(examine(), Finding::Kind::bad, "migration into the store has not ended"));
}

TEST_F(DoctorOfStores, WhatCannotBeReachedIsOneSentenceWithoutItsPassword) {
  const auto findings =
      findings_of("mongodb://somebody:a-secret@127.0.0.1:1/knotos?serverSelectionTimeoutMS=200");
  ASSERT_EQ(findings.size(), 1U);
  EXPECT_EQ(findings[0].kind, Finding::Kind::bad);
  EXPECT_EQ(findings[0].sentence, "Cannot use the store: no server can be reached there.");
  const auto invalid = findings_of("mongodb://somebody:a-secret@@:x");
  ASSERT_EQ(invalid.size(), 1U);
  EXPECT_FALSE(invalid[0].sentence.contains("a-secret"));
}

}  // namespace
}  // namespace knotos::app
