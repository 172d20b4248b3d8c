#pragma once

#include "adapters/sqlite/connection.hpp"
#include "base/error.hpp"
#include "base/task.hpp"
#include "runtime/blocking_pool.hpp"

#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

namespace knotos::adapters::sqlite {

/// Reading connections, one a thread, each in a snapshot of its own, so that readers never wait for
/// the writer. Any thread may call.
class Readers {
 public:
  struct Limits {
    std::size_t threads = 2;
    std::size_t waiting_max = 4'096;  ///< More are `store_unavailable` at once.
  };

  Readers(std::string file, Limits limits);
  ~Readers() { stop(); }

  /// Runs `work` in one snapshot and answers on the caller's executor. Errors: store_unavailable,
  /// and the work's own.
  template <class T>
  [[nodiscard]] Task<Result<T>> read(std::function<Result<T>(Connection&)> work);

  void stop() { pool_.stop(); }

 private:
  [[nodiscard]] std::unique_ptr<Connection> take();
  void give_back(std::unique_ptr<Connection> connection);
  [[nodiscard]] static std::unexpected<Error> failed(const Failure& failure);

  std::string file_;
  std::mutex mutex_;
  std::vector<std::unique_ptr<Connection>> idle_;  ///< With the mutex.
  runtime::BlockingPool pool_;                     ///< Last: its threads use what is above.
};

template <class T>
Task<Result<T>> Readers::read(std::function<Result<T>(Connection&)> work) {
  auto job = [this, work = std::move(work)]() -> Result<T> {
    try {
      auto connection = take();
      auto result = [&]() -> Result<T> {
        const Snapshot snapshot(*connection);
        return work(*connection);
      }();
      // Only one that did not fail is used again.
      give_back(std::move(connection));
      return result;
    } catch (const Failure& failure) {
      return failed(failure);
    }
  };
  auto result = co_await pool_.run<T>(std::move(job));
  if (!result && result.error().code == Errc::overloaded) {
    co_return fail_because(Errc::store_unavailable, "too many reads wait");
  }
  co_return result;
}

}  // namespace knotos::adapters::sqlite
