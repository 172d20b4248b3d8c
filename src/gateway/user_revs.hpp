#pragma once

#include "domain/ids.hpp"

#include <cstddef>
#include <optional>
#include <set>

namespace knotos::gateway {

/// Which private changes of one user this process has heard of: `userRev` is dense, so what is
/// missing shows. Of who forgets too much it is only said that something may be missing.
class UserRevs {
 public:
  /// Heard ahead of one that is missing; more are forgotten.
  static constexpr std::size_t kAheadMax = 256;

  /// Nothing up to `rev` is missing. The first call says where to begin.
  void reach(domain::UserRev rev);
  void hear(domain::UserRev rev);
  /// All of them up to `rev` were heard.
  [[nodiscard]] bool has_all(domain::UserRev rev) const { return complete_ && *complete_ >= rev; }

 private:
  void advance();

  std::optional<domain::UserRev> complete_;
  std::set<domain::UserRev> ahead_;
};

}  // namespace knotos::gateway
