#include "adapters/sqlite/connection.hpp"

#include "adapters/sqlite/gathering_vfs.hpp"

#include <sqlite3.h>

#include <algorithm>
#include <cstring>
#include <utility>

namespace knotos::adapters::sqlite {
namespace {

/// How long a statement waits for a lock that somebody else holds.
constexpr int kBusyMilliseconds = 2'000;

std::atomic<std::uint64_t> statements_begun = 0;

/// SQLite's own statistics of memory, which nobody here reads, take a lock at every allocation.
void count_no_memory() {
  // It answers SQLITE_MISUSE once anything was opened: then they are counted, and no harm is done.
  static const int once = sqlite3_config(SQLITE_CONFIG_MEMSTATUS, 0);
  static_cast<void>(once);
}

[[noreturn]] void fail(sqlite3* handle, int code) {
  const int extended = handle != nullptr ? sqlite3_extended_errcode(handle) : code;
  const bool is_same = (extended & 0xff) == (code & 0xff);
  throw Failure(is_same ? extended : code,
                handle != nullptr && is_same ? sqlite3_errmsg(handle) : sqlite3_errstr(code));
}

}  // namespace

Statement::~Statement() {
  if (statement_ == nullptr) return;
  sqlite3_reset(statement_);
  sqlite3_clear_bindings(statement_);
}

void Statement::check(int code) const {
  if (code != SQLITE_OK) fail(sqlite3_db_handle(statement_), code);
}

void Statement::bind_at(int index, std::int64_t value) {
  check(sqlite3_bind_int64(statement_, index, value));
}

void Statement::bind_at(int index, std::uint64_t value) {
  bind_at(index, static_cast<std::int64_t>(value));
}

// What is bound outlives the step: callers hold it.
void Statement::bind_at(int index, std::string_view text) {
  const char* data = text.data() == nullptr ? "" : text.data();
  check(sqlite3_bind_text64(statement_, index, data, text.size(), SQLITE_STATIC, SQLITE_UTF8));
}

void Statement::bind_at(int index, std::span<const std::uint8_t> blob) {
  if (blob.empty()) return check(sqlite3_bind_zeroblob(statement_, index, 0));
  check(sqlite3_bind_blob64(statement_, index, blob.data(), blob.size(), SQLITE_STATIC));
}

void Statement::bind_at(int index, std::nullptr_t) { check(sqlite3_bind_null(statement_, index)); }

bool Statement::step() {
  if (sqlite3_stmt_busy(statement_) == 0) statements_begun.fetch_add(1, std::memory_order_relaxed);
  const int code = sqlite3_step(statement_);
  if (code == SQLITE_ROW) return true;
  if (code == SQLITE_DONE) return false;
  fail(sqlite3_db_handle(statement_), code);
}

void Statement::run() {
  while (step()) {
  }
}

bool Statement::is_null(int column) const {
  return sqlite3_column_type(statement_, column) == SQLITE_NULL;
}

std::int64_t Statement::integer(int column) const {
  return sqlite3_column_int64(statement_, column);
}

std::optional<Time> Statement::optional_time(int column) const {
  if (is_null(column)) return std::nullopt;
  return time(column);
}

std::string Statement::text(int column) const {
  const auto* data = sqlite3_column_text(statement_, column);
  if (data == nullptr) return {};
  return {reinterpret_cast<const char*>(data),
          static_cast<std::size_t>(sqlite3_column_bytes(statement_, column))};
}

std::span<const std::uint8_t> Statement::blob(int column) const {
  const auto* data = static_cast<const std::uint8_t*>(sqlite3_column_blob(statement_, column));
  if (data == nullptr) return {};
  return {data, static_cast<std::size_t>(sqlite3_column_bytes(statement_, column))};
}

// A row of another length was not written by us: zeros name nothing, and nothing breaks.
Sha256 Statement::sha256(int column) const {
  Sha256 digest{};
  const auto bytes = blob(column);
  if (bytes.size() == digest.size()) std::ranges::copy(bytes, digest.begin());
  return digest;
}

Uuid Statement::uuid(int column) const {
  Uuid uuid;
  const auto bytes = blob(column);
  if (bytes.size() == uuid.bytes.size()) std::ranges::copy(bytes, uuid.bytes.begin());
  return uuid;
}

void Connection::watch_log() {
  static_cast<void>(frame_bytes());
  const auto note = [](void* self, sqlite3* /*handle*/, const char* /*name*/, int frames) {
    static_cast<Connection*>(self)->log_frames_ = static_cast<std::size_t>(frames);
    return SQLITE_OK;
  };
  sqlite3_wal_hook(handle_, note, this);
}

std::size_t Connection::frame_bytes() {
  // The file format's header of a frame.
  constexpr std::size_t kFrameHeaderBytes = 24;
  if (frame_bytes_ == 0) {
    auto row = prepare("PRAGMA page_size");
    if (row.step()) frame_bytes_ = static_cast<std::size_t>(row.integer(0)) + kFrameHeaderBytes;
  }
  return frame_bytes_;
}

std::size_t Connection::SqlHash::operator()(std::string_view sql) const {
  std::uint64_t middle = 0;
  std::uint64_t end = 0;
  if (sql.size() >= 2 * sizeof end) {
    std::memcpy(&middle, sql.data() + sql.size() / 2, sizeof middle);
    std::memcpy(&end, sql.data() + sql.size() - sizeof end, sizeof end);
  }
  constexpr std::uint64_t kSpread = 0x9e37'79b9'7f4a'7c15;
  return static_cast<std::size_t>(((middle + sql.size()) * kSpread) ^ (end * kSpread >> 7U));
}

Connection::Connection(const std::string& file, Mode mode) {
  count_no_memory();
  const int flags =
      SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_EXRESCODE |
      (mode == Mode::read_only ? SQLITE_OPEN_READONLY : SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE);
  const char* const vfs = mode == Mode::gathering ? gathering_vfs() : nullptr;
  const int code = sqlite3_open_v2(file.c_str(), &handle_, flags, vfs);
  if (code != SQLITE_OK) {
    const Failure failure(code,
                          handle_ != nullptr ? sqlite3_errmsg(handle_) : sqlite3_errstr(code));
    sqlite3_close_v2(std::exchange(handle_, nullptr));
    throw failure;
  }
  sqlite3_busy_timeout(handle_, kBusyMilliseconds);
}

Connection::~Connection() {
  for (const auto& [sql, statement] : statements_) sqlite3_finalize(statement);
  sqlite3_close_v2(handle_);
}

void Connection::execute(const std::string& script) {
  const int code = sqlite3_exec(handle_, script.c_str(), nullptr, nullptr, nullptr);
  if (code != SQLITE_OK) fail(handle_, code);
}

Statement Connection::prepare(std::string_view sql) {
  auto& statement = statements_[sql];
  if (statement == nullptr) {
    const int code = sqlite3_prepare_v3(handle_, sql.data(), static_cast<int>(sql.size()),
                                        SQLITE_PREPARE_PERSISTENT, &statement, nullptr);
    if (code != SQLITE_OK) {
      statements_.erase(sql);
      fail(handle_, code);
    }
  }
  return Statement(statement);
}

std::int64_t Connection::changes() const { return sqlite3_changes64(handle_); }

std::int64_t Connection::total_changes() const { return sqlite3_total_changes64(handle_); }

bool Connection::is_in_transaction() const { return sqlite3_get_autocommit(handle_) == 0; }

std::uint64_t Connection::statements_run() {
  return statements_begun.load(std::memory_order_relaxed);
}

Snapshot::~Snapshot() {
  try {
    if (connection_.is_in_transaction()) connection_.prepare("COMMIT").run();
  } catch (const Failure&) {
    // The end of a read writes nothing; a connection that cannot even end it says so at its next
    // use.
  }
}

}  // namespace knotos::adapters::sqlite
