#include "adapters/mongo/mongo_store.hpp"

#include "adapters/mongo/deployment.hpp"
#include "adapters/mongo/indexes.hpp"
#include "adapters/mongo/log_writer.hpp"
#include "adapters/mongo/mongo_archive.hpp"
#include "base/log.hpp"
#include "base/metrics.hpp"

#include <sys/random.h>

#include <array>
#include <stdexcept>
#include <utility>

namespace knotos::adapters::mongo {
namespace {

metrics::Counter calls_failed("mongo_calls_failed_total", "Calls of the store that failed.");

void make_epoch(Session& session) {
  std::array<char, 16> bytes{};
  if (getrandom(bytes.data(), bytes.size(), 0) != static_cast<ssize_t>(bytes.size())) {
    throw std::runtime_error("the system has no random numbers");
  }
  Document fresh;
  fresh.add_binary("value", {bytes.data(), bytes.size()});
  session.update_one(kMeta, document("_id", "epoch"), document("$setOnInsert", fresh), true);
}

}  // namespace

MongoStore::MongoStore(Options options)
    : options_(std::move(options)),
      clients_({.url = options_.url,
                // One a thread, and the keeper's.
                .clients_max = options_.threads + 1,
                .select_timeout = options_.select_timeout,
                .socket_timeout = options_.socket_timeout}),
      keeper_(clients_, options_.keeper),
      turns_(keeper_.id()),
      pool_("mongo", options_.threads, options_.waiting_max) {
  try {
    {
      auto session = clients_.session();
      check_deployment(session);
      if (is_half_moved(session)) {
        throw std::runtime_error(
            "cannot use the store: a migration into it has not ended; run it again");
      }
      make_indexes(session);
      make_epoch(session);
    }
    keeper_.begin();
  } catch (const Failure& failure) {
    throw std::runtime_error(std::string("cannot use the store: ") + failure.what());
  }
}

MongoStore::~MongoStore() {
  is_ending_ = true;
  pool_.stop();
  // After the last append: what that left behind is the keeper's.
  keeper_.stop();
}

std::unexpected<Error> MongoStore::failed(const Failure& failure) {
  calls_failed.add();
  if (dynamic_cast<const Damage*>(&failure) == nullptr) keeper_.note(false);
  log::error("a call of the store failed", {{"cause", failure.what()}});
  return fail_because(Errc::store_unavailable, failure.what());
}

}  // namespace knotos::adapters::mongo
