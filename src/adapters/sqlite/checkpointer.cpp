#include "adapters/sqlite/checkpointer.hpp"

#include "base/log.hpp"
#include "base/metrics.hpp"

#include <sqlite3.h>

#include <filesystem>

namespace knotos::adapters::sqlite {
namespace {

metrics::Counter checkpoints_done("sqlite_checkpoints_total",
                                  "Checkpoints of the write-ahead log.");
metrics::Counter checkpoints_failed("sqlite_checkpoints_failed_total",
                                    "Checkpoints that failed; the log keeps what they left.");

}  // namespace

Checkpointer::Checkpointer(std::string file, Limits limits)
    : file_(std::move(file)), limits_(limits), pool_("sqlite-checkpoints", 1, 1) {}

std::size_t Checkpointer::wal_bytes() const {
  std::error_code ec;
  const auto size = std::filesystem::file_size(file_ + "-wal", ec);
  return ec ? 0 : size;
}

void Checkpointer::look() {
  if (is_running_) return;
  const auto bytes = wal_bytes();
  const bool is_reset = bytes >= limits_.wal_bytes_reset;
  if (!is_reset && bytes < wal_bytes_carried_ + limits_.wal_bytes_passive) return;
  is_running_ = true;
  runtime::BlockingPool::Job job = [this, is_reset] {
    checkpoint(is_reset);
    is_running_ = false;
  };
  if (!pool_.submit(job)) is_running_ = false;
}

void Checkpointer::checkpoint(bool is_reset) {
  try {
    if (!connection_) {
      connection_ = std::make_unique<Connection>(file_, Connection::Mode::read_write);
      // A connection that has read nothing does not know of the log yet, and its checkpoint does
      // nothing, successfully.
      connection_->execute("SELECT count(*) FROM sqlite_schema");
    }
    const int mode = is_reset ? SQLITE_CHECKPOINT_TRUNCATE : SQLITE_CHECKPOINT_PASSIVE;
    const int code =
        sqlite3_wal_checkpoint_v2(connection_->handle(), nullptr, mode, nullptr, nullptr);
    // Busy: a reader held on to the end of the log for as long as we were ready to wait. The next
    // one will do it.
    if (code != SQLITE_OK && (code & 0xff) != SQLITE_BUSY)
      throw Failure(code, sqlite3_errmsg(connection_->handle()));
    wal_bytes_carried_ = wal_bytes();
    checkpoints_done.add();
  } catch (const Failure& failure) {
    checkpoints_failed.add();
    log::error("a checkpoint failed", {{"cause", failure.what()}, {"code", failure.code()}});
    connection_.reset();
  }
}

}  // namespace knotos::adapters::sqlite
