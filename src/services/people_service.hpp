#pragma once

#include "base/error.hpp"
#include "base/task.hpp"
#include "ports/account_store.hpp"
#include "ports/bus.hpp"
#include "ports/people_store.hpp"
#include "ports/world.hpp"

#include <optional>

namespace knotos::services {

/// Profiles, privacy, contacts and blocks. Every change is told to all of the user's devices.
/// Stateless, so all shards share one instance.
class PeopleService {
 public:
  struct Ports {
    ports::AccountStore& accounts;
    ports::PeopleStore& people;
    ports::Bus& bus;
    const ports::Clock& clock;
  };

  /// Users as they see themselves.
  struct Me {
    domain::User user;
    domain::Privacy privacy;
    domain::UserRev user_rev = 0;
  };

  /// A user as another sees them.
  struct Seen {
    domain::User user;
    std::optional<Time> last_seen_at;
  };

  explicit PeopleService(Ports ports) : ports_(ports) {}

  // Errors of all: not_found (no such user), store_unavailable.

  [[nodiscard]] Task<Result<Me>> me(domain::UserId user);
  /// Errors: validation_failed at /displayName, /about.
  [[nodiscard]] Task<Result<Me>> update_profile(domain::UserId user, ports::ProfilePatch patch);
  [[nodiscard]] Task<Result<Me>> update_privacy(domain::UserId user, ports::PrivacyPatch patch);

  /// Also users whose account is deleted: nothing but their id is left of them.
  [[nodiscard]] Task<Result<Seen>> user(domain::UserId viewer, domain::UserId user);

  // Errors of putting: validation_failed at /userId (oneself), conflict (too many).

  [[nodiscard]] Task<Result<void>> put_contact(domain::UserId owner, domain::UserId other);
  [[nodiscard]] Task<Result<void>> remove_contact(domain::UserId owner, domain::UserId other);
  [[nodiscard]] Task<Result<void>> put_block(domain::UserId owner, domain::UserId other);
  [[nodiscard]] Task<Result<void>> remove_block(domain::UserId owner, domain::UserId other);
  /// Errors: not_found (also: no contact of theirs).
  [[nodiscard]] Task<Result<ports::Acquaintance>> contact(domain::UserId owner,
                                                          domain::UserId other);
  [[nodiscard]] Task<Result<ports::AcquaintancePage>> contacts(
      domain::UserId owner, std::optional<ports::AcquaintancePosition> after, std::size_t limit);
  [[nodiscard]] Task<Result<ports::AcquaintancePage>> blocks(
      domain::UserId owner, std::optional<ports::AcquaintancePosition> after, std::size_t limit);

 private:
  using Raised = Result<std::optional<domain::UserRev>>;
  /// Tells the user's devices, if it was a change.
  [[nodiscard]] Result<void> tell(domain::UserId user, ports::SettingsKind kind, Raised raised);

  Ports ports_;
};

/// Whether presence and last-seen of one are for the other, and the other way round: `there` is how
/// the one stands to the other, `back` the reverse. It is mutual: who hides the own sees nobody's.
[[nodiscard]] bool see_each_other(const ports::Relation& there, const ports::Relation& back);

}  // namespace knotos::services
