#pragma once

#include "base/error.hpp"
#include "domain/ids.hpp"
#include "ports/world.hpp"
#include "services/rate_limiter.hpp"

#include <array>
#include <cstdint>
#include <memory>
#include <string_view>

namespace knotos::services {

/// What a user does besides sending messages, in kinds that are counted apart: somebody who files
/// much away may still read.
enum class RateKind : std::uint8_t {
  marks,    ///< Delivered and read.
  state,    ///< Archive, pin, mute, draft, clear, hide.
  chats,    ///< New chats.
  people,   ///< Profile, privacy, contacts, blocks.
  sync,     ///< Sync and verify.
  account,  ///< Export and deletion.
  members,  ///< Members, roles and invites; the titles of groups.
  changes,  ///< Reactions, pins and deletions. Edits count as messages.
};

inline constexpr std::size_t kRateKinds = 8;

/// Also the name of its setting, after `rate-`, and of its policy in headers.
[[nodiscard]] std::string_view name_of(RateKind kind);

struct UserRateLimits {
  Rate marks{2'000, std::chrono::seconds(10), 0};
  Rate state{500, std::chrono::seconds(10), 0};
  Rate chats{2'000, std::chrono::seconds(60), 0};
  Rate people{500, std::chrono::seconds(10), 0};
  Rate sync{500, std::chrono::seconds(10), 0};
  Rate account{60, std::chrono::seconds(60), 0};
  Rate members{2'000, std::chrono::seconds(60), 0};
  Rate changes{1'000, std::chrono::seconds(10), 0};
};

/// Counts what each user does, over all devices and both transports. Any thread.
class UserRates {
 public:
  /// `board`: where the fleet counts together; null: this process counts alone.
  UserRates(UserRateLimits limits, const ports::Clock& clock, ports::RateBoard* board);

  [[nodiscard]] const Rate& rate(RateKind kind) const { return limiter(kind).rate(); }

  /// Counts one, if it is allowed.
  [[nodiscard]] RateLimiter::Verdict take(RateKind kind, domain::UserId user);
  /// The same, where nobody asks how many are left. Errors: rate_limited, with `retry_after`.
  [[nodiscard]] Result<void> check(RateKind kind, domain::UserId user);

 private:
  [[nodiscard]] RateLimiter& limiter(RateKind kind) const {
    return *limiters_[static_cast<std::size_t>(kind)];
  }

  const ports::Clock& clock_;
  std::array<std::unique_ptr<RateLimiter>, kRateKinds> limiters_;
};

/// What a refusal by a rate answers.
[[nodiscard]] Error rate_error(const RateLimiter::Verdict& verdict);

}  // namespace knotos::services
