#pragma once

#include "adapters/sqlite/connection.hpp"
#include "runtime/blocking_pool.hpp"

#include <atomic>
#include <cstddef>
#include <memory>
#include <string>

namespace knotos::adapters::sqlite {

/// Carries what the write-ahead log holds over into the database, off the path of the commits, so
/// that the log stays bounded. On a thread of its own, one checkpoint at a time.
class Checkpointer {
 public:
  struct Limits {
    /// From here on in passing: nobody waits, and what readers still look at stays.
    std::size_t wal_bytes_passive = 4UL * 1024 * 1024;
    /// From here on to the end, so that the log begins anew: the writer waits for the rest of it.
    std::size_t wal_bytes_reset = 64UL * 1024 * 1024;
  };

  Checkpointer(std::string file, Limits limits);
  ~Checkpointer() { stop(); }

  /// After a commit, from any thread: begins a checkpoint if it is time for one.
  void look();
  void stop() { pool_.stop(); }

  /// Of the log's file; the space of what was carried over is used again.
  [[nodiscard]] std::size_t wal_bytes() const;

 private:
  void checkpoint(bool is_reset);

  std::string file_;
  Limits limits_;
  std::atomic<bool> is_running_ = false;
  std::atomic<std::size_t> wal_bytes_carried_ =
      0;                                    ///< Where the log's file stood at the last checkpoint.
  std::unique_ptr<Connection> connection_;  ///< Of the checkpoint that runs.
  runtime::BlockingPool pool_;              ///< Last: its thread uses what is above.
};

}  // namespace knotos::adapters::sqlite
