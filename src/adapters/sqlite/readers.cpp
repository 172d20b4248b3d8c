#include "adapters/sqlite/readers.hpp"

#include "base/log.hpp"
#include "base/metrics.hpp"

namespace knotos::adapters::sqlite {
namespace {

metrics::Counter reads_failed("sqlite_reads_failed_total", "Reads that failed.");

}  // namespace

Readers::Readers(std::string file, Limits limits)
    : file_(std::move(file)), pool_("sqlite-readers", limits.threads, limits.waiting_max) {}

std::unique_ptr<Connection> Readers::take() {
  {
    const std::scoped_lock lock(mutex_);
    if (!idle_.empty()) {
      auto connection = std::move(idle_.back());
      idle_.pop_back();
      return connection;
    }
  }
  // Read-write, since the index of the log is shared memory that readers write to; `query_only`
  // keeps them from more.
  auto connection = std::make_unique<Connection>(file_, Connection::Mode::read_write);
  connection->execute("PRAGMA query_only = ON; PRAGMA cache_size = -8000;");
  return connection;
}

void Readers::give_back(std::unique_ptr<Connection> connection) {
  const std::scoped_lock lock(mutex_);
  idle_.push_back(std::move(connection));
}

std::unexpected<Error> Readers::failed(const Failure& failure) {
  reads_failed.add();
  log::error("a read failed", {{"cause", failure.what()}, {"code", failure.code()}});
  return fail_because(Errc::store_unavailable, failure.what());
}

}  // namespace knotos::adapters::sqlite
