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

void Checkpointer::look(std::size_t log_bytes) {
  if (is_running_) return;
  // It has begun anew since.
  if (log_bytes < carried_bytes_) carried_bytes_ = 0;
  if (log_bytes < carried_bytes_ + limits_.wal_bytes_passive) return;
  const bool is_reset = log_bytes >= limits_.wal_bytes_reset;
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
    // Commits go on beside the first, which does nearly all of it, and wait for the second. The
    // file keeps its length: giving tens of megabytes back took as long as a hundred commits.
    const bool is_done = run(SQLITE_CHECKPOINT_PASSIVE);
    if (is_reset && is_done) static_cast<void>(run(SQLITE_CHECKPOINT_RESTART));
    checkpoints_done.add();
  } catch (const Failure& failure) {
    checkpoints_failed.add();
    log::error("a checkpoint failed", {{"cause", failure.what()}, {"code", failure.code()}});
    connection_.reset();
  }
}

/// False: a reader held on to the end of the log for as long as we were ready to wait, and the next
/// one will do it.
bool Checkpointer::run(int mode) {
  int carried_frames = 0;
  const int code =
      sqlite3_wal_checkpoint_v2(connection_->handle(), nullptr, mode, nullptr, &carried_frames);
  const bool is_busy = (code & 0xff) == SQLITE_BUSY;
  if (code != SQLITE_OK && !is_busy) {
    throw Failure(code, sqlite3_errmsg(connection_->handle()));
  }
  if (carried_frames > 0) {
    carried_bytes_ = static_cast<std::size_t>(carried_frames) * connection_->frame_bytes();
  }
  return !is_busy;
}

}  // namespace knotos::adapters::sqlite
