#include "adapters/mongo/client.hpp"

#include "adapters/mongo/failure.hpp"

#include <sys/mman.h>

#include <stdexcept>
#include <utility>

/// In the place of the C library's: the driver opens shared memory for its counters as soon as it
/// is loaded, used or not, by a name of the process's id. A process that is killed would leave it
/// behind, and the next of that id say so on standard error before `main`. This memory has no name.
/// Sets errno, as memfd_create(2).
[[gnu::visibility("default")]] int shm_open(const char* name, int flags, mode_t mode) {
  (void)flags;
  (void)mode;
  return ::memfd_create(name, MFD_CLOEXEC);
}

namespace knotos::adapters::mongo {
namespace {

constexpr std::uint32_t kDuplicateKey = 11'000;

/// A reply of the driver, which must be destroyed whatever became of the call.
class Reply {
 public:
  Reply() { bson_init(&bson_); }
  Reply(const Reply&) = delete;
  Reply& operator=(const Reply&) = delete;
  ~Reply() { bson_destroy(&bson_); }
  /// To write to: what was in it before is gone.
  [[nodiscard]] bson_t* out() {
    bson_destroy(&bson_);
    return &bson_;
  }
  [[nodiscard]] const bson_t* raw() const { return &bson_; }
  [[nodiscard]] View view() const { return View(&bson_); }

