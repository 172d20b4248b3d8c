#pragma once

#include "adapters/mongo/client.hpp"
#include "support/test_server.hpp"

#include <string>

namespace knotos::test {

/// A database of its own in the tests' MongoDB, dropped at the end.
class MongoDatabase {
 public:
  MongoDatabase() : clients_({.url = url_, .clients_max = 4}) {}
  ~MongoDatabase() { session().command(adapters::mongo::document("dropDatabase", 1)); }
  MongoDatabase(const MongoDatabase&) = delete;
  MongoDatabase& operator=(const MongoDatabase&) = delete;

  [[nodiscard]] const std::string& url() const { return url_; }
  /// Past every store: what lies there, and what a process would have left.
  [[nodiscard]] adapters::mongo::Session session() { return clients_.session(); }

 private:
  std::string url_ = fresh_mongo_url();
  adapters::mongo::Clients clients_;
};

}  // namespace knotos::test
