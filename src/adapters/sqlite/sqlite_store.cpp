#include "adapters/sqlite/sqlite_store.hpp"

#include "adapters/sqlite/schema.hpp"

#include <algorithm>
#include <stdexcept>

namespace knotos::adapters::sqlite {
namespace {

/// How far the stored bound of times is ahead when it is written, and how near they may come to it.
constexpr auto kBoundAhead = std::chrono::seconds(10);
constexpr auto kBoundNear = std::chrono::seconds(5);

/// `time_bound` and `epoch`: as they are in the file.
std::unique_ptr<Connection> open(const std::string& file, const SqliteStore::Options& options,
                                 Time& time_bound, std::string& epoch) {
  try {
    // Without syncs nothing says when others look at the log.
    auto connection = std::make_unique<Connection>(
        file, options.is_synchronous ? Connection::Mode::gathering : Connection::Mode::read_write);
    connection->execute(
        std::string("PRAGMA journal_mode = WAL; PRAGMA synchronous = ") +
        (options.is_synchronous ? "FULL" : "OFF") +
        "; PRAGMA foreign_keys = ON; PRAGMA wal_autocheckpoint = 0; PRAGMA cache_size = -32000; "
        // What a savepoint may have to undo: beyond sixteen pages it went to a file, page by page.
        "PRAGMA temp_store = MEMORY; PRAGMA journal_size_limit = " +
        std::to_string(options.checkpoints.wal_bytes_reset));
    connection->watch_log();
    migrate(*connection);
    time_bound = read_time_bound(*connection);
    epoch = read_epoch(*connection);
    return connection;
  } catch (const std::runtime_error& failure) {
    throw std::runtime_error("cannot use the database " + file + ": " + failure.what());
  }
}

}  // namespace

SqliteStore::SqliteStore(Options options)
    : directory_(options.directory),
      file_(directory_.file(kDatabaseName)),
      checkpointer_(file_, options.checkpoints),
      writer_(open(file_, options, time_bound_, epoch_), options.writer,
              [this](Connection& connection) {
                checkpointer_.look(connection.log_bytes());
                keep_time_bound(connection);
              }),
      recent_(std::max(time_bound_, now_utc())),
      readers_(file_, {.threads = options.reader_threads}) {}

Time SqliteStore::change_time() {
  // At first not before anything that an earlier process gave: the machine's clock may have been
  // set back since.
  if (last_change_ == Time()) last_change_ = time_bound_;
  last_change_ = std::max(last_change_, now_utc());
  return last_change_;
}

Time SqliteStore::noted_time(domain::UserId user) {
  const auto now = change_time();
  recent_.note(now, user);
  return now;
}

bool SqliteStore::is_bound_near() const { return last_change_ + kBoundNear > time_bound_; }

void SqliteStore::keep_time_bound(Connection& connection) {
  if (!is_bound_near()) return;
  const auto bound = last_change_ + kBoundAhead;
  connection.prepare("UPDATE meta SET value = ?1 WHERE name = 'time_bound'").bind(bound).run();
  time_bound_ = bound;
}

SqliteStore::~SqliteStore() {
  readers_.stop();
  writer_.stop();
  checkpointer_.stop();
}

}  // namespace knotos::adapters::sqlite