 private:
  bson_t bson_{};
};

/// Only what certainly never left this machine is called not done.
Failure failure_of(const bson_error_t& error) {
  const auto domain = static_cast<std::uint32_t>(error.domain);
  const bool never_left =
      domain == MONGOC_ERROR_SERVER_SELECTION ||
      (domain == MONGOC_ERROR_CLIENT && error.code == MONGOC_ERROR_CLIENT_AUTHENTICATE);
  return {never_left ? Fate::not_done : Fate::unknown, error.message};
}

bool is_duplicate_in(const View& reply) {
  for (const auto& each : reply.documents("writeErrors")) {
    if (each.count("code") == kDuplicateKey) return true;
  }
  return false;
}

/// A write that was done and may not last.
void check_concern(const View& reply) {
  if (!reply.documents("writeConcernErrors").empty() || reply.has("writeConcernError")) {
    throw Failure(Fate::unknown, "a majority did not confirm the write in time");
  }
}

Document options_of(const FindOptions& options) {
  Document raw;
  if (!options.sort.is_empty()) raw.add("sort", options.sort);
  if (!options.fields.is_empty()) raw.add("projection", options.fields);
  if (options.limit > 0) raw.add("limit", options.limit);
  return raw;
}

using Uri = std::unique_ptr<mongoc_uri_t, void (*)(mongoc_uri_t*)>;

Uri parse(const Clients::Options& options) {
  Driver::begin();
  bson_error_t error{};
  Uri uri(mongoc_uri_new_with_error(options.url.c_str(), &error), mongoc_uri_destroy);
  // The driver's own words may quote the URL, and with it the password.
  if (!uri) throw std::runtime_error("the store's URL is not a valid mongodb:// URL");
  const auto put = [&uri](const char* name, std::int64_t value) {
    if (!mongoc_uri_has_option(uri.get(), name)) {
      mongoc_uri_set_option_as_int32(uri.get(), name, static_cast<std::int32_t>(value));
    }
  };
  put(MONGOC_URI_SERVERSELECTIONTIMEOUTMS, options.select_timeout.count());
  put(MONGOC_URI_CONNECTTIMEOUTMS, options.select_timeout.count());
  put(MONGOC_URI_SOCKETTIMEOUTMS, options.socket_timeout.count());
  put(MONGOC_URI_MAXPOOLSIZE, static_cast<std::int64_t>(options.clients_max));
  // These are what the promises rest on, so the URL has no say in them.
  const std::unique_ptr<mongoc_write_concern_t, void (*)(mongoc_write_concern_t*)> write(
      mongoc_write_concern_new(), mongoc_write_concern_destroy);
  mongoc_write_concern_set_wmajority(write.get(),
                                     static_cast<std::int32_t>(options.socket_timeout.count()));
  mongoc_write_concern_set_journal(write.get(), true);
  mongoc_uri_set_write_concern(uri.get(), write.get());
  const std::unique_ptr<mongoc_read_concern_t, void (*)(mongoc_read_concern_t*)> read(
      mongoc_read_concern_new(), mongoc_read_concern_destroy);
  mongoc_read_concern_set_level(read.get(), MONGOC_READ_CONCERN_LEVEL_MAJORITY);
  mongoc_uri_set_read_concern(uri.get(), read.get());
  const std::unique_ptr<mongoc_read_prefs_t, void (*)(mongoc_read_prefs_t*)> primary(
      mongoc_read_prefs_new(MONGOC_READ_PRIMARY), mongoc_read_prefs_destroy);
  mongoc_uri_set_read_prefs_t(uri.get(), primary.get());
  return uri;
}

std::string database_of(const mongoc_uri_t* uri) {
  const char* const name = mongoc_uri_get_database(uri);
  return name != nullptr && *name != '\0' ? name : "knotos";
}

bool knows_secondary(mongoc_client_t* client) {
  std::size_t count = 0;
  auto** const servers = mongoc_client_get_server_descriptions(client, &count);
  bool found = false;
  for (std::size_t at = 0; at < count; ++at) {
    const std::string_view type = mongoc_server_description_type(servers[at]);
    found |= type == "RSSecondary" || type == "RSOther";
  }
  mongoc_server_descriptions_destroy_all(servers, count);
  return found;
}

}  // namespace

void Driver::begin() {
  struct Lifetime {
    Lifetime() {
      mongoc_init();
      // What goes wrong comes back as an error, and is logged by who knows what it means.
      mongoc_log_set_handler(nullptr, nullptr);
    }
    Lifetime(const Lifetime&) = delete;
    Lifetime& operator=(const Lifetime&) = delete;
    ~Lifetime() { mongoc_cleanup(); }
  };
  static const Lifetime lifetime;
}

std::optional<View> Cursor::next() {
  const bson_t* found = nullptr;
  if (mongoc_cursor_next(cursor_.get(), &found)) return View(found);
  bson_error_t error{};
  if (mongoc_cursor_error(cursor_.get(), &error)) throw failure_of(error);
  return std::nullopt;
}

Session::Session(mongoc_client_pool_t* pool, const std::string& database)
    : pool_(pool), client_(mongoc_client_pool_pop(pool)), database_(database) {}

Session::~Session() { mongoc_client_pool_push(pool_, client_); }

Session::Collection Session::collection(const char* name) {
  return {mongoc_client_get_collection(client_, database_.c_str(), name),
          mongoc_collection_destroy};
}

Cursor Session::find(const char* name, const Document& filter, const FindOptions& options) {
  const auto from = collection(name);
  return Cursor(mongoc_collection_find_with_opts(from.get(), filter.raw(),
                                                 options_of(options).raw(), nullptr));
}

std::optional<Document> Session::find_one(const char* name, const Document& filter,
                                          FindOptions options) {
  options.limit = 1;
  auto cursor = find(name, filter, options);
  const auto found = cursor.next();
  if (!found) return std::nullopt;
  return found->copy();
}

std::vector<Document> Session::find_all(const char* name, const Document& filter,
                                        const FindOptions& options) {
  std::vector<Document> documents;
  auto cursor = find(name, filter, options);
  while (const auto found = cursor.next()) documents.push_back(found->copy());
  return documents;
}

std::size_t Session::count(const char* name, const Document& filter, std::size_t limit) {
  std::size_t count = 0;
  auto cursor = find(name, filter, {.sort = {}, .fields = document("_id", 1), .limit = limit});
  while (cursor.next()) ++count;
  return count;
}

InsertOutcome Session::insert(const char* name, const std::vector<Document>& documents) {
  std::vector<const bson_t*> raw;
  for (const auto& each : documents) raw.push_back(each.raw());
  Reply reply;
  bson_error_t error{};
  const auto into = collection(name);
  const bool is_done = mongoc_collection_insert_many(into.get(), raw.data(), raw.size(), nullptr,
                                                     reply.out(), &error);
  check_concern(reply.view());
  InsertOutcome outcome{.inserted = static_cast<std::size_t>(reply.view().count("insertedCount"))};
  if (is_done) return outcome;
  outcome.is_duplicate = is_duplicate_in(reply.view()) || error.code == kDuplicateKey;
  if (!outcome.is_duplicate) throw failure_of(error);
  // An ordered insert ends at its first error, so that one's place says how many are in. Not every
  // server leaves the one that failed out of its count.
  const auto errors = reply.view().documents("writeErrors");
  outcome.inserted = errors.empty() ? 0 : static_cast<std::size_t>(errors.front().count("index"));
  return outcome;
}

bool Session::insert_one(const char* name, const Document& document) {
  return !insert(name, {document}).is_duplicate;
}

UpdateOutcome Session::update_one(const char* name, const Document& filter, const Document& update,
                                  bool upserts) {
  Reply reply;
  bson_error_t error{};
  const auto options = document("upsert", upserts);
  const auto into = collection(name);
  const bool is_done = mongoc_collection_update_one(into.get(), filter.raw(), update.raw(),
                                                    options.raw(), reply.out(), &error);
  check_concern(reply.view());
  if (!is_done) {
    if (is_duplicate_in(reply.view()) || error.code == kDuplicateKey) {
      return {.is_duplicate = true};
    }
    throw failure_of(error);
  }
  return {.matched = reply.view().count("matchedCount"),
          .is_upserted = reply.view().has("upsertedId")};
}

std::uint64_t Session::update_many(const char* name, const Document& filter,
                                   const Document& update) {
  Reply reply;
  bson_error_t error{};
  const auto into = collection(name);
  const bool is_done = mongoc_collection_update_many(into.get(), filter.raw(), update.raw(),
                                                     nullptr, reply.out(), &error);
  check_concern(reply.view());
  if (!is_done) throw failure_of(error);
  return reply.view().count("matchedCount");
}

std::optional<Document> Session::update_and_get_old(const char* name, const Document& filter,
                                                    const Document& update) {
  return find_and_modify(name, filter, update, MONGOC_FIND_AND_MODIFY_NONE);
}

std::optional<Document> Session::upsert_and_get_new(const char* name, const Document& filter,
                                                    const Document& update) {
  return find_and_modify(name, filter, update,
                         MONGOC_FIND_AND_MODIFY_RETURN_NEW | MONGOC_FIND_AND_MODIFY_UPSERT);
}

std::optional<Document> Session::find_and_modify(const char* name, const Document& filter,
                                                 const Document& update, int flags) {
  const std::unique_ptr<mongoc_find_and_modify_opts_t, void (*)(mongoc_find_and_modify_opts_t*)>
      options(mongoc_find_and_modify_opts_new(), mongoc_find_and_modify_opts_destroy);
  mongoc_find_and_modify_opts_set_update(options.get(), update.raw());
  mongoc_find_and_modify_opts_set_flags(options.get(),
                                        static_cast<mongoc_find_and_modify_flags_t>(flags));
  Reply reply;
  bson_error_t error{};
  const auto into = collection(name);
  const bool is_done = mongoc_collection_find_and_modify_with_opts(
      into.get(), filter.raw(), options.get(), reply.out(), &error);
  check_concern(reply.view());
  if (!is_done) throw failure_of(error);
  if (!reply.view().has("value")) return std::nullopt;
  return reply.view().document("value").copy();
}

std::uint64_t Session::remove_one(const char* name, const Document& filter) {
  return remove_by(mongoc_collection_delete_one, name, filter);
}

std::uint64_t Session::remove_many(const char* name, const Document& filter) {
  return remove_by(mongoc_collection_delete_many, name, filter);
}

std::uint64_t Session::remove_by(decltype(mongoc_collection_delete_one)* remove, const char* name,
                                 const Document& filter) {
  Reply reply;
  bson_error_t error{};
  const auto from = collection(name);
  const bool is_done = remove(from.get(), filter.raw(), nullptr, reply.out(), &error);
  check_concern(reply.view());
  if (!is_done) throw failure_of(error);
  return reply.view().count("deletedCount");
}

Document Session::command(const Document& command) {
  Reply reply;
  bson_error_t error{};
  if (!mongoc_client_command_simple(client_, database_.c_str(), command.raw(), nullptr, reply.out(),
                                    &error)) {
    throw failure_of(error);
  }
  return Document(reply.raw());
}

bool Session::greet(std::string& why, Document& hello) {
  Reply reply;
  bson_error_t error{};
  const auto ask = document("isMaster", 1);
  const auto ping = document("ping", 1);
  // Writable: the primary, as every write needs it.
  if (mongoc_client_write_command_with_opts(client_, database_.c_str(), ping.raw(), nullptr,
                                            reply.out(), &error) &&
      mongoc_client_command_simple(client_, "admin", ask.raw(), nullptr, reply.out(), &error)) {
    hello = Document(reply.raw());
    return true;
  }
  const bool is_refused = error.code == MONGOC_ERROR_CLIENT_AUTHENTICATE || error.code == 18;
  if (is_refused) {
    why = "it refuses this user name and password";
  } else if (error.code == MONGOC_ERROR_PROTOCOL_BAD_WIRE_VERSION) {
    why = "it is of a version that is not supported";
  } else if (knows_secondary(client_)) {
    why = "the replica set has no primary";
  } else {
    why = "no server can be reached there";
  }
  return false;
}

bool is_url(const std::string& text) {
  Driver::begin();
  // No mongodb+srv://: that would ask the network.
  if (!text.starts_with("mongodb://")) return false;
  bson_error_t error{};
  return Uri(mongoc_uri_new_with_error(text.c_str(), &error), mongoc_uri_destroy) != nullptr;
}

Clients::Clients(const Options& options) {
  const auto uri = parse(options);
  database_ = database_of(uri.get());
  pool_.reset(mongoc_client_pool_new(uri.get()));
  if (!pool_) throw std::runtime_error("the store's URL is not a valid mongodb:// URL");
  mongoc_client_pool_set_error_api(pool_.get(), MONGOC_ERROR_API_VERSION_2);
  mongoc_client_pool_set_appname(pool_.get(), "knotos");
}

}  // namespace knotos::adapters::mongo
