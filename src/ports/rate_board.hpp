#pragma once

#include "base/error.hpp"

#include <chrono>
#include <cstdint>
#include <functional>
#include <string_view>

namespace knotos::ports {

/// What the processes of a fleet have let each user do, added up: by the name of a rate and the key
/// of a user, the time until they are at rest. It runs down by itself. Any thread may call.
class RateBoard {
 public:
  virtual ~RateBoard() = default;

  using Heard = std::move_only_function<void(Result<std::chrono::milliseconds> owed)>;

  /// Adds `spent` to what the key owes and answers how much that is now, in one step for all
  /// processes. Answers once, on any thread, perhaps before it returns; what was asked and not
  /// answered when the board ends is forgotten. Errors: overloaded, store_unavailable; then `spent`
  /// may have been added or not.
  virtual void spend(std::string_view rate, std::uint64_t key, std::chrono::milliseconds spent,
                     Heard heard) = 0;
};

}  // namespace knotos::ports
