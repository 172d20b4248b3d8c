#pragma once

#include "adapters/mongo/client.hpp"

#include <string>
#include <vector>

namespace knotos::adapters::mongo {

/// An index that the queries of this room rest on. Each unique one begins with the shard key of its
/// collection, so that it holds over all shards.
struct Index {
  const char* collection;
  std::vector<std::pair<std::string, int>> keys;
  bool is_unique = false;
};

[[nodiscard]] const std::vector<Index>& all_indexes();
/// As MongoDB names it by itself: `chatId_1_rev_1`.
[[nodiscard]] std::string name_of(const Index& index);

/// Makes those that are not there. Throws Failure.
void make_indexes(Session& session);

}  // namespace knotos::adapters::mongo
