#pragma once

#include "adapters/mongo/document.hpp"

#include <mongoc/mongoc.h>

#include <chrono>
#include <cstddef>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace knotos::adapters::mongo {

/// The library itself, begun before and ended after all that uses it.
class Driver {
 public:
  static void begin();
};

/// What a query asks for beside its filter.
struct FindOptions {
  Document sort;
  Document fields;        ///< Empty: all.
  std::size_t limit = 0;  ///< 0: none.
};

struct UpdateOutcome {
  std::uint64_t matched = 0;
  bool is_upserted = false;
  bool is_duplicate = false;  ///< A unique index said no.
};

struct InsertOutcome {
  std::size_t inserted = 0;
  bool is_duplicate = false;  ///< A unique index said no to the one after these.
};

/// The documents of a query, one at a time. Throws Failure.
class Cursor {
 public:
  explicit Cursor(mongoc_cursor_t* cursor) : cursor_(cursor) {}
  /// Good until the next call. nullopt: no more.
  [[nodiscard]] std::optional<View> next();

 private:
  struct Destroy {
    void operator()(mongoc_cursor_t* cursor) const { mongoc_cursor_destroy(cursor); }
  };
  std::unique_ptr<mongoc_cursor_t, Destroy> cursor_;
};

/// One client of the pool, for one piece of work on one thread. Reads are from the primary, of what
/// a majority holds; writes are answered when a majority has them in its journal. All throw
/// Failure; a duplicate key is an outcome.
class Session {
 public:
  Session(mongoc_client_pool_t* pool, const std::string& database);
  Session(const Session&) = delete;
  Session& operator=(const Session&) = delete;
  ~Session();

  [[nodiscard]] std::optional<Document> find_one(const char* collection, const Document& filter,
                                                 FindOptions options = {});
  [[nodiscard]] Cursor find(const char* collection, const Document& filter,
                            const FindOptions& options = {});
  [[nodiscard]] std::vector<Document> find_all(const char* collection, const Document& filter,
                                               const FindOptions& options = {});
  [[nodiscard]] std::size_t count(const char* collection, const Document& filter,
                                  std::size_t limit = 0);

  /// In order, up to the first that is refused.
  InsertOutcome insert(const char* collection, const std::vector<Document>& documents);
  /// False: a unique index said no.
  bool insert_one(const char* collection, const Document& document);
  UpdateOutcome update_one(const char* collection, const Document& filter, const Document& update,
                           bool upserts = false);
  std::uint64_t update_many(const char* collection, const Document& filter, const Document& update);
  /// The document before the update; nullopt: none fits the filter.
  std::optional<Document> update_and_get_old(const char* collection, const Document& filter,
                                             const Document& update);
  /// The document after the update, which is made if none fits the filter.
  std::optional<Document> upsert_and_get_new(const char* collection, const Document& filter,
                                             const Document& update);
  std::uint64_t remove_one(const char* collection, const Document& filter);
  std::uint64_t remove_many(const char* collection, const Document& filter);
  /// Of the database; answers its reply.
  Document command(const Document& command);
  /// False: no server could be found in time; `why` tells in plain words.
  bool greet(std::string& why, Document& hello);

 private:
  using Collection = std::unique_ptr<mongoc_collection_t, void (*)(mongoc_collection_t*)>;
  [[nodiscard]] Collection collection(const char* name);
  /// `flags`: of mongoc_find_and_modify_flags_t.
  std::optional<Document> find_and_modify(const char* collection, const Document& filter,
                                          const Document& update, int flags);
  /// `remove`: for one or for all that fit, else the same.
  std::uint64_t remove_by(decltype(mongoc_collection_delete_one)* remove, const char* collection,
                          const Document& filter);

  mongoc_client_pool_t* pool_;
  mongoc_client_t* client_;
  const std::string& database_;
};

/// Whether the driver understands it as a mongodb:// URL.
[[nodiscard]] bool is_url(const std::string& text);

/// Clients to one deployment. Any thread.
class Clients {
 public:
  struct Options {
    std::string url;
    std::size_t clients_max = 16;
    /// How long a call waits for a server that can take it. What the URL says has precedence.
    std::chrono::milliseconds select_timeout{5'000};
    std::chrono::milliseconds socket_timeout{10'000};
  };

  /// Throws std::runtime_error with one clear sentence, which never holds the URL's secrets.
  explicit Clients(const Options& options);

  [[nodiscard]] Session session() { return {pool_.get(), database_}; }
  [[nodiscard]] const std::string& database() const { return database_; }

 private:
  struct Destroy {
    void operator()(mongoc_client_pool_t* pool) const { mongoc_client_pool_destroy(pool); }
  };
  std::string database_;
  std::unique_ptr<mongoc_client_pool_t, Destroy> pool_;
};

}  // namespace knotos::adapters::mongo
