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
    /// Often enough that the rest is little, seldom enough that a page which many commits changed
    /// is carried over once for all of them.
    std::size_t wal_bytes_passive = 16UL * 1024 * 1024;
    /// From here on to the end, so that the log begins anew in the same file: the writer waits for
    /// what is left after a checkpoint in passing.
    std::size_t wal_bytes_reset = 64UL * 1024 * 1024;
  };

  Checkpointer(std::string file, Limits limits);
  ~Checkpointer() { stop(); }

  /// After a commit, on the writer's thread: begins a checkpoint if it is time for one.
  /// `log_bytes`: of the log since it last began anew.
  void look(std::size_t log_bytes);
  void stop() { pool_.stop(); }

  /// Of the log's file; the space of what was carried over is used again.
  [[nodiscard]] std::size_t wal_bytes() const;

 private:
  void checkpoint(bool is_reset);
  [[nodiscard]] bool run(int mode);

  std::string file_;
  Limits limits_;
  std::atomic<bool> is_running_ = false;
  std::size_t carried_bytes_ = 0;  ///< Of the log, by the last checkpoint. Whose turn it is by
                                   ///< `is_running_`.
  std::unique_ptr<Connection> connection_;  ///< Of the checkpoint that runs.
  runtime::BlockingPool pool_;              ///< Last: its thread uses what is above.
};

}  // namespace knotos::adapters::sqlite
