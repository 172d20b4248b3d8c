#pragma once

#include "adapters/sqlite/failure.hpp"
#include "base/digest.hpp"
#include "base/time.hpp"
#include "base/uuid.hpp"

#include <atomic>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>

struct sqlite3;
struct sqlite3_stmt;

namespace knotos::adapters::sqlite {

/// A prepared statement, bound and stepped through. Resets itself when it is done or dropped. Views
/// of columns die with the next step. All calls throw Failure.
class Statement {
 public:
  explicit Statement(sqlite3_stmt* statement) : statement_(statement) {}
  Statement(Statement&& other) noexcept : statement_(std::exchange(other.statement_, nullptr)) {}
  Statement(const Statement&) = delete;
  Statement& operator=(const Statement&) = delete;
  Statement& operator=(Statement&&) = delete;
  ~Statement();

  /// Binds parameters from ?1 on.
  template <class... Values>
  Statement& bind(const Values&... values) {
    int index = 0;
    (bind_at(++index, values), ...);
    return *this;
  }

  void bind_at(int index, std::int64_t value);
  void bind_at(int index, std::uint64_t value);
  void bind_at(int index, std::uint32_t value) { bind_at(index, std::uint64_t{value}); }
  void bind_at(int index, bool value) { bind_at(index, std::int64_t{value ? 1 : 0}); }
  void bind_at(int index, std::string_view text);
  void bind_at(int index, const std::string& text) { bind_at(index, std::string_view(text)); }
  void bind_at(int index, const char* text) { bind_at(index, std::string_view(text)); }
  void bind_at(int index, std::span<const std::uint8_t> blob);
  void bind_at(int index, const Sha256& digest) {
    bind_at(index, std::span<const std::uint8_t>(digest));
  }
  void bind_at(int index, Time time) {
    bind_at(index, std::int64_t{time.time_since_epoch().count()});
  }
  void bind_at(int index, std::nullptr_t);
  template <class Tag>
  void bind_at(int index, const Id<Tag>& id) {
    bind_at(index, std::span<const std::uint8_t>(id.uuid().bytes));
  }
  template <class Value>
  void bind_at(int index, const std::optional<Value>& value) {
    if (value) {
      bind_at(index, *value);
    } else {
      bind_at(index, nullptr);
    }
  }

  /// True: a row is there.
  [[nodiscard]] bool step();
  /// Steps a statement that answers no rows.
  void run();

  [[nodiscard]] bool is_null(int column) const;
  [[nodiscard]] std::int64_t integer(int column) const;
  [[nodiscard]] std::uint64_t count(int column) const {
    return static_cast<std::uint64_t>(integer(column));
  }
  [[nodiscard]] bool flag(int column) const { return integer(column) != 0; }
  [[nodiscard]] Time time(int column) const { return Time(Milliseconds(integer(column))); }
  [[nodiscard]] std::optional<Time> optional_time(int column) const;
  [[nodiscard]] std::string text(int column) const;
  [[nodiscard]] std::span<const std::uint8_t> blob(int column) const;
  [[nodiscard]] Sha256 sha256(int column) const;
  [[nodiscard]] Uuid uuid(int column) const;
  template <class IdType>
  [[nodiscard]] IdType id(int column) const {
    return IdType(uuid(column));
  }
  template <class IdType>
  [[nodiscard]] std::optional<IdType> optional_id(int column) const {
    if (is_null(column)) return std::nullopt;
    return IdType(uuid(column));
  }

 private:
  void check(int code) const;

  sqlite3_stmt* statement_;
};

/// One connection to the database file and its prepared statements. One thread at a time. All calls
/// throw Failure.
class Connection {
 public:
  enum class Mode {
    read_write,
    read_only,
    gathering,  ///< Read and write, by `gathering_vfs`.
  };

  Connection(const std::string& file, Mode mode);
  Connection(const Connection&) = delete;
  Connection& operator=(const Connection&) = delete;
  ~Connection();

  /// Runs a script of statements that answer nothing.
  void execute(const std::string& script);
  /// Prepared once per text; `sql` is a constant, or lives as long as the connection. At most one
  /// use at a time.
  [[nodiscard]] Statement prepare(std::string_view sql);

  /// Rows that the last statement changed.
  [[nodiscard]] std::int64_t changes() const;
  /// Rows that were changed since it was opened, by whatever.
  [[nodiscard]] std::int64_t total_changes() const;
  /// Inside a transaction.
  [[nodiscard]] bool is_in_transaction() const;

  /// Notes from now on how long the write-ahead log is. A PRAGMA wal_autocheckpoint would end it.
  void watch_log();
  /// Of the log since it last began anew, as this connection's last commit left it; 0 before that.
  [[nodiscard]] std::size_t log_bytes() const { return log_frames_ * frame_bytes_; }
  /// Of one page in the log.
  [[nodiscard]] std::size_t frame_bytes();

  [[nodiscard]] sqlite3* handle() const { return handle_; }
  /// Statements stepped to their first answer by all connections of the process: what a test
  /// counts.
  [[nodiscard]] static std::uint64_t statements_run();

 private:
  friend class Statement;

  /// Looks at length, middle and end: statements that are alike there are few, and hashing all of
  /// their texts was a twentieth of what an insert costs.
  struct SqlHash {
    [[nodiscard]] std::size_t operator()(std::string_view sql) const;
  };

  sqlite3* handle_ = nullptr;
  std::size_t log_frames_ = 0;
  std::size_t frame_bytes_ = 0;  ///< 0: not asked for yet.
  std::unordered_map<std::string_view, sqlite3_stmt*, SqlHash> statements_;
};

/// A read transaction: all its statements see one moment. Ends when it is dropped.
class Snapshot {
 public:
  explicit Snapshot(Connection& connection) : connection_(connection) {
    connection_.prepare("BEGIN").run();
  }
  Snapshot(const Snapshot&) = delete;
  Snapshot& operator=(const Snapshot&) = delete;
  ~Snapshot();

 private:
  Connection& connection_;
};

}  // namespace knotos::adapters::sqlite
