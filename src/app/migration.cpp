#include "app/migration.hpp"

#include "adapters/mongo/mongo_archive.hpp"
#include "adapters/sqlite/sqlite_archive.hpp"
#include "app/value_text.hpp"

#include <unistd.h>

#include <algorithm>
#include <array>
#include <cstdio>
#include <cstdlib>
#include <stdexcept>
#include <string_view>
#include <utility>

namespace knotos::app {
namespace {

constexpr std::size_t kUsersOfPage = 200;
constexpr std::size_t kChatsOfPage = 20;
constexpr domain::Rev kPlacesOfPage = 500;

std::uint64_t entries_of(const ports::ArchiveCounts& counts) {
  return counts.messages + counts.changes;
}

void copy_users(ports::Archive& source, ports::ArchiveTarget& target,
                ports::ArchivePosition& position, std::uint64_t count,
                const MigrationProgress& progress) {
  std::uint64_t done = 0;
  while (!position.has_all_users) {
    const auto users = source.users(position.user, kUsersOfPage);
    target.put_users(users);
    if (!users.empty()) position.user = users.back().user.id;
    position.has_all_users = users.size() < kUsersOfPage;
    target.keep(position);
    done += users.size();
    progress("users copied", std::min(done, count), count);
  }
}

void copy_chats(ports::Archive& source, ports::ArchiveTarget& target,
                ports::ArchivePosition& position, const ports::ArchiveCounts& counts,
                const MigrationProgress& progress) {
  std::uint64_t done = 0;
  while (true) {
    const auto chats = source.chats(position.chat, kChatsOfPage);
    for (const auto& chat : chats) {
      const auto last = chat.chat.last_rev;
      while (position.place < last) {
        const auto end = std::min(last, position.place + kPlacesOfPage);
        target.put_entries(chat.chat.id, source.entries(chat.chat.id, position.place, end));
        done += end - position.place;
        position.place = end;
        if (end < last) target.keep(position);
        progress("messages and changes copied", std::min(done, entries_of(counts)),
                 entries_of(counts));
      }
      target.put_chat(chat);
      position.chat = chat.chat.id;
      position.place = 0;
      target.keep(position);
    }
    if (chats.size() < kChatsOfPage) return;
  }
}

[[noreturn]] void differs(const std::string& what) {
  throw std::runtime_error(
      what + " differs from the source: drop the target's database and migrate again");
}

void compare_users(ports::Archive& source, ports::Archive& target, std::uint64_t count,
                   const MigrationProgress& progress) {
  std::optional<domain::UserId> after;
  std::uint64_t done = 0;
  while (true) {
    const auto users = source.users(after, kUsersOfPage);
    const auto copies = target.users(after, kUsersOfPage);
    for (std::size_t at = 0; at < users.size(); ++at) {
      if (at >= copies.size() || users[at] != copies[at]) {
        differs("user " + users[at].user.id.to_string());
      }
    }
    done += users.size();
    progress("users compared", done, count);
    if (users.size() < kUsersOfPage) return;
    after = users.back().user.id;
  }
}

void compare_chats(ports::Archive& source, ports::Archive& target,
                   const ports::ArchiveCounts& counts, const MigrationProgress& progress) {
  std::optional<domain::ChatId> after;
  std::uint64_t done = 0;
  while (true) {
    const auto chats = source.chats(after, kChatsOfPage);
    const auto copies = target.chats(after, kChatsOfPage);
    for (std::size_t at = 0; at < chats.size(); ++at) {
      const auto id = chats[at].chat.id;
      if (at >= copies.size() || chats[at] != copies[at]) differs("chat " + id.to_string());
      const auto last = chats[at].chat.last_rev;
      for (domain::Rev place = 0; place < last; place += kPlacesOfPage) {
        const auto end = std::min(last, place + kPlacesOfPage);
        if (source.entries(id, place, end) != target.entries(id, place, end)) {
          differs("the log of chat " + id.to_string());
        }
        done += end - place;
        progress("messages and changes compared", done, entries_of(counts));
      }
    }
    if (chats.size() < kChatsOfPage) return;
    after = chats.back().chat.id;
  }
}

/// On a terminal one line that is written over, else a line for each tenth.
class ProgressBar {
 public:
  void operator()(const char* what, std::uint64_t done, std::uint64_t of) {
    const auto percent = of == 0 ? 100 : done * 100 / of;
    if (what == what_ && percent == percent_) return;
    const bool is_new = what != what_;
    const bool is_tenth = is_new || percent / 10 != percent_ / 10;
    if (is_terminal_) {
      if (is_new && what_ != nullptr) std::fputc('\n', stderr);
      std::array<char, 41> bar{};
      std::fill_n(bar.begin(), 40, ' ');
      std::fill_n(bar.begin(), percent * 40 / 100, '=');
      std::fprintf(stderr, "\r[%s] %3llu %% of %llu %s", bar.data(),
                   static_cast<unsigned long long>(percent), static_cast<unsigned long long>(of),
                   what);
      if (percent == 100) std::fflush(stderr);
    } else if (is_tenth) {
      std::fprintf(stderr, "%llu %% of %llu %s\n", static_cast<unsigned long long>(percent),
                   static_cast<unsigned long long>(of), what);
    }
    what_ = what;
    percent_ = percent;
  }
  void end() const {
    if (is_terminal_ && what_ != nullptr) std::fputc('\n', stderr);
  }

 private:
  bool is_terminal_ = isatty(STDERR_FILENO) == 1;
  const char* what_ = nullptr;
  std::uint64_t percent_ = 0;
};

}  // namespace

bool copy_store(ports::Archive& source, ports::ArchiveTarget& target,
                const MigrationProgress& progress) {
  auto position = target.begin(source.epoch());
  if (!position) return false;
  const auto counts = source.counts();
  copy_users(source, target, *position, counts.users, progress);
  copy_chats(source, target, *position, counts, progress);

  if (target.counts() != counts) differs("the number of users, chats or messages");
  compare_users(source, target, counts.users, progress);
  compare_chats(source, target, counts, progress);
  target.finish(source.time_bound());
  return true;
}

int migrate(const std::string& from, const std::string& to) {
  constexpr std::string_view kSqlite = "sqlite:";
  if (!from.starts_with(kSqlite)) {
    throw std::runtime_error(
        "--from is sqlite:DIR, the data directory of a server that is stopped");
  }
  const auto directory = from.substr(kSqlite.size());
  adapters::sqlite::SqliteArchive source(directory);
  adapters::mongo::MongoArchive target(to);
  ProgressBar bar;
  const bool is_copied = copy_store(source, target, std::ref(bar));
  bar.end();
  const auto counts = source.counts();
  std::printf(
      "%s %llu users, %llu chats and %llu messages; serve it with --store and "
      "--jwt-secret-file %s/jwt-secret (or a copy of that file)\n",
      is_copied ? "The target holds, compared one by one," : "Nothing to do: it held already",
      static_cast<unsigned long long>(counts.users), static_cast<unsigned long long>(counts.chats),
      static_cast<unsigned long long>(counts.messages), directory.c_str());
  return EXIT_SUCCESS;
}

}  // namespace knotos::app
