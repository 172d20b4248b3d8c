#pragma once

#include "base/error.hpp"
#include "base/task.hpp"
#include "domain/user.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace knotos::ports {

/// What a user changes of themselves; what is not there stays.
struct ProfilePatch {
  std::optional<std::string> display_name;
  std::optional<std::string> about;
};

struct PrivacyPatch {
  std::optional<domain::Audience> last_seen;
  std::optional<domain::Audience> direct_messages;
  std::optional<domain::Audience> group_invites;
};

/// How one user stands to another, read in one go.
struct Relation {
  bool exists = false;       ///< The other is a user, whose account is not deleted.
  bool has_blocked = false;  ///< The other has blocked the one.
  bool is_blocked = false;   ///< The one has blocked the other.
  bool is_contact = false;   ///< The one is among the other's contacts: what their privacy goes by.
  domain::Privacy privacy;   ///< The other's.
};

/// A user in another's contacts or blocks, since when.
struct Acquaintance {
  domain::User user;
  Time since;
};

struct AcquaintancePosition {
  Time since;
  domain::UserId user_id;
};

struct AcquaintancePage {
  std::vector<Acquaintance> people;
  bool has_more = false;
};

/// How users stand to each other: what every write in a direct chat asks, so a port of its own. Any
/// thread may call.
class Relations {
 public:
  virtual ~Relations() = default;

  /// Of `one` to `other`; unknown users have no relation and do not exist. Errors of both:
  /// store_unavailable.
  [[nodiscard]] virtual Task<Result<Relation>> relation(domain::UserId one,
                                                        domain::UserId other) = 0;
  /// The same to many at once (at most 1,024), in their order: one read.
  [[nodiscard]] virtual Task<Result<std::vector<Relation>>> relations(
      domain::UserId one, std::vector<domain::UserId> others) = 0;
};

/// Profiles, privacy, contacts and blocks. A change raises the owner's `userRev` and writes the
/// store's time of it first; one that stands already writes nothing and answers nullopt. Any thread
/// may call.
class PeopleStore : public Relations {
 public:
  /// What `userRev` is now. Errors of all: not_found (no such user), store_unavailable.
  [[nodiscard]] virtual Task<Result<domain::UserRev>> user_rev(domain::UserId user) = 0;

  [[nodiscard]] virtual Task<Result<std::optional<domain::UserRev>>> update_profile(
      domain::UserId user, ProfilePatch patch) = 0;
  [[nodiscard]] virtual Task<Result<domain::Privacy>> privacy(domain::UserId user) = 0;
  [[nodiscard]] virtual Task<Result<std::optional<domain::UserRev>>> update_privacy(
      domain::UserId user, PrivacyPatch patch) = 0;

  /// Putting: errors: not_found also where the other is none or is deleted; conflict (there are
  /// `domain::kContactsMax`, `domain::kBlocksMax` already).
  [[nodiscard]] virtual Task<Result<std::optional<domain::UserRev>>> put_contact(
      domain::UserId owner, domain::UserId other, Time now) = 0;
  [[nodiscard]] virtual Task<Result<std::optional<domain::UserRev>>> remove_contact(
      domain::UserId owner, domain::UserId other) = 0;
  [[nodiscard]] virtual Task<Result<std::optional<domain::UserRev>>> put_block(domain::UserId owner,
                                                                               domain::UserId other,
                                                                               Time now) = 0;
  [[nodiscard]] virtual Task<Result<std::optional<domain::UserRev>>> remove_block(
      domain::UserId owner, domain::UserId other) = 0;
  /// nullopt: no contact of theirs.
  [[nodiscard]] virtual Task<Result<std::optional<Acquaintance>>> contact(domain::UserId owner,
                                                                          domain::UserId other) = 0;
  /// Oldest first.
  [[nodiscard]] virtual Task<Result<AcquaintancePage>> contacts(
      domain::UserId owner, std::optional<AcquaintancePosition> after, std::size_t limit) = 0;
  [[nodiscard]] virtual Task<Result<AcquaintancePage>> blocks(
      domain::UserId owner, std::optional<AcquaintancePosition> after, std::size_t limit) = 0;

  /// When the user was last active. Never falls; raises no `userRev`.
  [[nodiscard]] virtual Task<Result<void>> see(domain::UserId user, Time at) = 0;
  /// nullopt: never.
  [[nodiscard]] virtual Task<Result<std::optional<Time>>> last_seen(domain::UserId user) = 0;

  /// The account goes: name, about, password, devices, contacts, blocks; the id stays, so that
  /// orders and counters hold, and the username is never given again. What the user wrote is for
  /// the caller to erase, by the logs. Again: a success that writes nothing.
  [[nodiscard]] virtual Task<Result<void>> delete_account(domain::UserId user) = 0;
};

}  // namespace knotos::ports
