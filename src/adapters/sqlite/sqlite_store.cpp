#include "adapters/sqlite/sqlite_store.hpp"

#include "adapters/sqlite/schema.hpp"

#include <algorithm>
#include <stdexcept>

namespace knotos::adapters::sqlite {
namespace {

std::unique_ptr<Connection> open(const std::string& file, const SqliteStore::Options& options) {
  try {
    auto connection = std::make_unique<Connection>(file, Connection::Mode::read_write);
    connection->execute(
        std::string("PRAGMA journal_mode = WAL; PRAGMA synchronous = ") +
        (options.is_synchronous ? "FULL" : "OFF") +
        "; PRAGMA foreign_keys = ON; PRAGMA wal_autocheckpoint = 0; PRAGMA cache_size = -32000;");
    migrate(*connection);
    return connection;
  } catch (const std::runtime_error& failure) {
    throw std::runtime_error("cannot use the database " + file + ": " + failure.what());
  }
}

}  // namespace

SqliteStore::SqliteStore(Options options)
    : directory_(options.directory),
      file_(directory_.file("knotos.db")),
      checkpointer_(file_, options.checkpoints),
      writer_(open(file_, options), options.writer, [this](Connection&) { checkpointer_.look(); }),
      readers_(file_, {.threads = options.reader_threads}) {}

Time SqliteStore::change_time() {
  last_change_ = std::max(last_change_, now_utc());
  return last_change_;
}

SqliteStore::~SqliteStore() {
  readers_.stop();
  writer_.stop();
  checkpointer_.stop();
}

}  // namespace knotos::adapters::sqlite
