#include "server/counters.hpp"

#include <array>

namespace knotos::server {

std::string_view name_of(CloseReason reason) {
  static constexpr std::array<std::string_view, kCloseReasonCount> kNames{
      "transport close",
      "transport error",
      "ping timeout",
      "parse error",
      "forced close",
      "server shutting down",
      "forced server close",
      "client namespace disconnect",
      "server namespace disconnect"};
  return kNames.at(static_cast<std::size_t>(reason));
}

namespace counters {

using metrics::Counter;
using metrics::Gauge;

Gauge links_now("server_links", "Engine.IO sessions that are open.");
Gauge sockets_now("server_sockets", "Sockets that are connected to a namespace.");
Gauge outbox_bytes_now("server_outbox_bytes",
                       "Memory of what waits for readers; what several wait for counts once.");
Counter packets_in("server_packets_in_total", "Engine.IO messages received.");
Counter packets_out("server_packets_out_total", "Packets queued for a link.");
Counter bytes_in("server_bytes_in_total", "Bytes received on WebSockets and in polling bodies.");
Counter bytes_out("server_bytes_out_total", "Bytes given to transports.");
Counter writes_out("server_writes_total", "Gathered writes and polling responses.");
Counter upgrades("server_upgrades_total", "Sessions that moved from polling to WebSocket.");
Counter upgrades_failed("server_upgrades_failed_total",
                        "Upgrades that were given up: late, wrong, or with their session.");
Counter polls_split("server_polls_split_total",
                    "Polling responses that left packets for the next.");
Counter farewells_cut("server_farewells_cut_total",
                      "Links that we closed and that did not take the rest in time.");
Counter inbox_refused("server_inbox_refused_total",
                      "Events refused because too many of the link were under way.");
Counter connects_refused("server_connects_refused_total", "CONNECTs answered by CONNECT_ERROR.");
Counter slow_readers("server_slow_readers_total", "Queues dropped because of a budget.");
Counter asks_unanswered("server_asks_unanswered_total",
                        "Acks that clients owed and did not send in time.");
Counter asks_refused("server_asks_refused_total",
                     "Acks not asked for because the socket owed too many.");
Counter emits_refused("server_emits_refused_total",
                      "Events and acks of ours with a reserved name or too many attachments.");
Counter volatile_dropped("server_volatile_dropped_total",
                         "Volatile events dropped because a transport was not writable.");
Counter namespaces_refused("server_namespaces_refused_total",
                           "CONNECTs refused because the link had too many namespaces.");
Counter connect_floods("server_connect_floods_total",
                       "Links ended because of too many CONNECTs, or too many refused.");
Counter addresses_refused("server_addresses_refused_total",
                          "Handshakes refused because the address had too many links.");
Counter addresses_slowed("server_addresses_slowed_total",
                         "Handshakes refused because the address opened links too fast.");
Gauge sessions_kept("server_sessions_kept", "Lost sockets that may come back.");
Counter sessions_evicted("server_sessions_evicted_total",
                         "Lost sockets forgotten early because there were too many.");
Counter sessions_taken_over("server_sessions_taken_over_total",
                            "Links ended because their client had come back on another.");
Counter recoveries("server_recoveries_total", "Sockets that came back to their session.");
Counter recoveries_failed("server_recoveries_failed_total",
                          "Sockets that asked for a session and began anew.");
Gauge recovery_log_bytes("server_recovery_log_bytes", "Bytes of events kept for recovery.");
Counter recovery_log_overflows("server_recovery_log_overflows_total",
                               "Events forgotten early because a log was full.");

namespace {

constexpr std::string_view kDropped = "server_packets_dropped_total";
constexpr std::string_view kDroppedHelp = "Packets that a slow reader did not get.";
constexpr std::string_view kClosed = "server_links_closed_total";
constexpr std::string_view kClosedHelp = "Links that ended, by reason.";
constexpr std::string_view kRefused = "server_requests_refused_total";
constexpr std::string_view kRefusedHelp = "Requests refused, by the code of the error body.";

std::array<Counter, 3> dropped_counters{Counter{kDropped, kDroppedHelp, "class", "durable"},
                                        Counter{kDropped, kDroppedHelp, "class", "receipt"},
                                        Counter{kDropped, kDroppedHelp, "class", "ephemeral"}};

std::array<Counter, kCloseReasonCount> closed_counters{
    Counter{kClosed, kClosedHelp, "reason", "transport_close"},
    Counter{kClosed, kClosedHelp, "reason", "transport_error"},
    Counter{kClosed, kClosedHelp, "reason", "ping_timeout"},
    Counter{kClosed, kClosedHelp, "reason", "parse_error"},
    Counter{kClosed, kClosedHelp, "reason", "forced_close"},
    Counter{kClosed, kClosedHelp, "reason", "server_shutting_down"},
    Counter{kClosed, kClosedHelp, "reason", "forced_server_close"},
    Counter{kClosed, kClosedHelp, "reason", "client_namespace_disconnect"},
    Counter{kClosed, kClosedHelp, "reason", "server_namespace_disconnect"}};

std::array<Counter, engineio::kRequestFaultCount> refused_counters{
    Counter{kRefused, kRefusedHelp, "code", "0"}, Counter{kRefused, kRefusedHelp, "code", "1"},
    Counter{kRefused, kRefusedHelp, "code", "2"}, Counter{kRefused, kRefusedHelp, "code", "3"},
    Counter{kRefused, kRefusedHelp, "code", "4"}, Counter{kRefused, kRefusedHelp, "code", "5"}};

}  // namespace

Counter& dropped(PacketClass packet_class) {
  KN_ASSERT(packet_class != PacketClass::control);
  return dropped_counters.at(static_cast<std::size_t>(packet_class) - 1);
}

Counter& closed(CloseReason reason) { return closed_counters.at(static_cast<std::size_t>(reason)); }

Counter& refused(engineio::RequestFault fault) {
  return refused_counters.at(static_cast<std::size_t>(fault));
}

}  // namespace counters
}  // namespace knotos::server
