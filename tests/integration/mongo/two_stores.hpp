#pragma once

#include "adapters/mongo/log_writer.hpp"
#include "adapters/mongo/mongo_store.hpp"
#include "contract/scene.hpp"
#include "contract/store_world.hpp"
#include "support/mongo_database.hpp"

#include <memory>
#include <string>
#include <utility>
#include <vector>

namespace knotos::adapters::mongo {

/// Two processes on one database. What one of them would have left on its way is put there past
/// both.
class TwoStores : public testing::Test {
 protected:
  using StoreWorld = contract::StoreWorld<MongoStore>;

  void SetUp() override {
    const auto& server = test::mongo_server();
    if (server.url.empty()) GTEST_SKIP() << "no MongoDB: " << server.reason;
    database = std::make_unique<test::MongoDatabase>();
    const auto open = [url = database->url()] {
      return std::make_unique<MongoStore>(MongoStore::Options{.url = url, .threads = 4});
    };
    one = std::make_unique<StoreWorld>(open);
    other = std::make_unique<StoreWorld>(open);
    scene = std::make_unique<contract::Scene>(*one);
    ann = scene->user("ann");
    bob = scene->user("bob");
    chat = scene->direct(ann, bob);
  }

  void TearDown() override {
    other.reset();
    one.reset();
  }

  /// As a process that dies between the insert and the apply.
  void insert_and_die(const std::vector<domain::LogEntry>& entries) {
    std::vector<Document> documents;
    for (const auto& each : entries) documents.push_back(entry_document(each, 0));
    ASSERT_EQ(database->session().insert(kMessages, documents).inserted, entries.size());
  }

  [[nodiscard]] ports::LoadedChat load_by(StoreWorld& store, domain::ChatId id,
                                          std::vector<domain::UserId> users = {}) {
    auto loaded = store.run(store.log().load(id, std::move(users)));
    EXPECT_TRUE(loaded);
    return loaded.value_or(ports::LoadedChat{});
  }

  /// Both at once.
  [[nodiscard]] std::pair<ports::AppendStatus, ports::AppendStatus> race(
      domain::ChatId id, domain::Rev at_rev, std::vector<domain::LogEntry> by_one,
      std::vector<domain::LogEntry> by_other) {
    std::vector<Task<ports::AppendOutcome>> tasks;
    tasks.push_back(one->log().append(id, at_rev, std::move(by_one)));
    tasks.push_back(other->log().append(id, at_rev, std::move(by_other)));
    const auto outcomes = one->run_all(std::move(tasks));
    return {outcomes[0].status, outcomes[1].status};
  }

  [[nodiscard]] domain::MessageEntry removal_of(domain::ChatId group, domain::UserId user) {
    const auto before = scene->load(group);
    auto entry = scene->system_entry(before, ann, "member_removed");
    entry.memberships = {{.user_id = user, .is_member = false}};
    entry.patch.member_count = before.chat.member_count - 1;
    return entry;
  }

  std::unique_ptr<test::MongoDatabase> database;
  std::unique_ptr<StoreWorld> one;
  std::unique_ptr<StoreWorld> other;
  std::unique_ptr<contract::Scene> scene;
  domain::UserId ann;
  domain::UserId bob;
  domain::ChatId chat;
};

/// Exactly one of two appends at one place may succeed, and the other must have written nothing.
inline bool one_won(std::pair<ports::AppendStatus, ports::AppendStatus> statuses) {
  using enum ports::AppendStatus;
  return statuses == std::pair(appended, place_taken) ||
         statuses == std::pair(place_taken, appended);
}

}  // namespace knotos::adapters::mongo
