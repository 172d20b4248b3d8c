#pragma once

#include "base/error.hpp"
#include "base/task.hpp"
#include "domain/ids.hpp"

#include <cstdint>
#include <vector>

namespace knotos::ports {

enum class PresenceState : std::uint8_t { offline, away, online };

/// Who is there, over all gateways. A gateway says so again and again; what it does not repeat
/// expires, so a dead gateway's users go offline. A hint, as the bus is: never a promise. Any
/// thread may call. Errors of all: overloaded, store_unavailable.
class PresenceBoard {
 public:
  virtual ~PresenceBoard() = default;

  /// This process's users, present until `lifetime` from now; online wins over away, and any
  /// process's word over none. `offline` takes this process's word back.
  struct Entry {
    domain::UserId user_id;
    PresenceState state = PresenceState::offline;
  };
  [[nodiscard]] virtual Task<Result<void>> post(std::vector<Entry> entries,
                                                std::chrono::milliseconds lifetime) = 0;

  /// In the order of the question.
  [[nodiscard]] virtual Task<Result<std::vector<PresenceState>>> read(
      std::vector<domain::UserId> users) = 0;
};

}  // namespace knotos::ports
