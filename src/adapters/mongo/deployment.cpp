#include "adapters/mongo/deployment.hpp"

#include "adapters/mongo/documents.hpp"
#include "adapters/mongo/failure.hpp"
#include "adapters/mongo/indexes.hpp"
#include "adapters/mongo/mongo_archive.hpp"

#include <algorithm>
#include <map>
#include <set>
#include <stdexcept>

namespace knotos::adapters::mongo {
namespace {

/// 3.6: the first whose writes can be told apart when they are sent again.
constexpr std::uint64_t kWireVersionMin = 6;

Topology topology_of(const View& hello) {
  if (hello.text("msg") == "isdbgrid") return Topology::sharded;
  return hello.has("setName") ? Topology::replica_set : Topology::standalone;
}

/// By name, whether it is unique. None where there is no such collection.
std::map<std::string, bool> indexes_of(Session& session, const std::string& collection) {
  const auto named = session.command(
      document("listCollections", 1, "nameOnly", true, "filter", document("name", collection)));
  if (View(named).document("cursor").documents("firstBatch").empty()) return {};
  const auto listed = session.command(document("listIndexes", collection));
  std::map<std::string, bool> indexes;
  for (const auto& each : View(listed).document("cursor").documents("firstBatch")) {
    indexes.emplace(each.text("name"), each.flag("unique"));
  }
  return indexes;
}

void look_at_indexes(Session& session, Deployment& deployment) {
  std::map<std::string, std::map<std::string, bool>> there;
  for (const auto& index : all_indexes()) {
    const std::string collection = index.collection;
    if (!there.contains(collection)) there.emplace(collection, indexes_of(session, collection));
    const auto& indexes = there.at(collection);
    const auto found = indexes.find(name_of(index));
    const auto name = collection + "." + name_of(index);
    if (found == indexes.end()) {
      deployment.missing_indexes.push_back(name);
    } else if (found->second != index.is_unique) {
      deployment.wrong_indexes.push_back(name);
    }
  }
}

void look_at_shards(Session& session, Deployment& deployment) {
  std::set<std::string> collections;
  for (const auto& index : all_indexes()) collections.insert(index.collection);
  for (const auto& each : collections) {
    if (session.count(each.c_str(), Document(), 1) == 0) continue;
    const auto stats = session.command(document("collStats", each));
    if (!View(stats).flag("sharded")) deployment.unsharded.push_back(each);
  }
}

Document greeted(Session& session) {
  std::string why;
  Document hello;
  if (!session.greet(why, hello)) throw std::runtime_error("cannot use the store: " + why);
  if (View(hello).count("maxWireVersion") < kWireVersionMin) {
    throw std::runtime_error("cannot use the store: MongoDB is older than 3.6");
  }
  return hello;
}

}  // namespace

void check_deployment(Session& session) { (void)greeted(session); }

Deployment inspect(const std::string& url) {
  Clients clients({.url = url, .clients_max = 1});
  auto session = clients.session();
  Deployment deployment{.database = clients.database(), .version = {}};
  try {
    const auto hello = greeted(session);
    const auto now = now_utc();
    deployment.clock_ahead = View(hello).time("localTime") - now;
    deployment.topology = topology_of(hello);
    const auto build = session.command(document("buildInfo", 1));
    deployment.version = View(build).text("version");
    deployment.has_data = session.count(kUsers, Document(), 1) > 0;
    deployment.is_half_moved = is_half_moved(session);
    look_at_indexes(session, deployment);
    if (deployment.topology == Topology::sharded) look_at_shards(session, deployment);
  } catch (const Failure& failure) {
    throw std::runtime_error(std::string("cannot use the store: ") + failure.what());
  }
  return deployment;
}

}  // namespace knotos::adapters::mongo
