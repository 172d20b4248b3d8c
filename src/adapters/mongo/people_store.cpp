#include "adapters/mongo/documents.hpp"
#include "adapters/mongo/mongo_store.hpp"

#include <algorithm>
#include <unordered_map>
#include <unordered_set>
#include <utility>

// Profiles, privacy, contacts and blocks.
namespace knotos::adapters::mongo {
namespace {

using Raised = std::optional<domain::UserRev>;

/// Two collections of one shape: who has whom, since when.
struct People {
  const char* collection;
  std::size_t size_max;
};

constexpr People kOfContacts{.collection = kContacts, .size_max = domain::kContactsMax};
constexpr People kOfBlocks{.collection = kBlocks, .size_max = domain::kBlocksMax};

std::optional<Document> find_living(Session& session, domain::UserId user) {
  return session.find_one(kUsers, document("_id", user, "isDeleted", false));
}

Result<Raised> put_person(Session& session, const People& people, domain::UserId owner,
                          domain::UserId other, Time since) {
  if (!find_living(session, owner) || !find_living(session, other)) return fail(Errc::not_found);
  const auto id = document("_id", pair_id(owner, other));
  if (session.find_one(people.collection, id)) return Raised();
  const auto owned = document("ownerId", owner);
  if (session.count(people.collection, owned, people.size_max) >= people.size_max) {
    return fail(Errc::conflict);
  }
  auto person = id;
  person.add("ownerId", owner).add("otherId", other).add("since", since);
  if (!session.insert_one(people.collection, person)) return Raised();
  return Raised(raise_settings(session, owner));
}

Result<Raised> remove_person(Session& session, const People& people, domain::UserId owner,
                             domain::UserId other) {
  if (!find_living(session, owner)) return fail(Errc::not_found);
  if (session.remove_one(people.collection, document("_id", pair_id(owner, other))) == 0) {
    return Raised();
  }
  return Raised(raise_settings(session, owner));
}

std::unordered_map<domain::UserId, domain::User> users_of(Session& session,
                                                          const std::vector<domain::UserId>& ids) {
  std::unordered_map<domain::UserId, domain::User> users;
  for (auto& user : find_users_by_id(session, ids)) users.emplace(user.id, std::move(user));
  return users;
}

Result<ports::AcquaintancePage> read_page(Session& session, const People& people,
                                          domain::UserId owner,
                                          const std::optional<ports::AcquaintancePosition>& after,
                                          std::size_t limit) {
  if (!find_living(session, owner)) return fail(Errc::not_found);
  auto filter = document("ownerId", owner);
  // Those of one moment are told apart here.
  if (after) filter.add("since", document("$gte", after->since));
  std::vector<std::pair<domain::UserId, Time>> found;
  ports::AcquaintancePage page;
  auto cursor = session.find(people.collection, filter,
                             {.sort = document("ownerId", 1, "since", 1, "otherId", 1)});
  while (const auto each = cursor.next()) {
    const auto other = each->id<domain::UserId>("otherId");
    const auto since = each->time("since");
    if (after && std::tie(since, other) <= std::tie(after->since, after->user_id)) continue;
    page.has_more = found.size() == limit;
    if (page.has_more) break;
    found.emplace_back(other, since);
  }
  std::vector<domain::UserId> ids;
  for (const auto& [other, since] : found) ids.push_back(other);
  const auto users = users_of(session, ids);
  for (const auto& [other, since] : found) {
    if (const auto user = users.find(other); user != users.end()) {
      page.people.push_back({.user = user->second, .since = since});
    }
  }
  return page;
}

/// Which of these ids are in the collection.
std::unordered_set<std::string> find_pairs(Session& session, const char* collection,
                                           const std::vector<std::string>& ids) {
  std::unordered_set<std::string> pairs;
  if (ids.empty()) return pairs;
  auto cursor = session.find(collection, document("_id", any_of(ids)),
                             {.sort = {}, .fields = document("_id", 1)});
  while (const auto found = cursor.next()) pairs.insert(found->text("_id"));
  return pairs;
}

std::vector<ports::Relation> read_relations(Session& session, domain::UserId one,
                                            const std::vector<domain::UserId>& others) {
  std::vector<ports::Relation> relations(others.size());
  if (others.empty()) return relations;
  std::vector<std::string> theirs;
  std::vector<std::string> both;
  for (const auto& other : others) {
    theirs.push_back(pair_id(other, one));
    both.push_back(theirs.back());
    both.push_back(pair_id(one, other));
  }
  const auto blocks = find_pairs(session, kBlocks, both);
  const auto contacts = find_pairs(session, kContacts, theirs);
  std::unordered_map<domain::UserId, domain::Privacy> privacy;
  auto cursor = session.find(kUsers, document("_id", any_of(others), "isDeleted", false));
  while (const auto found = cursor.next()) {
    privacy.emplace(found->id<domain::UserId>("_id"), read_privacy(*found));
  }
  for (std::size_t at = 0; at < others.size(); ++at) {
    const auto known = privacy.find(others[at]);
    if (known == privacy.end()) continue;
    relations[at] = {.exists = true,
                     .has_blocked = blocks.contains(pair_id(others[at], one)),
                     .is_blocked = blocks.contains(pair_id(one, others[at])),
                     .is_contact = contacts.contains(pair_id(others[at], one)),
                     .privacy = known->second};
  }
  return relations;
}

Result<Raised> change_profile(Session& session, domain::UserId user,
                              const ports::ProfilePatch& patch) {
  const auto found = find_living(session, user);
  if (!found) return fail(Errc::not_found);
  const auto before = read_user(*found);
  Document fields;
  if (patch.display_name && *patch.display_name != before.display_name) {
    fields.add("displayName", *patch.display_name);
  }
  if (patch.about && *patch.about != before.about) fields.add("about", *patch.about);
  if (fields.is_empty()) return Raised();
  return Raised(raise_settings(session, user, fields));
}

Result<Raised> change_privacy(Session& session, domain::UserId user,
                              const ports::PrivacyPatch& patch) {
  const auto found = find_living(session, user);
  if (!found) return fail(Errc::not_found);
  const auto before = read_privacy(*found);
  Document fields;
  const auto put = [&fields](const char* name, domain::Audience was,
                             const std::optional<domain::Audience>& to) {
    if (to && *to != was) fields.add(name, name_of(*to));
  };
  put("privacy.lastSeen", before.last_seen, patch.last_seen);
  put("privacy.directMessages", before.direct_messages, patch.direct_messages);
  put("privacy.groupInvites", before.group_invites, patch.group_invites);
  if (fields.is_empty()) return Raised();
  return Raised(raise_settings(session, user, fields));
}

/// The account goes last, by its own mark: what failed before it is done again with the next try.
Result<bool> delete_user(Session& session, domain::UserId user) {
  const auto found = session.find_one(kUsers, document("_id", user));
  if (!found) return fail(Errc::not_found);
  if (View(*found).flag("isDeleted")) return true;
  session.remove_many(kDevices, document("userId", user));
  session.remove_many(kContacts, document("ownerId", user));
  session.remove_many(kBlocks, document("ownerId", user));
  session.remove_many(kHidden, document("userId", user));
  session.update_many(kStates, document("userId", user, "draft", document("$ne", "")),
                      document("$set", document("draft", ""), "$inc", document("version", 1)));
  raise_settings(session, user,
                 document("displayName", "", "about", "", "isDeleted", true, "passwordHash", "",
                          "privacy", Document(), "lastSeenAt", nullptr));
  return true;
}

}  // namespace

Task<Result<domain::UserRev>> MongoStore::user_rev(domain::UserId user) {
  auto job = [user](Session& session) -> Result<domain::UserRev> {
    const auto found = find_living(session, user);
    if (!found) return fail(Errc::not_found);
    return View(*found).count("userRev");
  };
  co_return co_await run<domain::UserRev>(std::move(job));
}

Task<Result<Raised>> MongoStore::update_profile(domain::UserId user, ports::ProfilePatch patch) {
  auto job = [user, patch = std::move(patch)](Session& session) {
    return change_profile(session, user, patch);
  };
  co_return co_await run<Raised>(std::move(job));
}

Task<Result<domain::Privacy>> MongoStore::privacy(domain::UserId user) {
  auto job = [user](Session& session) -> Result<domain::Privacy> {
    const auto found = find_living(session, user);
    if (!found) return fail(Errc::not_found);
    return read_privacy(*found);
  };
  co_return co_await run<domain::Privacy>(std::move(job));
}

Task<Result<Raised>> MongoStore::update_privacy(domain::UserId user, ports::PrivacyPatch patch) {
  auto job = [user, patch](Session& session) { return change_privacy(session, user, patch); };
  co_return co_await run<Raised>(std::move(job));
}

Task<Result<ports::Relation>> MongoStore::relation(domain::UserId one, domain::UserId other) {
  auto job = [one, other](Session& session) -> Result<ports::Relation> {
    return read_relations(session, one, {other}).front();
  };
  co_return co_await run<ports::Relation>(std::move(job));
}

Task<Result<std::vector<ports::Relation>>> MongoStore::relations(
    domain::UserId one, std::vector<domain::UserId> others) {
  auto job =
      [one, others = std::move(others)](Session& session) -> Result<std::vector<ports::Relation>> {
    return read_relations(session, one, others);
  };
  co_return co_await run<std::vector<ports::Relation>>(std::move(job));
}

Task<Result<Raised>> MongoStore::put_contact(domain::UserId owner, domain::UserId other, Time now) {
  auto job = [owner, other, now](Session& session) {
    return put_person(session, kOfContacts, owner, other, now);
  };
  co_return co_await run<Raised>(std::move(job));
}

Task<Result<Raised>> MongoStore::remove_contact(domain::UserId owner, domain::UserId other) {
  auto job = [owner, other](Session& session) {
    return remove_person(session, kOfContacts, owner, other);
  };
  co_return co_await run<Raised>(std::move(job));
}

Task<Result<Raised>> MongoStore::put_block(domain::UserId owner, domain::UserId other, Time now) {
  auto job = [owner, other, now](Session& session) {
    return put_person(session, kOfBlocks, owner, other, now);
  };
  co_return co_await run<Raised>(std::move(job));
}

Task<Result<Raised>> MongoStore::remove_block(domain::UserId owner, domain::UserId other) {
  auto job = [owner, other](Session& session) {
    return remove_person(session, kOfBlocks, owner, other);
  };
  co_return co_await run<Raised>(std::move(job));
}

Task<Result<std::optional<ports::Acquaintance>>> MongoStore::contact(domain::UserId owner,
                                                                     domain::UserId other) {
  auto job = [owner, other](Session& session) -> Result<std::optional<ports::Acquaintance>> {
    if (!find_living(session, owner)) return fail(Errc::not_found);
    const auto found = session.find_one(kContacts, document("_id", pair_id(owner, other)));
    const auto user = found ? session.find_one(kUsers, document("_id", other)) : std::nullopt;
    if (!found || !user) return std::optional<ports::Acquaintance>();
    return std::optional(
        ports::Acquaintance{.user = read_user(*user), .since = View(*found).time("since")});
  };
  co_return co_await run<std::optional<ports::Acquaintance>>(std::move(job));
}

Task<Result<ports::AcquaintancePage>> MongoStore::contacts(
    domain::UserId owner, std::optional<ports::AcquaintancePosition> after, std::size_t limit) {
  auto job = [owner, after, limit](Session& session) {
    return read_page(session, kOfContacts, owner, after, limit);
  };
  co_return co_await run<ports::AcquaintancePage>(std::move(job));
}

Task<Result<ports::AcquaintancePage>> MongoStore::blocks(
    domain::UserId owner, std::optional<ports::AcquaintancePosition> after, std::size_t limit) {
  auto job = [owner, after, limit](Session& session) {
    return read_page(session, kOfBlocks, owner, after, limit);
  };
  co_return co_await run<ports::AcquaintancePage>(std::move(job));
}

Task<Result<void>> MongoStore::see(domain::UserId user, Time at) {
  auto job = [user, at](Session& session) -> Result<bool> {
    const auto seen = session.update_one(kUsers, document("_id", user, "isDeleted", false),
                                         document("$max", document("lastSeenAt", at)));
    if (seen.matched == 0) return fail(Errc::not_found);
    return true;
  };
  auto written = co_await run<bool>(std::move(job));
  if (!written) co_return fail(std::move(written.error()));
  co_return Result<void>();
}

Task<Result<std::optional<Time>>> MongoStore::last_seen(domain::UserId user) {
  auto job = [user](Session& session) -> Result<std::optional<Time>> {
    const auto found = find_living(session, user);
    if (!found) return fail(Errc::not_found);
    return View(*found).optional_time("lastSeenAt");
  };
  co_return co_await run<std::optional<Time>>(std::move(job));
}

Task<Result<void>> MongoStore::delete_account(domain::UserId user) {
  auto job = [user](Session& session) { return delete_user(session, user); };
  auto written = co_await run<bool>(std::move(job));
  if (!written) co_return fail(std::move(written.error()));
  co_return Result<void>();
}

}  // namespace knotos::adapters::mongo
