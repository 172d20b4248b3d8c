#include "app/doctor_store.hpp"

#include "adapters/mongo/deployment.hpp"

#include <algorithm>
#include <chrono>
#include <exception>
#include <string>
#include <utility>

namespace knotos::app {
namespace {

using adapters::mongo::Deployment;
using adapters::mongo::Topology;
using Kind = Finding::Kind;

/// Farther apart they show in the times of messages.
constexpr auto kClockNear = std::chrono::seconds(2);
/// Farther apart what a dead process left may be missed.
constexpr auto kClockFar = std::chrono::seconds(60);

std::string join(const std::vector<std::string>& names) {
  std::string joined;
  for (const auto& each : names) joined += (joined.empty() ? "" : ", ") + each;
  return joined;
}

Finding of_topology(const Deployment& store) {
  const auto name = "MongoDB " + store.version;
  switch (store.topology) {
    case Topology::replica_set:
      return {Kind::good, name + " answers, a replica set with a primary."};
    case Topology::sharded:
      return {Kind::good, name + " answers, a sharded cluster."};
    case Topology::standalone:
      break;
  }
  return {Kind::warning, name + " answers, a single server: what it loses, nobody else has."};
}

Finding of_clock(const Deployment& store) {
  const auto apart = std::chrono::abs(store.clock_ahead);
  if (apart < kClockNear) return {Kind::good, "The store's clock and this machine's agree."};
  const auto seconds =
      std::to_string(std::chrono::duration_cast<std::chrono::seconds>(apart).count());
  return {apart < kClockFar ? Kind::warning : Kind::bad,
          "The store's clock is " + seconds + " seconds " +
              (store.clock_ahead.count() > 0 ? "ahead of" : "behind") +
              " this machine's: set them by one source (chrony, NTP)."};
}

Finding of_indexes(const Deployment& store) {
  if (!store.wrong_indexes.empty()) {
    return {Kind::bad, "Indexes of the store are not as they must be: " +
                           join(store.wrong_indexes) + "; drop them, serving makes them anew."};
  }
  if (store.missing_indexes.empty()) return {Kind::good, "The store has all its indexes."};
  if (!store.has_data) {
    return {Kind::good,
            "The database " + store.database + " is empty; serving makes what it needs in it."};
  }
  return {Kind::warning,
          "The store lacks indexes: " + join(store.missing_indexes) + "; serving makes them."};
}

}  // namespace

void examine_mongo(const std::string& url, std::vector<Finding>& out) {
  try {
    const auto store = adapters::mongo::inspect(url);
    out.push_back(of_topology(store));
    out.push_back(of_clock(store));
    out.push_back(of_indexes(store));
    if (store.is_half_moved) {
      out.push_back({Kind::bad, "A migration into the store has not ended: run it again."});
    }
    if (!store.unsharded.empty()) {
      out.push_back({Kind::warning, "These collections are on one shard alone: " +
                                        join(store.unsharded) + " (docs/guides/mongodb.md)."});
    }
  } catch (const std::exception& failure) {
    std::string sentence = failure.what();
    if (!sentence.empty() && sentence.front() == 'c') sentence.front() = 'C';
    out.push_back({Kind::bad, sentence + "."});
  }
}

}  // namespace knotos::app
