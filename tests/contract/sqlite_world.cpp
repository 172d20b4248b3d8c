#include "adapters/sqlite/sqlite_store.hpp"
#include "contract/world.hpp"
#include "support/temporary_directory.hpp"

namespace knotos::contract {
namespace {

class SqliteWorld final : public World {
 public:
  SqliteWorld() { open(); }

  ports::ChatLog& log() override { return *store_; }
  ports::MessageStore& messages() override { return *store_; }
  ports::ChatStore& chats() override { return *store_; }
  ports::AccountStore& accounts() override { return *store_; }
  ports::InviteStore& invites() override { return *store_; }
  ports::PeopleStore& people() override { return *store_; }
  ports::ChatStateStore& states() override { return *store_; }
  ports::SyncStore& syncs() override { return *store_; }
  void restart() override {
    store_.reset();
    open();
  }

 private:
  void open() {
    store_ = std::make_unique<adapters::sqlite::SqliteStore>(adapters::sqlite::SqliteStore::Options{
        .directory = directory_.path(), .writer = {}, .checkpoints = {}});
  }

  test::TemporaryDirectory directory_;
  std::unique_ptr<adapters::sqlite::SqliteStore> store_;
};

}  // namespace

std::unique_ptr<World> make_sqlite_world() { return std::make_unique<SqliteWorld>(); }

}  // namespace knotos::contract
