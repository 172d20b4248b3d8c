#include "two_stores.hpp"

#include <spawn.h>
#include <sys/wait.h>

#include <chrono>
#include <csignal>
#include <cstdlib>
#include <functional>
#include <thread>

// What a process leaves that dies is completed by those that live, without anybody's asking.
namespace knotos::adapters::mongo {
namespace {

using ports::AppendStatus;

constexpr const char* kWriterUrl = "KNOTOS_TEST_WRITER_URL";
constexpr const char* kWriterChat = "KNOTOS_TEST_WRITER_CHAT";
constexpr const char* kWriterUser = "KNOTOS_TEST_WRITER_USER";

class Keeping : public TwoStores {
 protected:
  /// As a process leaves it that died at a time.
  void leave_process(Time at, Time applied_to) {
    database->session().insert_one(
        kMeta, document("_id", "process:dead", "kind", "process", "at", at, "appliedTo", applied_to,
                        "beats", 1, "claimedBy", ""));
  }
  [[nodiscard]] bool is_process_there() {
    return database->session().find_one(kMeta, document("_id", "process:dead")).has_value();
  }
  [[nodiscard]] std::size_t processes() {
    return database->session().count(kMeta, document("kind", "process"));
  }
  /// What lies there, with nobody completing it for the sake of being asked.
  [[nodiscard]] domain::Rev stored_rev(domain::ChatId id) {
    auto session = database->session();
    return find_chat(session, id)->last_rev;
  }
  /// For what others do in their own time; so long that only what never comes is missed.
  [[nodiscard]] static bool comes(const std::function<bool()>& is_there) {
    for (int times = 0; times < 1'500; ++times) {
      if (is_there()) return true;
      std::this_thread::sleep_for(std::chrono::milliseconds(20));
    }
    return false;
  }
  /// Entries as they were written at a time.
  [[nodiscard]] std::vector<domain::LogEntry> entries_at(Time time, const std::string& key) {
    auto made = scene->entries(scene->load(chat, {ann}), ann, {key});
    std::get<domain::MessageEntry>(made[0]).message.created_at = time;
    return made;
  }
};

TEST_F(Keeping, ASurvivorCompletesWhatADeadProcessLeft) {
  const auto now = now_utc();
  insert_and_die(entries_at(now, "a"));
  leave_process(now, now);
  EXPECT_TRUE(comes([&] { return stored_rev(chat) == 1; }));
  EXPECT_TRUE(comes([&] { return !is_process_there(); }));
  EXPECT_EQ(scene->load_state(chat, ann).own_count, 1U);
}

TEST_F(Keeping, TheFirstToStartAfterAnHourCompletesWhatWasLeft) {
  one.reset();
  other.reset();
  EXPECT_EQ(processes(), 0U) << "who ends takes leave";
  auto first = std::make_unique<StoreWorld>([url = database->url()] {
    return std::make_unique<MongoStore>(MongoStore::Options{.url = url, .threads = 4});
  });
  scene = std::make_unique<contract::Scene>(*first);
  const auto died_at = now_utc() - std::chrono::hours(1);
  insert_and_die(entries_at(died_at - std::chrono::seconds(30), "a"));
  const auto cat = scene->user("cat");
  auto begun = scene->new_direct(ann, cat);
  begun.chat.created_at = died_at;
  database->session().insert_one(kChats,
                                 founding_document(begun.chat, begun.members, begun.first_entry));
  leave_process(died_at, died_at);
  first->restart();
  EXPECT_TRUE(comes([&] { return stored_rev(chat) == 1; }));
  EXPECT_TRUE(comes([&] {
    const auto found = database->session().find_one(kChats, document("_id", begun.chat.id));
    return found && !View(*found).has("founding");
  }));
  EXPECT_TRUE(comes([&] { return !is_process_there(); }));
}

TEST_F(Keeping, AChatThatIsDamagedKeepsNobodyFromTheOthers) {
  const auto now = now_utc();
  const auto cat = scene->user("cat");
  const auto damaged = scene->direct(ann, cat);
  database->session().insert_one(
      kMessages, document("_id", "damaged", "chatId", damaged, "rev", 1, "seq", -1, "senderId", ann,
                          "clientMessageId", "~damaged", "op", "no such thing", "createdAt", now));
  database->session().insert_one(
      kMessages, document("_id", "astray", "chatId", "no id", "rev", 1, "seq", 1, "senderId", ann,
                          "clientMessageId", "astray", "createdAt", now));
  insert_and_die(entries_at(now, "a"));
  leave_process(now, now);
  EXPECT_TRUE(comes([&] { return stored_rev(chat) == 1 && !is_process_there(); }));
  other->restart();
}

TEST_F(Keeping, WhatAnotherCompletesIsLeftToItAsLongAsItLives) {
  const auto now = now_utc();
  insert_and_die(entries_at(now, "a"));
  auto session = database->session();
  const auto put = [&session](const char* id, Time at, const char* claimed_by) {
    session.insert_one(kMeta, document("_id", id, "kind", "process", "at", at, "appliedTo", at,
                                       "beats", 1, "claimedBy", claimed_by));
  };
  put("process:undertaker", now + std::chrono::hours(1), "");
  put("process:dead", now - std::chrono::seconds(5), "process:undertaker");
  // One that is nobody's, and has left nothing, shows that they have looked.
  put("process:idle", now + std::chrono::hours(2), "");
  session.update_one(kMeta, document("_id", "process:idle"),
                     document("$set", document("at", now - std::chrono::hours(1))));
  EXPECT_TRUE(
      comes([&] { return !session.find_one(kMeta, document("_id", "process:idle")).has_value(); }));
  EXPECT_TRUE(is_process_there());
  EXPECT_EQ(stored_rev(chat), 0U);

  session.update_one(kMeta, document("_id", "process:undertaker"),
                     document("$set", document("at", now - std::chrono::seconds(5))));
  EXPECT_TRUE(comes([&] { return stored_rev(chat) == 1 && processes() == 2; }));
}

/// Not a test: the process that is killed. It appends for as long as it lives.
TEST(Writer, WritesUntilItIsKilled) {
  const char* const url = std::getenv(kWriterUrl);
  if (url == nullptr) GTEST_SKIP() << "a part of what follows";
  contract::StoreWorld<MongoStore> world([url] {
    return std::make_unique<MongoStore>(MongoStore::Options{.url = url, .threads = 4});
  });
  contract::Scene scene(world);
  const auto chat = *domain::ChatId::parse(std::getenv(kWriterChat));
  const auto user = *domain::UserId::parse(std::getenv(kWriterUser));
  const auto life = std::to_string(getpid());
  std::mt19937_64 seed(static_cast<std::uint64_t>(getpid()));
  for (std::uint64_t count = 0;; ++count) {
    const auto before = scene.load(chat, {user});
    auto batch = scene.entries(before, user, {life + "-" + std::to_string(count)});
    for (auto& each : batch) {
      auto& message = std::get<domain::MessageEntry>(each).message;
      message.id = domain::MessageId(make_uuid_v7(
          now_utc(), {static_cast<std::uint8_t>(seed()), static_cast<std::uint8_t>(seed()),
                      static_cast<std::uint8_t>(seed()), static_cast<std::uint8_t>(seed()),
                      static_cast<std::uint8_t>(seed())}));
      message.created_at = now_utc();
    }
    (void)scene.append(chat, before.chat.last_rev, std::move(batch));
  }
}

TEST_F(Keeping, WhatIsKilledAtAnyMomentIsCompleted) {
  // As the processes of a fleet that are killed one after the other.
  const auto set = [](const char* name, const std::string& value) {
    setenv(name, value.c_str(), 1);  // NOLINT(concurrency-mt-unsafe): before any child.
  };
  set(kWriterUrl, database->url());
  set(kWriterChat, chat.to_string());
  set(kWriterUser, ann.to_string());
  const std::uint64_t seed = std::random_device{}();
  RecordProperty("seed", std::to_string(seed));
  std::mt19937_64 random(seed);
  for (int life = 0; life < 8; ++life) {
    const auto begun_at = stored_rev(chat);
    pid_t writer = -1;
    std::string filter = "--gtest_filter=Writer.*";
    std::string name = "writer";
    std::array<char*, 3> arguments{name.data(), filter.data(), nullptr};
    posix_spawn_file_actions_t quiet;
    posix_spawn_file_actions_init(&quiet);
    posix_spawn_file_actions_addopen(&quiet, STDOUT_FILENO, "/dev/null", O_WRONLY, 0);
    posix_spawn_file_actions_addopen(&quiet, STDERR_FILENO, "/dev/null", O_WRONLY, 0);
    ASSERT_EQ(posix_spawn(&writer, "/proc/self/exe", &quiet, nullptr, arguments.data(), environ),
              0);
    posix_spawn_file_actions_destroy(&quiet);
    EXPECT_TRUE(comes([&] { return stored_rev(chat) > begun_at + 3; })) << "it does not write";
    std::this_thread::sleep_for(std::chrono::microseconds(random() % 20'000));
    kill(writer, SIGKILL);
    waitpid(writer, nullptr, 0);
  }
  unsetenv(kWriterUrl);  // NOLINT(concurrency-mt-unsafe)
  EXPECT_TRUE(comes([&] { return processes() == 2; })) << "the dead are not buried";

  const auto stored = database->session().find_all(
      kMessages, document("chatId", chat), {.sort = document("chatId", 1, "rev", 1), .fields = {}});
  ASSERT_EQ(stored_rev(chat), stored.size()) << "a chat is behind its log; seed " << seed;
  for (std::size_t at = 0; at < stored.size(); ++at) {
    EXPECT_EQ(View(stored[at]).count("rev"), at + 1);
    EXPECT_EQ(View(stored[at]).count("senderOrdinal"), at + 1);
  }
  EXPECT_EQ(scene->load_state(chat, ann).own_count, stored.size());
  EXPECT_EQ(scene->load(chat).chat.last_message_preview->message_id.to_string(),
            View(stored.back()).text("_id"));
}

}  // namespace
}  // namespace knotos::adapters::mongo
