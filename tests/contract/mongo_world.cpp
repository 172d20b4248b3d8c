#include "adapters/mongo/mongo_store.hpp"
#include "contract/store_world.hpp"
#include "support/test_server.hpp"

namespace knotos::contract {
namespace {

using adapters::mongo::MongoStore;

/// A database of its own, dropped at the end.
class FreshDatabase {
 public:
  FreshDatabase() = default;
  ~FreshDatabase() {
    adapters::mongo::Clients clients({.url = url_});
    auto session = clients.session();
    session.command(adapters::mongo::document("dropDatabase", 1));
  }
  FreshDatabase(const FreshDatabase&) = delete;
  FreshDatabase& operator=(const FreshDatabase&) = delete;

  [[nodiscard]] const std::string& url() const { return url_; }

 private:
  std::string url_ = test::fresh_mongo_url();
};

std::unique_ptr<World> make_mongo_world() {
  const auto database = std::make_shared<FreshDatabase>();
  return std::make_unique<StoreWorld<MongoStore>>([database] {
    return std::make_unique<MongoStore>(MongoStore::Options{.url = database->url(), .threads = 8});
  });
}

TEST(MongoServer, IsThereForTheContracts) {
  const auto& server = test::mongo_server();
  if (server.url.empty()) GTEST_SKIP() << "no MongoDB: " << server.reason;
  EXPECT_TRUE(server.url.starts_with("mongodb://"));
}

}  // namespace

std::vector<Adapter> mongo_adapters() {
  if (test::mongo_server().url.empty()) return {};
  return {{"Mongo", make_mongo_world}};
}

}  // namespace knotos::contract
