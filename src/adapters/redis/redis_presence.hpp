#pragma once

#include "adapters/redis/servers.hpp"
#include "ports/presence_board.hpp"

#include <memory>
#include <string>

namespace knotos::adapters::redis {

/// Who is there, as a hash for each user: by process what it says and until when it holds, by the
/// server's own clock. Each word is one script, so that nobody reads half of it; the hash expires
/// with the last of them.
class RedisPresenceBoard final : public ports::PresenceBoard {
 public:
  /// `process`: another one in each process.
  RedisPresenceBoard(Servers& servers, std::string process)
      : servers_(servers), process_(std::move(process)) {}

  [[nodiscard]] Task<Result<void>> post(std::vector<Entry> entries,
                                        std::chrono::milliseconds lifetime) override;
  [[nodiscard]] Task<Result<std::vector<ports::PresenceState>>> read(
      std::vector<domain::UserId> users) override;

 private:
  Servers& servers_;
  std::string process_;
};

}  // namespace knotos::adapters::redis
