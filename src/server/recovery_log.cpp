#include "server/recovery_log.hpp"

#include "protocol/socketio/recovery.hpp"
#include "server/counters.hpp"

#include <algorithm>
#include <utility>

namespace knotos::server {

RecoveryLog::~RecoveryLog() {
  counters::recovery_log_bytes.add(-static_cast<std::int64_t>(bytes_));
}

bool RecoveryLog::holds_after(const BroadcastClock& seen) const {
  return std::ranges::equal(
      dropped_, seen, [](std::uint64_t dropped, std::uint64_t had) { return dropped <= had; });
}

std::string RecoveryLog::next_offset() const {
  return socketio::offset_text({.shard = shard_, .sequence = next()});
}

std::string RecoveryLog::last_offset() const {
  return socketio::offset_text({.shard = shard_, .sequence = next() - 1});
}

void RecoveryLog::append(Entry entry) {
  trim(entry.at);
  bytes_ += entry.packet->frames().size();
  counters::recovery_log_bytes.add(static_cast<std::int64_t>(entry.packet->frames().size()));
  entries_.push_back(std::move(entry));
  while (entries_.size() > limits_.events_max || bytes_ > limits_.bytes_max) {
    counters::recovery_log_overflows.add();
    drop_first();
  }
}

void RecoveryLog::trim(SteadyTime now) {
  while (!entries_.empty() && now - entries_.front().at > limits_.age_max) drop_first();
}

void RecoveryLog::drop_first() {
  const auto& entry = entries_.front();
  bytes_ -= entry.packet->frames().size();
  counters::recovery_log_bytes.add(-static_cast<std::int64_t>(entry.packet->frames().size()));
  if (entry.broadcast.number > 0) {
    auto& highest = dropped_[entry.broadcast.origin];
    highest = std::max(highest, entry.broadcast.number);
  }
  entries_.pop_front();
  ++first_;
}

}  // namespace knotos::server
