// The other floor: what a durable insert costs at least. A message row of 200 bytes with its
// unique index and the chat's row, in batches of so many a commit, `synchronous=FULL`, nothing
// else. Prints JSON: CPU and wall time of an insert.
#include <sqlite3.h>

#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <ctime>
#include <filesystem>
#include <string>

namespace {

constexpr int kChats = 256;

[[noreturn]] void die(sqlite3* database) {
  std::fprintf(stderr, "bench-sqlite-floor: %s\n", sqlite3_errmsg(database));
  std::exit(EXIT_FAILURE);
}

void run(sqlite3* database, const char* sql) {
  if (sqlite3_exec(database, sql, nullptr, nullptr, nullptr) != SQLITE_OK) die(database);
}

sqlite3_stmt* prepare(sqlite3* database, const char* sql) {
  sqlite3_stmt* statement = nullptr;
  if (sqlite3_prepare_v3(database, sql, -1, SQLITE_PREPARE_PERSISTENT, &statement, nullptr) !=
      SQLITE_OK)
    die(database);
  return statement;
}

void step(sqlite3* database, sqlite3_stmt* statement) {
  if (sqlite3_step(statement) != SQLITE_DONE) die(database);
  sqlite3_reset(statement);
}

double cpu_seconds() {
  timespec used{};
  ::clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &used);
  return static_cast<double>(used.tv_sec) + static_cast<double>(used.tv_nsec) / 1e9;
}

void insert(sqlite3* database, int inserts, int batch) {
  auto* const message = prepare(database, "INSERT INTO messages VALUES (?1, ?2, ?3, ?4, ?5, ?6)");
  auto* const chat =
      prepare(database, "UPDATE chats SET last_seq = ?2, preview = ?3 WHERE id = ?1");
  const std::string text(200, 'x');
  for (int i = 0; i < inserts; ++i) {
    if (i % batch == 0) run(database, "BEGIN IMMEDIATE");
    // Sixteen bytes that do not come in order, as an id of a chat; and such that do, as a
    // message's.
    std::string chat_id(16, static_cast<char>(i * 37 % kChats));
    char message_id[17];
    std::snprintf(message_id, sizeof message_id, "%016x", static_cast<unsigned>(i));
    sqlite3_bind_blob(message, 1, chat_id.data(), 16, SQLITE_STATIC);
    sqlite3_bind_int(message, 2, i);
    sqlite3_bind_blob(message, 3, message_id, 16, SQLITE_STATIC);
    sqlite3_bind_blob(message, 4, chat_id.data(), 16, SQLITE_STATIC);
    sqlite3_bind_text(message, 5, message_id, 16, SQLITE_STATIC);
    sqlite3_bind_text(message, 6, text.data(), static_cast<int>(text.size()), SQLITE_STATIC);
    step(database, message);
    sqlite3_bind_blob(chat, 1, chat_id.data(), 16, SQLITE_STATIC);
    sqlite3_bind_int(chat, 2, i);
    sqlite3_bind_text(chat, 3, text.data(), 100, SQLITE_STATIC);
    step(database, chat);
    if (i % batch == batch - 1) run(database, "COMMIT");
  }
  if (inserts % batch != 0) run(database, "COMMIT");
  sqlite3_finalize(message);
  sqlite3_finalize(chat);
}

}  // namespace

int main(int argc, char** argv) {
  if (argc < 4) {
    std::fputs("usage: bench-sqlite-floor FOLDER INSERTS BATCH\n", stderr);
    return 2;
  }
  const std::string file = std::string(argv[1]) + "/floor.sqlite";
  std::filesystem::remove(file);
  sqlite3* database = nullptr;
  if (sqlite3_open(file.c_str(), &database) != SQLITE_OK) die(database);
  run(database,
      "PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; PRAGMA cache_size = -65536;"
      "CREATE TABLE chats (id BLOB PRIMARY KEY, last_seq INTEGER, preview TEXT) STRICT;"
      "CREATE TABLE messages (chat_id BLOB, seq INTEGER, id BLOB, sender_id BLOB, key TEXT,"
      " content TEXT) STRICT;"
      "CREATE UNIQUE INDEX messages_by_key ON messages (chat_id, sender_id, key);");
  auto* const chat = prepare(database, "INSERT INTO chats VALUES (?1, 0, '')");
  for (int i = 0; i < kChats; ++i) {
    const std::string id(16, static_cast<char>(i));
    sqlite3_bind_blob(chat, 1, id.data(), 16, SQLITE_STATIC);
    step(database, chat);
  }
  sqlite3_finalize(chat);

  const int inserts = std::atoi(argv[2]);
  const auto began = std::chrono::steady_clock::now();
  const double cpu_before = cpu_seconds();
  insert(database, inserts, std::atoi(argv[3]));
  const double cpu = cpu_seconds() - cpu_before;
  const std::chrono::duration<double> wall = std::chrono::steady_clock::now() - began;
  sqlite3_close(database);
  std::filesystem::remove(file);
  std::printf("{\"cpuPerInsertUs\":%.3f,\"wallPerInsertUs\":%.3f}\n", cpu * 1e6 / inserts,
              wall.count() * 1e6 / inserts);
}
