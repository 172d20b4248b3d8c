#include "adapters/memory/memory_store.hpp"
#include "contract/store_world.hpp"

namespace knotos::contract {
namespace {

using adapters::memory::MemoryStore;

class MemoryWorld final : public StoreWorld<MemoryStore> {
 public:
  MemoryWorld() : StoreWorld([] { return std::make_unique<MemoryStore>(); }) {}
  void restart() override {}
};

}  // namespace

std::unique_ptr<World> make_memory_world() { return std::make_unique<MemoryWorld>(); }

}  // namespace knotos::contract
