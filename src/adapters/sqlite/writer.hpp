#pragma once

#include "adapters/sqlite/connection.hpp"
#include "base/task.hpp"
#include "runtime/blocking_pool.hpp"

#include <atomic>
#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace knotos::adapters::sqlite {

/// What became of a write.
enum class Fate : std::uint8_t {
  done,  ///< Durable, and its value is there; or it decided to write nothing, and says why in its
         ///< value.
  unavailable,  ///< Nothing was written.
  unknown,      ///< The commit failed half-way: it may come back after a restart.
};

template <class T>
struct Written {
  Fate fate = Fate::unavailable;
  std::optional<T> value;  ///< With done.
  std::string cause;       ///< For the log, otherwise.
};

/// A write's view of the transaction it shares with others.
struct WriteScope {
  Connection& connection;
  bool is_kept = true;

  /// What this write did so far is undone; its value is answered all the same.
  void drop() { is_kept = false; }
};

/// The one writer. All that waits goes into one transaction and is answered after its one commit
/// (`synchronous=FULL`: after the sync). Where a write must be undone that has changed something,
/// the transaction is done again with a savepoint for each write. Any thread may call `write`; the
/// work runs on the writer's own thread, perhaps twice.
///
/// Where a commit fails in a way that leaves open what is on the disk (a failed sync may have lost
/// what the kernel held), the writer closes until the process starts again.
class Writer {
 public:
  struct Limits {
    std::size_t waiting_max = 16'384;  ///< More are `unavailable` at once.
    std::size_t batch_max = 1'024;     ///< Writes of one commit.
  };

  /// Called on the writer's thread after each commit, outside of any transaction.
  using AfterCommit = std::function<void(Connection&)>;

  /// The connection is the writer's from now on.
  Writer(std::unique_ptr<Connection> connection, Limits limits, AfterCommit after_commit);
  /// Finishes what waits.
  ~Writer() { stop(); }

  /// Answers on the caller's executor. `work` throws Failure where SQLite fails.
  template <class T>
  [[nodiscard]] Task<Written<T>> write(std::function<T(WriteScope&)> work);

  /// What `look` answers (an optional) while nothing is written nor waits to be: all that came
  /// before is committed then, and nothing that comes after has begun. Else, or when the writer has
  /// closed, nullopt. `look` runs on the caller's thread, with the queue locked.
  template <class Look>
  [[nodiscard]] auto if_idle(const Look& look) -> decltype(look()) {
    const std::scoped_lock lock(mutex_);
    if (is_draining_ || !is_open_) return std::nullopt;
    return look();
  }

  [[nodiscard]] bool is_open() const { return is_open_; }
  void stop() { pool_.stop(); }

 private:
  struct Pending {
    virtual ~Pending() = default;
    /// True: keep what it did.
    [[nodiscard]] virtual bool run(Connection& connection) = 0;
    /// After the commit, or instead of it.
    virtual void answer(Fate fate, const std::string& cause) = 0;
  };
  template <class T, class Handler>
  struct Waiting;

  enum class Place { refused, queued, first };
  [[nodiscard]] Place enqueue(std::unique_ptr<Pending>& pending);
  void start_draining();
  void write_all();
  void commit(std::vector<std::unique_ptr<Pending>>& batch);
  [[nodiscard]] bool run_all(std::vector<std::unique_ptr<Pending>>& batch);
  void run_in_savepoint(Pending& pending);
  void fail(std::vector<std::unique_ptr<Pending>>& batch, const Failure& failure, bool is_commit);
  void roll_back();

  std::unique_ptr<Connection> connection_;
  Limits limits_;
  AfterCommit after_commit_;
  std::atomic<bool> is_open_ = true;
  std::mutex mutex_;
  std::deque<std::unique_ptr<Pending>> queue_;  ///< With the mutex.
  bool is_draining_ = false;                    ///< With the mutex.
  runtime::BlockingPool pool_;                  ///< Last: its thread uses what is above.
};

template <class T, class Handler>
struct Writer::Waiting final : Pending {
  Waiting(std::function<T(WriteScope&)> what, Handler whom)
      : work(std::move(what)),
        handler(std::move(whom)),
        guard(boost::asio::make_work_guard(handler)) {}

  bool run(Connection& connection) override {
    WriteScope scope{connection};
    value = work(scope);
    return scope.is_kept;
  }

  void answer(Fate fate, const std::string& cause) override {
    Written<T> written{.fate = fate, .value = {}, .cause = cause};
    if (fate == Fate::done) written.value = std::move(value);
    work = nullptr;
    boost::asio::post(boost::asio::append(std::move(handler), std::move(written)));
    guard.reset();
  }

  std::function<T(WriteScope&)> work;
  std::optional<T> value;
  Handler handler;
  boost::asio::executor_work_guard<boost::asio::associated_executor_t<Handler>> guard;
};

template <class T>
Task<Written<T>> Writer::write(std::function<T(WriteScope&)> work) {
  // Not a coroutine: it lives in the frame of this one until the answer is there.
  auto start = [this, &work](auto handler) {
    std::unique_ptr<Pending> pending =
        std::make_unique<Waiting<T, decltype(handler)>>(std::move(work), std::move(handler));
    switch (enqueue(pending)) {
      case Place::refused:
        return pending->answer(Fate::unavailable, "too many writes wait");
      case Place::queued:
        return;
      case Place::first:
        return start_draining();
    }
  };
  co_return co_await boost::asio::async_initiate<const boost::asio::use_awaitable_t<>,
                                                 void(Written<T>)>(std::move(start),
                                                                   boost::asio::use_awaitable);
}

}  // namespace knotos::adapters::sqlite
