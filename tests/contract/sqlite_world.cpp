#include "adapters/sqlite/sqlite_store.hpp"
#include "contract/store_world.hpp"
#include "support/temporary_directory.hpp"

namespace knotos::contract {

using adapters::sqlite::SqliteStore;

std::unique_ptr<World> make_sqlite_world() {
  const auto directory = std::make_shared<test::TemporaryDirectory>();
  return std::make_unique<StoreWorld<SqliteStore>>([directory] {
    return std::make_unique<SqliteStore>(
        SqliteStore::Options{.directory = directory->path(), .writer = {}, .checkpoints = {}});
  });
}

}  // namespace knotos::contract
