#pragma once

#include "adapters/mongo/mongo_store.hpp"
#include "adapters/sqlite/sqlite_store.hpp"
#include "app/config.hpp"

#include <optional>

namespace knotos::app {

/// What is durable: SQLite in the data directory, or a MongoDB deployment. Outlived by nobody who
/// awaits it.
class Storage {
 public:
  /// Throws std::runtime_error with one clear sentence where the store cannot be used.
  explicit Storage(const Config& config);

  [[nodiscard]] ports::ChatLog& log() { return as<ports::ChatLog>(); }
  [[nodiscard]] ports::MessageStore& messages() { return as<ports::MessageStore>(); }
  [[nodiscard]] ports::ChatStore& chats() { return as<ports::ChatStore>(); }
  [[nodiscard]] ports::AccountStore& accounts() { return as<ports::AccountStore>(); }
  [[nodiscard]] ports::InviteStore& invites() { return as<ports::InviteStore>(); }
  [[nodiscard]] ports::PeopleStore& people() { return as<ports::PeopleStore>(); }
  [[nodiscard]] ports::ChatStateStore& states() { return as<ports::ChatStateStore>(); }
  [[nodiscard]] ports::SyncStore& syncs() { return as<ports::SyncStore>(); }

  /// False: nothing can be stored for now. Any thread.
  [[nodiscard]] bool accepts_writes();

 private:
  template <class Port>
  [[nodiscard]] Port& as() {
    if (mongo_) return *mongo_;
    return *sqlite_;
  }

  // One of them is there.
  std::optional<adapters::sqlite::SqliteStore> sqlite_;
  std::optional<adapters::mongo::MongoStore> mongo_;
};

}  // namespace knotos::app
