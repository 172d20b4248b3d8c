#include "adapters/memory/memory_store.hpp"
#include "contract/world.hpp"

namespace knotos::contract {
namespace {

class MemoryWorld final : public World {
 public:
  ports::ChatLog& log() override { return store_; }
  ports::MessageStore& messages() override { return store_; }
  ports::ChatStore& chats() override { return store_; }
  ports::AccountStore& accounts() override { return store_; }
  ports::InviteStore& invites() override { return store_; }
  ports::PeopleStore& people() override { return store_; }
  ports::ChatStateStore& states() override { return store_; }
  ports::SyncStore& syncs() override { return store_; }
  void restart() override {}

 private:
  adapters::memory::MemoryStore store_;
};

}  // namespace

std::unique_ptr<World> make_memory_world() { return std::make_unique<MemoryWorld>(); }

}  // namespace knotos::contract
