#include "adapters/mongo/mongo_store.hpp"
#include "contract/scene.hpp"
#include "contract/store_world.hpp"
#include "support/free_port.hpp"
#include "support/temporary_directory.hpp"
#include "support/test_server.hpp"

#include <chrono>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <thread>
#include <vector>

// The store is killed and comes back: what was acked is there, once.
namespace knotos::adapters::mongo {
namespace {

using ports::AppendStatus;

/// A server that keeps its data, and is killed and started again on its port.
class MortalServer {
 public:
  MortalServer() { start(); }
  MortalServer(const MortalServer&) = delete;
  MortalServer& operator=(const MortalServer&) = delete;
  ~MortalServer() { kill_now(); }

  /// False: it cannot be had, and `reason` tells why.
  [[nodiscard]] bool is_there() const { return !server_->url().empty(); }
  [[nodiscard]] const std::string& reason() const { return server_->reason(); }
  [[nodiscard]] std::string url() const {
    return "mongodb://127.0.0.1:" + port_ + "/knotos?serverSelectionTimeoutMS=1000";
  }

  void start() {
    server_.emplace(
        std::vector<std::string>{"tests/servers/ferretdb.sh", directory_.path(), port_});
  }
  void kill_now() { server_->kill_now(); }

 private:
  test::TemporaryDirectory directory_;
  std::string port_ = std::to_string(test::free_port());
  std::optional<test::TestServer> server_;
};

/// For what comes in its own time; so long that only what never comes is missed.
bool comes(const std::function<bool()>& is_there) {
  for (int times = 0; times < 1'500; ++times) {
    if (is_there()) return true;
    std::this_thread::sleep_for(std::chrono::milliseconds(20));
  }
  return false;
}

class Outage : public testing::Test {
 protected:
  void SetUp() override {
#if __has_feature(thread_sanitizer)
    GTEST_SKIP() << "the driver is not built for it, so what it reports there says nothing of ours";
#endif
    if (!server.is_there()) GTEST_SKIP() << "no FerretDB: " << server.reason();
    world = std::make_unique<contract::StoreWorld<MongoStore>>([this] {
      auto made =
          std::make_unique<MongoStore>(MongoStore::Options{.url = server.url(), .threads = 4});
      store = made.get();
      return made;
    });
    scene = std::make_unique<contract::Scene>(*world);
    ann = scene->user("ann");
    chat = scene->direct(ann, scene->user("bob"));
  }

  /// One message, as a service sends it: what is unknown is looked up. True: it is acked.
  bool send(const std::string& key) {
    auto loaded = world->run(world->log().load(chat, {ann}));
    if (!loaded) return false;
    const auto at_rev = loaded->chat.last_rev;
    const auto outcome = scene->append(chat, at_rev, scene->entries(*loaded, ann, {key}));
    if (outcome.status == AppendStatus::appended) return true;
    if (outcome.status != AppendStatus::unknown && outcome.status != AppendStatus::key_taken) {
      return false;
    }
    const auto found = world->run(world->messages().find_by_key(chat, ann, key));
    return found && found->has_value();
  }

  MortalServer server;
  MongoStore* store = nullptr;
  std::unique_ptr<contract::StoreWorld<MongoStore>> world;
  std::unique_ptr<contract::Scene> scene;
  domain::UserId ann;
  domain::ChatId chat;
};

TEST_F(Outage, WhatWasAckedIsThereOnceAfterEachKill) {
  std::set<std::string> acked;
  for (int life = 0; life < 3; ++life) {
    // Killed under load, at whatever moment.
    std::thread killer([this, life] {
      std::this_thread::sleep_for(std::chrono::milliseconds(150 + 37 * life));
      server.kill_now();
    });
    bool was_refused = false;
    for (int count = 0; !was_refused; ++count) {
      const auto key = std::to_string(life) + "-" + std::to_string(count);
      was_refused = !send(key);
      if (!was_refused) acked.insert(key);
    }
    killer.join();
    // A beat that was answered just before may still be told after.
    EXPECT_TRUE(comes([this] { return !store->accepts_writes(); }));
    server.start();
    ASSERT_TRUE(server.is_there()) << server.reason();
    EXPECT_TRUE(comes([this] { return store->accepts_writes(); }))
        << "that it is back must be seen without anybody's asking";
  }
  EXPECT_GT(acked.size(), 3U) << "it was never at work";
  EXPECT_TRUE(comes([this] { return send("at last"); }));
  acked.insert("at last");
  std::map<std::string, int> stored;
  domain::Seq seq = 0;
  for (const auto& message : scene->all_messages(chat)) {
    EXPECT_EQ(message.seq, ++seq);
    ++stored[message.client_message_id];
  }
  for (const auto& key : acked) EXPECT_EQ(stored[key], 1) << key;
  for (const auto& [key, times] : stored) EXPECT_EQ(times, 1) << key;
  const auto loaded = scene->load(chat, {ann});
  EXPECT_EQ(loaded.chat.last_seq, seq);
  EXPECT_EQ(loaded.states.at(0).own_count, seq);
}

TEST_F(Outage, WhatIsAskedMeanwhileIsUnavailableAndNothingElse) {
  server.kill_now();
  const auto loaded = world->run(world->log().load(chat, {ann}));
  ASSERT_FALSE(loaded);
  EXPECT_EQ(loaded.error().code, Errc::store_unavailable);
  const auto page = world->run(world->messages().history(chat, {}));
  ASSERT_FALSE(page);
  EXPECT_EQ(page.error().code, Errc::store_unavailable);
  EXPECT_FALSE(store->accepts_writes());
}

}  // namespace
}  // namespace knotos::adapters::mongo
