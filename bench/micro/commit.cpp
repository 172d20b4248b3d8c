// A batch of messages into SQLite, from the call to the commit on disk.
#include "adapters/sqlite/sqlite_store.hpp"
#include "contract/scene.hpp"

#include <benchmark/benchmark.h>

#include <string>
#include <vector>

namespace knotos {
namespace {

void BM_CommitBatch(benchmark::State& state) {
  const auto world = contract::make_sqlite_world();
  contract::Scene scene(*world);
  const auto ann = scene.user("ann");
  const auto chat = scene.group({ann, scene.user("bob")});
  std::size_t number = 0;
  for (auto _ : state) {
    state.PauseTiming();
    std::vector<std::string> keys;
    for (std::int64_t i = 0; i < state.range(0); ++i) keys.push_back(std::to_string(++number));
    const auto before = scene.load(chat, {ann});
    auto entries = scene.entries(before, ann, keys);
    state.ResumeTiming();
    benchmark::DoNotOptimize(scene.append(chat, before.chat.last_rev, std::move(entries)));
  }
  state.SetItemsProcessed(state.iterations() * state.range(0));
}
// What a commit costs is the disk's affair: CPU time is what to look at.
BENCHMARK(BM_CommitBatch)->Arg(1)->Arg(16)->Arg(256)->MeasureProcessCPUTime();

}  // namespace
}  // namespace knotos
