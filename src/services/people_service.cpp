#include "services/people_service.hpp"

#include <utility>

namespace knotos::services {
namespace {

using domain::UserId;

/// Whether the other of `relation` lets the one see when they are there.
bool lets_see(const ports::Relation& relation) {
  if (!relation.exists || relation.has_blocked) return false;
  switch (relation.privacy.last_seen) {
    case domain::Audience::everyone:
      return true;
    case domain::Audience::contacts:
      return relation.is_contact;
    case domain::Audience::nobody:
      return false;
  }
  return false;
}

std::unexpected<Error> no_such_user() { return fail(Errc::not_found, "There is no such user."); }

std::unexpected<Error> oneself(std::string detail) {
  return fail_field("/userId", "not-allowed", std::move(detail));
}

}  // namespace

bool see_each_other(const ports::Relation& there, const ports::Relation& back) {
  return lets_see(there) && lets_see(back);
}

Task<Result<PeopleService::Me>> PeopleService::me(UserId user) {
  auto found = co_await ports_.accounts.find_user(user);
  if (!found) co_return fail(std::move(found.error()));
  auto privacy = co_await ports_.people.privacy(user);
  if (!privacy) co_return fail(std::move(privacy.error()));
  auto user_rev = co_await ports_.people.user_rev(user);
  if (!user_rev) co_return fail(std::move(user_rev.error()));
  co_return Me{.user = std::move(*found), .privacy = *privacy, .user_rev = *user_rev};
}

Task<Result<PeopleService::Me>> PeopleService::update_profile(UserId user,
                                                              ports::ProfilePatch patch) {
  Error invalid{.code = Errc::validation_failed, .detail = {}, .fields = {}, .cause = {}};
  const auto note = [&invalid](Result<void> checked) {
    if (checked) return;
    for (auto& field : checked.error().fields) invalid.fields.push_back(std::move(field));
  };
  if (patch.display_name) note(domain::check_display_name(*patch.display_name));
  if (patch.about) note(domain::check_about(*patch.about));
  if (!invalid.fields.empty()) co_return fail(std::move(invalid));
  auto told = tell(user, ports::SettingsKind::profile,
                   co_await ports_.people.update_profile(user, std::move(patch)));
  if (!told) co_return fail(std::move(told.error()));
  co_return co_await me(user);
}

Task<Result<PeopleService::Me>> PeopleService::update_privacy(UserId user,
                                                              ports::PrivacyPatch patch) {
  auto told =
      tell(user, ports::SettingsKind::privacy, co_await ports_.people.update_privacy(user, patch));
  if (!told) co_return fail(std::move(told.error()));
  co_return co_await me(user);
}

Task<Result<PeopleService::Seen>> PeopleService::user(UserId viewer, UserId user) {
  auto found = co_await ports_.accounts.find_user(user);
  if (!found && found.error().code == Errc::not_found) co_return no_such_user();
  if (!found) co_return fail(std::move(found.error()));
  Seen seen{.user = std::move(*found), .last_seen_at = {}};
  if (seen.user.is_deleted) co_return seen;
  if (viewer != user) {
    auto there = co_await ports_.people.relation(viewer, user);
    if (!there) co_return fail(std::move(there.error()));
    auto back = co_await ports_.people.relation(user, viewer);
    if (!back) co_return fail(std::move(back.error()));
    if (!see_each_other(*there, *back)) co_return seen;
  }
  auto last_seen = co_await ports_.people.last_seen(user);
  if (last_seen) seen.last_seen_at = *last_seen;
  co_return seen;
}

Task<Result<void>> PeopleService::put_contact(UserId owner, UserId other) {
  if (owner == other) co_return oneself("Nobody is their own contact.");
  co_return tell(owner, ports::SettingsKind::contacts,
                 co_await ports_.people.put_contact(owner, other, ports_.clock.now()));
}

Task<Result<void>> PeopleService::remove_contact(UserId owner, UserId other) {
  co_return tell(owner, ports::SettingsKind::contacts,
                 co_await ports_.people.remove_contact(owner, other));
}

Task<Result<void>> PeopleService::put_block(UserId owner, UserId other) {
  if (owner == other) co_return oneself("Nobody blocks themselves.");
  co_return tell(owner, ports::SettingsKind::blocks,
                 co_await ports_.people.put_block(owner, other, ports_.clock.now()));
}

Task<Result<void>> PeopleService::remove_block(UserId owner, UserId other) {
  co_return tell(owner, ports::SettingsKind::blocks,
                 co_await ports_.people.remove_block(owner, other));
}

Task<Result<ports::Acquaintance>> PeopleService::contact(UserId owner, UserId other) {
  auto found = co_await ports_.people.contact(owner, other);
  if (!found) co_return fail(std::move(found.error()));
  if (!*found) co_return fail(Errc::not_found, "There is no such contact.");
  co_return std::move(**found);
}

Task<Result<ports::AcquaintancePage>> PeopleService::contacts(
    UserId owner, std::optional<ports::AcquaintancePosition> after, std::size_t limit) {
  co_return co_await ports_.people.contacts(owner, after, limit);
}

Task<Result<ports::AcquaintancePage>> PeopleService::blocks(
    UserId owner, std::optional<ports::AcquaintancePosition> after, std::size_t limit) {
  co_return co_await ports_.people.blocks(owner, after, limit);
}

Result<void> PeopleService::tell(UserId user, ports::SettingsKind kind, Raised raised) {
  if (!raised && raised.error().code == Errc::not_found) return no_such_user();
  if (!raised && raised.error().code == Errc::conflict) {
    return fail(Errc::conflict, "There are too many already.");
  }
  if (!raised) return fail(std::move(raised.error()));
  if (*raised) {
    ports_.bus.publish(ports::SettingsChanged{.user_id = user, .user_rev = **raised, .kind = kind});
  }
  return {};
}

}  // namespace knotos::services
