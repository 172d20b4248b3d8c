#pragma once

#include "base/metrics.hpp"
#include "protocol/engineio/request_fault.hpp"
#include "server/packet.hpp"
#include "server/server.hpp"

/// What the server counts.
namespace knotos::server::counters {

extern metrics::Gauge links_now;
extern metrics::Gauge sockets_now;
extern metrics::Gauge outbox_bytes_now;
extern metrics::Counter packets_in;
extern metrics::Counter packets_out;
extern metrics::Counter bytes_in;
extern metrics::Counter bytes_out;
extern metrics::Counter writes_out;
extern metrics::Counter upgrades;
extern metrics::Counter upgrades_failed;
extern metrics::Counter polls_split;
extern metrics::Counter farewells_cut;
extern metrics::Counter inbox_refused;
extern metrics::Counter connects_refused;
extern metrics::Counter slow_readers;
extern metrics::Counter asks_unanswered;
extern metrics::Counter asks_refused;
extern metrics::Counter emits_refused;
extern metrics::Counter volatile_dropped;
extern metrics::Counter namespaces_refused;
extern metrics::Counter connect_floods;
extern metrics::Counter addresses_refused;
extern metrics::Counter addresses_slowed;
extern metrics::Gauge sessions_kept;
extern metrics::Counter sessions_evicted;
extern metrics::Counter sessions_taken_over;
extern metrics::Counter recoveries;
extern metrics::Counter recoveries_failed;
extern metrics::Gauge recovery_log_bytes;
extern metrics::Counter recovery_log_overflows;

/// Packets that a slow reader did not get. Not of class control, which is never dropped.
[[nodiscard]] metrics::Counter& dropped(PacketClass packet_class);
/// Links that ended.
[[nodiscard]] metrics::Counter& closed(CloseReason reason);
/// Requests that were refused before or within a session.
[[nodiscard]] metrics::Counter& refused(engineio::RequestFault fault);

}  // namespace knotos::server::counters
