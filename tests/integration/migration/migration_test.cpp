#include "app/migration.hpp"
#include "adapters/mongo/documents.hpp"
#include "adapters/mongo/mongo_archive.hpp"
#include "adapters/mongo/mongo_store.hpp"
#include "adapters/sqlite/sqlite_archive.hpp"
#include "adapters/sqlite/sqlite_store.hpp"
#include "contract/scene.hpp"
#include "contract/store_world.hpp"
#include "support/mongo_database.hpp"
#include "support/temporary_directory.hpp"

#include <algorithm>
#include <memory>
#include <stdexcept>

// From SQLite to MongoDB: all of it, once, also where it is cut short on its way.
namespace knotos::app {
namespace {

using adapters::mongo::MongoArchive;
using adapters::mongo::MongoStore;
using adapters::sqlite::SqliteArchive;
using adapters::sqlite::SqliteStore;
using ports::AppendStatus;
using ports::MarkKind;

/// Passes calls on, and dies at one of those that write.
class MortalTarget final : public ports::ArchiveTarget {
 public:
  MortalTarget(MongoArchive& target, std::size_t life) : target_(target), life_(life) {}

  /// Dies at the very end.
  void never_finish() { may_finish_ = false; }
  /// As it does outside of tests, some seconds.
  void wait_for_time() { waits_ = true; }

  ports::ArchiveCounts counts() override { return target_.counts(); }
  std::string epoch() override { return target_.epoch(); }
  Time time_bound() override { return target_.time_bound(); }
  std::vector<ports::ArchivedUser> users(std::optional<domain::UserId> after,
                                         std::size_t limit) override {
    return target_.users(after, limit);
  }
  std::vector<ports::ArchivedChat> chats(std::optional<domain::ChatId> after,
                                         std::size_t limit) override {
    return target_.chats(after, limit);
  }
  ports::ArchivedEntries entries(domain::ChatId chat, domain::Rev after,
                                 domain::Rev last) override {
    return target_.entries(chat, after, last);
  }
  std::optional<ports::ArchivePosition> begin(const std::string& source_epoch) override {
    return target_.begin(source_epoch);
  }
  void put_users(const std::vector<ports::ArchivedUser>& users) override {
    age();
    target_.put_users(users);
  }
  void put_entries(domain::ChatId chat, const ports::ArchivedEntries& entries) override {
    age();
    target_.put_entries(chat, entries);
  }
  void put_chat(const ports::ArchivedChat& chat) override {
    age();
    target_.put_chat(chat);
  }
  void keep(const ports::ArchivePosition& position) override {
    age();
    target_.keep(position);
  }
  void finish(Time source_bound) override {
    if (!may_finish_) throw std::runtime_error("killed");
    age();
    target_.finish(waits_ ? source_bound : Time());
  }

 private:
  void age() {
    if (life_-- == 0) throw std::runtime_error("killed");
  }

  MongoArchive& target_;
  std::size_t life_;
  bool may_finish_ = true;
  bool waits_ = false;
};

void no_progress(const char* /*what*/, std::uint64_t /*done*/, std::uint64_t /*of*/) {}

class Migration : public testing::Test {
 protected:
  void SetUp() override {
    const auto& server = test::mongo_server();
    if (server.url.empty()) GTEST_SKIP() << "no MongoDB: " << server.reason;
    database = std::make_unique<test::MongoDatabase>();
    tell_story();
  }

