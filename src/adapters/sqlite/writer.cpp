#include "adapters/sqlite/writer.hpp"

#include "base/log.hpp"
#include "base/metrics.hpp"

#include <sqlite3.h>

#include <algorithm>

namespace knotos::adapters::sqlite {
namespace {

metrics::Counter commits("sqlite_commits_total", "Commits.");
metrics::Counter writes_committed("sqlite_writes_total", "Writes that were committed.");
metrics::Counter writes_failed("sqlite_writes_failed_total", "Writes that failed.");
metrics::Counter writes_refused("sqlite_writes_refused_total",
                                "Writes refused because too many waited, or the store had closed.");

metrics::Counter batches_again(
    "sqlite_batches_again_total",
    "Batches written a second time, in savepoints, because a write of theirs had to be undone.");

constexpr std::string_view kClosed = "the store is closed for writes until a restart";

/// After these nobody knows what the file holds: not what it will give back, and not what of a
/// commit is in it.
bool closes_the_store(const Failure& failure, bool is_commit) {
  switch (failure.primary_code()) {
    case SQLITE_CORRUPT:
    case SQLITE_NOTADB:
      return true;
    case SQLITE_IOERR:
      return is_commit || failure.code() == SQLITE_IOERR_FSYNC;
    default:
      return false;
  }
}

}  // namespace

Writer::Writer(std::unique_ptr<Connection> connection, Limits limits, AfterCommit after_commit)
    : connection_(std::move(connection)),
      limits_(limits),
      after_commit_(std::move(after_commit)),
      pool_("sqlite-writer", 1, 4) {}

Writer::Place Writer::enqueue(std::unique_ptr<Pending>& pending) {
  const std::scoped_lock lock(mutex_);
  if (queue_.size() >= limits_.waiting_max) {
    writes_refused.add();
    return Place::refused;
  }
  queue_.push_back(std::move(pending));
  return std::exchange(is_draining_, true) ? Place::queued : Place::first;
}

void Writer::start_draining() {
  runtime::BlockingPool::Job job = [this] { write_all(); };
  if (pool_.submit(job)) return;
  // The pool has stopped: so has the process, nearly.
  std::deque<std::unique_ptr<Pending>> left;
  {
    const std::scoped_lock lock(mutex_);
    left.swap(queue_);
    is_draining_ = false;
  }
  for (auto& pending : left) pending->answer(Fate::unavailable, "the store has stopped");
}

void Writer::write_all() {
  while (true) {
    std::vector<std::unique_ptr<Pending>> batch;
    {
      const std::scoped_lock lock(mutex_);
      if (queue_.empty()) {
        is_draining_ = false;
        return;
      }
      const auto count = std::min(queue_.size(), limits_.batch_max);
      const auto end = queue_.begin() + static_cast<std::ptrdiff_t>(count);
      batch.assign(std::make_move_iterator(queue_.begin()), std::make_move_iterator(end));
      queue_.erase(queue_.begin(), end);
    }
    commit(batch);
  }
}

void Writer::commit(std::vector<std::unique_ptr<Pending>>& batch) {
  if (!is_open_) {
    writes_refused.add(static_cast<std::int64_t>(batch.size()));
    for (auto& pending : batch) pending->answer(Fate::unavailable, std::string(kClosed));
    return;
  }
  bool is_commit = false;
  try {
    connection_->prepare("BEGIN IMMEDIATE").run();
    if (!run_all(batch)) {
      batches_again.add();
      connection_->prepare("ROLLBACK").run();
      connection_->prepare("BEGIN IMMEDIATE").run();
      for (auto& pending : batch) run_in_savepoint(*pending);
    }
    is_commit = true;
    connection_->prepare("COMMIT").run();
  } catch (const Failure& failure) {
    return fail(batch, failure, is_commit);
  }
  commits.add();
  writes_committed.add(static_cast<std::int64_t>(batch.size()));
  for (auto& pending : batch) pending->answer(Fate::done, {});
  try {
    after_commit_(*connection_);
  } catch (const Failure& failure) {
    log::warning("the store could not be tended after a commit", {{"cause", failure.what()}});
  }
}

/// A savepoint keeps a copy of each page that a write touches, and next to no write has to be
/// undone: most of those that are dropped have found out before they changed anything. False: one
/// has not, so that all must be undone.
bool Writer::run_all(std::vector<std::unique_ptr<Pending>>& batch) {
  for (auto& pending : batch) {
    const auto before = connection_->total_changes();
    if (!pending->run(*connection_) && connection_->total_changes() != before) return false;
  }
  return true;
}

void Writer::run_in_savepoint(Pending& pending) {
  connection_->prepare("SAVEPOINT one_write").run();
  if (!pending.run(*connection_)) connection_->prepare("ROLLBACK TO one_write").run();
  connection_->prepare("RELEASE one_write").run();
}

/// One failed write fails its batch: what makes a statement fail here (a full disk, a lock, a
/// broken file) is not of one write's making, and those that were well will be sent again.
void Writer::fail(std::vector<std::unique_ptr<Pending>>& batch, const Failure& failure,
                  bool is_commit) {
  roll_back();
  writes_failed.add(static_cast<std::int64_t>(batch.size()));
  const bool is_closing = closes_the_store(failure, is_commit);
  // A commit that failed for want of room was taken back. One that the disk failed may be there, or
  // not.
  const bool is_unknown =
      is_commit && failure.primary_code() != SQLITE_FULL && failure.primary_code() != SQLITE_BUSY;
  if (is_closing) {
    is_open_ = false;
    log::critical("the store takes no more writes until a restart",
                  {{"cause", failure.what()}, {"code", failure.code()}});
  } else {
    log::error("a commit failed",
               {{"cause", failure.what()}, {"code", failure.code()}, {"writes", batch.size()}});
  }
  for (auto& pending : batch)
    pending->answer(is_unknown ? Fate::unknown : Fate::unavailable, failure.what());
}

void Writer::roll_back() {
  try {
    if (connection_->is_in_transaction()) connection_->prepare("ROLLBACK").run();
  } catch (const Failure& failure) {
    is_open_ = false;
    log::critical("the store takes no more writes until a restart",
                  {{"cause", failure.what()}, {"while", "rolling back"}});
  }
}

}  // namespace knotos::adapters::sqlite
