#pragma once

#include "adapters/mongo/client.hpp"

#include <cstdint>
#include <string>
#include <vector>

namespace knotos::adapters::mongo {

/// Throws std::runtime_error with one clear sentence where the deployment cannot be used: it is out
/// of reach, refuses the password, has no primary or is too old.
void check_deployment(Session& session);

enum class Topology : std::uint8_t { standalone, replica_set, sharded };

/// What somebody who looks at a deployment can see of it.
struct Deployment {
  std::string database;
  std::string version;
  Topology topology = Topology::standalone;
  std::chrono::milliseconds clock_ahead{0};  ///< Of this machine's clock; negative: behind it.
  bool has_data = false;
  bool is_half_moved = false;  ///< A migration into it was begun and has not ended.
  /// By collection and name.
  std::vector<std::string> missing_indexes;
  std::vector<std::string> wrong_indexes;  ///< There, and not as they have to be.
  std::vector<std::string> unsharded;      ///< With Topology::sharded: collections on one shard.
};

/// Changes nothing. Throws std::runtime_error as above.
[[nodiscard]] Deployment inspect(const std::string& url);

}  // namespace knotos::adapters::mongo