  /// A server's life in short, with something of everything that is stored.
  void tell_story() {
    contract::StoreWorld<SqliteStore> world([this] {
      return std::make_unique<SqliteStore>(
          SqliteStore::Options{.directory = directory.path(), .is_synchronous = false});
    });
    contract::Scene scene(world);
    ann = scene.user("ann");
    bob = scene.user("bob");
    cat = scene.user("cat");
    const auto gone = scene.user("gone");
    // More than a page.
    for (int i = 0; i < 210; ++i) scene.user("user" + std::to_string(i));
    direct = scene.direct(ann, bob);
    group = scene.group({ann, bob, cat});
    write_log(world, scene);
    auto& states = world.states();
    ASSERT_TRUE(world.run(states.mark({.user = bob,
                                       .chat = direct,
                                       .kind = MarkKind::read,
                                       .seq = 600,
                                       .now = contract::at(1)})));
    ASSERT_TRUE(world.run(states.mark({.user = bob,
                                       .chat = group,
                                       .kind = MarkKind::delivered,
                                       .seq = 1,
                                       .now = contract::at(2)})));
    domain::StatePatch patch;
    patch.draft = "half a";
    patch.is_pinned = true;
    patch.muted_until = contract::at(10'000);
    ASSERT_TRUE(world.run(states.update(ann, group, patch, contract::at(3))));
    ASSERT_TRUE(
        world.run(states.hide(ann, direct, scene.message_at(direct, 5).id, contract::at(4))));
    ASSERT_TRUE(world.run(world.people().put_contact(ann, bob, contract::at(5))));
    ASSERT_TRUE(world.run(world.people().put_block(cat, bob, contract::at(6))));
    ports::PrivacyPatch privacy;
    privacy.last_seen = domain::Audience::contacts;
    ASSERT_TRUE(world.run(world.people().update_privacy(ann, privacy)));
    ASSERT_TRUE(world.run(world.people().see(bob, contract::at(7))));
    ASSERT_TRUE(world.run(world.people().delete_account(gone)));
    ASSERT_TRUE(world.run(world.invites().put_invite({.code = "an-invite",
                                                      .chat_id = group,
                                                      .creator_id = ann,
                                                      .expires_at = contract::at(1'000'000'000),
                                                      .uses_max = 3,
                                                      .uses = 1,
                                                      .created_at = contract::at(8)},
                                                     10)));
    auto device = scene.device_of(ann);
    used_token = device.refresh_hash;
    token = scene.new_hash();
    ASSERT_TRUE(world.run(world.accounts().add_device(device)));
    ASSERT_TRUE(world.run(
        world.accounts().rotate(used_token, token, contract::at(9), contract::at(2'000'000'000))));
    epoch = *world.run(world.syncs().epoch());
    synced_at = *world.run(world.syncs().store_time());
    std::ranges::copy(list_of(world, bob), std::back_inserter(list));
    messages = scene.all_messages(direct);
  }

  void write_log(contract::World& world, contract::Scene& scene) {
    // More than a page of places, with changes among them.
    for (int batch = 0; batch < 12; ++batch) {
      const auto before = scene.load(direct, {ann});
      std::vector<std::string> keys;
      for (int i = 0; i < 60; ++i) {
        keys.push_back("k" + std::to_string(batch) + "-" + std::to_string(i));
      }
      ASSERT_EQ(scene.append(direct, before.chat.last_rev, scene.entries(before, ann, keys)).status,
                AppendStatus::appended);
      ASSERT_EQ(scene.edit(direct, 1 + static_cast<domain::Seq>(batch), "edited").status,
                AppendStatus::appended);
    }
    ASSERT_EQ(scene.erase(direct, 720).status, AppendStatus::appended);
    ASSERT_EQ(scene.send(group, bob, "hello").status, AppendStatus::appended);
    const auto before = scene.load(group);
    domain::ChangeEntry reaction{.kind = domain::ChangeKind::react,
                                 .actor_id = cat,
                                 .after = scene.message_at(group, 2),
                                 .emoji = "👍",
                                 .created_at = scene.next_time()};
    reaction.after.rev = before.chat.last_rev + 1;
    reaction.after.reactions = {{.emoji = "👍", .count = 1, .recent_user_ids = {cat}}};
    ASSERT_EQ(scene.append(group, before.chat.last_rev, {reaction}).status, AppendStatus::appended);
    auto leaving = scene.system_entry(scene.load(group), cat, "member_left");
    leaving.memberships = {{.user_id = cat, .is_member = false}};
    leaving.patch.member_count = 2;
    ASSERT_EQ(scene.append(group, 3, {leaving}).status, AppendStatus::appended);
    (void)world;
  }

  static std::vector<domain::ChatListItem> list_of(contract::World& world, domain::UserId user) {
    auto page = world.run(world.chats().list({.user = user,
                                              .filter = ports::ChatFilter::all,
                                              .after = {},
                                              .limit = 50,
                                              .now = contract::at(100)}));
    EXPECT_TRUE(page);
    return page ? std::move(page->items) : std::vector<domain::ChatListItem>();
  }

  bool copy(std::size_t life = 1'000'000) {
    SqliteArchive source(directory.path());
    MongoArchive target(database->url());
    MortalTarget mortal(target, life);
    return copy_store(source, mortal, no_progress);
  }

  /// What it says where it fails; empty where it does not.
  std::string refusal_of_copy() {
    try {
      (void)copy();
    } catch (const std::runtime_error& refusal) {
      return refusal.what();
    }
    return {};
  }

  [[nodiscard]] std::unique_ptr<contract::StoreWorld<MongoStore>> serve() {
    return std::make_unique<contract::StoreWorld<MongoStore>>([this] {
      return std::make_unique<MongoStore>(
          MongoStore::Options{.url = database->url(), .threads = 4});
    });
  }

  test::TemporaryDirectory directory;
  std::unique_ptr<test::MongoDatabase> database;
  domain::UserId ann;
  domain::UserId bob;
  domain::UserId cat;
  domain::ChatId direct;
  domain::ChatId group;
  Sha256 used_token{};
  Sha256 token{};
  std::string epoch;
  Time synced_at;
  std::vector<domain::ChatListItem> list;
  std::vector<domain::Message> messages;
};

TEST_F(Migration, WhatIsServedAfterwardsIsTheSame) {
  ASSERT_TRUE(copy());
  auto world = serve();
  contract::Scene scene(*world);
  const auto now = list_of(*world, bob);
  ASSERT_EQ(now.size(), list.size());
  for (std::size_t at = 0; at < now.size(); ++at) {
    EXPECT_EQ(now[at].chat, list[at].chat);
    EXPECT_EQ(now[at].state, list[at].state);
    EXPECT_EQ(domain::unread_count(now[at].chat, now[at].state),
              domain::unread_count(list[at].chat, list[at].state));
  }
  EXPECT_EQ(scene.all_messages(direct), messages);
  EXPECT_FALSE(world->run(world->accounts().find_credentials("gone")));
  EXPECT_FALSE(world->run(world->accounts().create(
      scene.credentials("gone"), scene.device_of(scene.new_id<domain::UserId>()))))
      << "nobody gets the name of a deleted account";
  EXPECT_TRUE(world->run(world->people().relation(bob, cat))->has_blocked);
  EXPECT_EQ(world->run(world->invites().find_invite("an-invite"))->uses, 1U);
}

TEST_F(Migration, CursorsAndTokensStayGood) {
  {
    SqliteArchive source(directory.path());
    MongoArchive target(database->url());
    MortalTarget patient(target, 1'000'000);
    patient.wait_for_time();
    ASSERT_TRUE(copy_store(source, patient, no_progress));
  }
  auto world = serve();
  contract::Scene scene(*world);
  EXPECT_EQ(*world->run(world->syncs().epoch()), epoch);
  const auto quiet = world->run(world->syncs().sync(
      {.user = bob, .since = synced_at + std::chrono::milliseconds(1), .after = {}, .limit = 10}));
  ASSERT_TRUE(quiet);
  EXPECT_TRUE(quiet->chats.empty()) << "who was up to date has nothing to load";
  ASSERT_EQ(scene.send(direct, ann, "after the move").status, AppendStatus::appended);
  const auto news =
      world->run(world->syncs().sync({.user = bob, .since = synced_at, .after = {}, .limit = 10}));
  ASSERT_TRUE(news);
  EXPECT_TRUE(std::ranges::any_of(news->chats,
                                  [this](const auto& each) { return each.chat.id == direct; }));

  const auto next = scene.new_hash();
  const auto rotated = world->run(
      world->accounts().rotate(token, next, contract::at(10), contract::at(3'000'000'000)));
  EXPECT_EQ(rotated->status, ports::RotationStatus::rotated);
  EXPECT_EQ(rotated->user_id, ann);
  const auto stolen = world->run(world->accounts().rotate(
      used_token, scene.new_hash(), contract::at(11), contract::at(3'000'000'000)));
  EXPECT_EQ(stolen->status, ports::RotationStatus::reused);
}

TEST_F(Migration, TheLogGoesOnWhereItEnded) {
  ASSERT_TRUE(copy());
  auto world = serve();
  contract::Scene scene(*world);
  const auto before = scene.load(direct).chat;
  EXPECT_EQ(scene.edit(direct, 1, "once more").status, AppendStatus::appended);
  EXPECT_EQ(scene.erase(direct, 2).status, AppendStatus::appended);
  EXPECT_EQ(scene.send(direct, ann, "k0-0").status, AppendStatus::key_taken)
      << "an id of a message is its sender's for ever";
  EXPECT_EQ(scene.load(direct).chat.last_rev, before.last_rev + 2);
  const auto changes = world->run(world->messages().changes(direct, before.last_rev, 10));
  ASSERT_EQ(changes->messages.size(), 2U);
  EXPECT_EQ(changes->messages[0].content, "once more");
  const auto reactors =
      world->run(world->messages().recent_reactors(group, scene.message_at(group, 2).id, "👍", 5));
  EXPECT_EQ(*reactors, std::vector{cat});
}

TEST_F(Migration, ItGoesOnWhereverItWasCutShort) {
  std::size_t lives = 0;
  bool is_done = false;
  for (std::size_t life = 0; !is_done; ++life, ++lives) {
    // Each life comes one step further than the one before needed to begin.
    ASSERT_LT(lives, 100U) << "it does not come to its end";
    try {
      is_done = copy(life % 4);
    } catch (const std::runtime_error& death) {
      ASSERT_STREQ(death.what(), "killed");
      EXPECT_THROW((void)serve(), std::runtime_error) << "half of it is not to be served";
    }
  }
  EXPECT_GT(lives, 4U);
  EXPECT_FALSE(copy()) << "it is all there";
  auto world = serve();
  EXPECT_EQ(contract::Scene(*world).all_messages(direct), messages);
}

TEST_F(Migration, WhatHoldsOtherDataIsRefusedAndLeftAlone) {
  auto session = database->session();
  session.insert_one(adapters::mongo::kUsers, adapters::mongo::document("_id", "somebody"));
  EXPECT_TRUE(refusal_of_copy().starts_with("the target holds other data"));
  EXPECT_EQ(session.count(adapters::mongo::kMessages, adapters::mongo::Document()), 0U);
  session.remove_one(adapters::mongo::kUsers, adapters::mongo::document("_id", "somebody"));
  EXPECT_TRUE(copy());
  // Another source, of another epoch.
  test::TemporaryDirectory other;
  {
    SqliteStore store({.directory = other.path(), .is_synchronous = false});
  }
  SqliteArchive source(other.path());
  MongoArchive target(database->url());
  EXPECT_THROW((void)copy_store(source, target, no_progress), std::runtime_error);
}

TEST_F(Migration, OneLetterThatDiffersIsFound) {
  using adapters::mongo::document;
  {
    SqliteArchive source(directory.path());
    const ports::ArchiveCounts whole{.users = 214, .chats = 2, .messages = 723, .changes = 14};
    ASSERT_EQ(source.counts(), whole);
    MongoArchive target(database->url());
    MortalTarget mortal(target, 1'000'000);
    mortal.never_finish();
    EXPECT_THROW((void)copy_store(source, mortal, no_progress), std::runtime_error);
  }
  auto session = database->session();
  const auto change = [&](const char* collection, const adapters::mongo::Document& filter,
                          const adapters::mongo::Document& fields,
                          const adapters::mongo::Document& back) {
    ASSERT_EQ(session.update_one(collection, filter, document("$set", fields)).matched, 1U);
    EXPECT_TRUE(refusal_of_copy().contains("differs from the source")) << collection;
    session.update_one(collection, filter, document("$set", back));
  };
  change(adapters::mongo::kMessages, document("chatId", direct, "seq", 700),
         document("content", "another text"), document("content", "text of k11-39"));
  change(adapters::mongo::kStates, document("userId", bob, "chatId", direct),
         document("lastReadSeq", 601), document("lastReadSeq", 600));
  change(adapters::mongo::kUsers, document("_id", bob), document("passwordHash", "another"),
         document("passwordHash", "hash of bob"));
  change(adapters::mongo::kReactions, document("chatId", group), document("isOn", false),
         document("isOn", true));
  EXPECT_TRUE(copy()) << "as it was, it is whole";
}

TEST_F(Migration, ADirectoryThatIsServedOrIsNoneIsRefused) {
  SqliteStore serving({.directory = directory.path(), .is_synchronous = false});
  EXPECT_THROW(SqliteArchive(directory.path()), std::runtime_error);
  test::TemporaryDirectory empty;
  EXPECT_THROW(SqliteArchive(empty.path()), std::runtime_error);
  EXPECT_TRUE(std::filesystem::is_empty(empty.path())) << "nothing is made where nothing was";
}

}  // namespace
}  // namespace knotos::app
