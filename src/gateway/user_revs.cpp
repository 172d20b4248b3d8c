#include "gateway/user_revs.hpp"

#include <algorithm>
#include <iterator>

namespace knotos::gateway {

void UserRevs::reach(domain::UserRev rev) {
  complete_ = std::max(complete_.value_or(0), rev);
  advance();
}

void UserRevs::hear(domain::UserRev rev) {
  if (has_all(rev)) return;
  ahead_.insert(rev);
  if (complete_) advance();
  if (ahead_.size() > kAheadMax) ahead_.erase(std::prev(ahead_.end()));
}

void UserRevs::advance() {
  ahead_.erase(ahead_.begin(), ahead_.upper_bound(*complete_));
  while (!ahead_.empty() && *ahead_.begin() == *complete_ + 1) {
    complete_ = *ahead_.begin();
    ahead_.erase(ahead_.begin());
  }
}

}  // namespace knotos::gateway
