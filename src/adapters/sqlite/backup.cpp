#include "adapters/sqlite/backup.hpp"

#include "adapters/sqlite/connection.hpp"
#include "adapters/sqlite/data_directory.hpp"
#include "adapters/sqlite/schema.hpp"

#include <fcntl.h>
#include <sqlite3.h>
#include <unistd.h>

#include <cerrno>
#include <filesystem>
#include <stdexcept>
#include <system_error>

namespace knotos::adapters::sqlite {
namespace {

namespace fs = std::filesystem;

[[noreturn]] void fail(const std::string& what, int error) {
  throw std::runtime_error(what + ": " + std::system_category().message(error));
}

/// What is written or renamed in it survives a power cut.
void sync_to_disk(const fs::path& path) {
  const int file = ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
  if (file < 0) fail("cannot open " + path.string(), errno);
  const int code = ::fsync(file);
  const int error = errno;
  ::close(file);
  if (code != 0) fail("cannot write " + path.string() + " to the disk", error);
}

fs::path database_in(const std::string& directory) {
  const auto file = fs::path(directory) / kDatabaseName;
  std::error_code ec;
  if (!fs::exists(file, ec))
    throw std::runtime_error("there is no database " + file.string() +
                             (ec ? ": " + ec.message() : ""));
  return file;
}

std::int64_t read_number(Connection& connection, std::string_view sql) {
  auto row = connection.prepare(sql);
  return row.step() ? row.integer(0) : 0;
}

std::uint64_t count(Connection& connection, std::string_view sql) {
  return static_cast<std::uint64_t>(read_number(connection, sql));
}

Contents read_contents(Connection& connection, const fs::path& file) {
  if (read_number(connection, "PRAGMA application_id") != kApplicationId)
    throw std::runtime_error(file.string() + " is a database of another program");
  {
    auto check = connection.prepare("PRAGMA quick_check(1)");
    if (!check.step() || check.text(0) != "ok")
      throw std::runtime_error(file.string() + " is broken: " + check.text(0));
  }
  return {
      .schema = read_number(connection, "PRAGMA user_version"),
      .users = count(connection, "SELECT count(*) FROM users"),
      .chats = count(connection, "SELECT count(*) FROM chats"),
      .messages = count(connection, "SELECT count(*) FROM messages"),
      .bytes = count(connection, "PRAGMA page_count") * count(connection, "PRAGMA page_size"),
      .time_bound_ms = read_number(connection, "SELECT value FROM meta WHERE name = 'time_bound'")};
}

/// Page by page in one step: a reader of the write-ahead log holds nobody up, and nothing changes
/// under it.
void copy(Connection& from, Connection& to) {
  auto* backup = sqlite3_backup_init(to.handle(), "main", from.handle(), "main");
  if (backup == nullptr) throw Failure(sqlite3_errcode(to.handle()), sqlite3_errmsg(to.handle()));
  const int code = sqlite3_backup_step(backup, -1);
  sqlite3_backup_finish(backup);
  if (code != SQLITE_DONE) throw Failure(code, sqlite3_errstr(code));
}

}  // namespace

Contents back_up(const std::string& from, const std::string& to) {
  const auto source = database_in(from);
  const DataDirectory directory(to);
  const fs::path target = directory.file(kDatabaseName);
  const fs::path unfinished = target.string() + ".part";
  if (fs::exists(target)) throw std::runtime_error(target.string() + " is there already");
  // Of a backup that was cut short.
  fs::remove(unfinished);
  try {
    Contents contents;
    {
      Connection original(source, Connection::Mode::read_only);
      Connection made(unfinished, Connection::Mode::read_write);
      copy(original, made);
      // The original's is the write-ahead log, which would leave files beside this one.
      made.execute("PRAGMA journal_mode = DELETE");
      made.execute("UPDATE meta SET value = randomblob(16) WHERE name = 'epoch'");
      contents = read_contents(made, unfinished);
    }
    sync_to_disk(unfinished);
    fs::rename(unfinished, target);
    sync_to_disk(to);
    return contents;
  } catch (const std::exception& failure) {
    std::error_code ignored;
    fs::remove(unfinished, ignored);
    throw std::runtime_error("cannot copy " + source.string() + " to " + target.string() + ": " +
                             failure.what());
  }
}

Contents inspect(const std::string& directory) {
  const auto file = database_in(directory);
  try {
    Connection connection(file, Connection::Mode::read_only);
    const Snapshot snapshot(connection);
    return read_contents(connection, file);
  } catch (const Failure& failure) {
    throw std::runtime_error("cannot read " + file.string() + ": " + failure.what());
  }
}

}  // namespace knotos::adapters::sqlite
