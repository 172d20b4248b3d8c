#include "app/storage.hpp"

namespace knotos::app {

Storage::Storage(const Config& config) {
  if (config.is_on_sqlite()) {
    sqlite_.emplace(adapters::sqlite::SqliteStore::Options{.directory = config.data_dir,
                                                           .reader_threads = cores()});
  } else {
    auto options = config.mongo;
    options.url = config.store;
    mongo_.emplace(std::move(options));
  }
}

bool Storage::accepts_writes() {
  return sqlite_ ? sqlite_->accepts_writes() : mongo_->accepts_writes();
}

}  // namespace knotos::app
