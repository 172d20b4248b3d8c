#pragma once

#include "base/rate.hpp"
#include "protocol/http/message.hpp"

#include <chrono>
#include <cstddef>
#include <functional>
#include <optional>
#include <string>
#include <vector>

namespace knotos::server {

/// Connection state recovery (WIRE section 7): off unless asked for, and then it costs nothing. On,
/// it costs a reference to each event, shared by all who got it, and a small record a socket.
/// Whatever does not fit a limit any more makes a recovery a new session; never half a replay.
struct RecoveryOptions {
  bool is_on = false;
  /// How long a socket whose link was lost may come back.
  std::chrono::milliseconds disconnection_max{120'000};
  std::size_t sessions_max = 10'000;        ///< Lost sockets kept, per shard; the oldest go.
  std::size_t log_events_max = 65'536;      ///< Events kept, per shard and namespace.
  std::size_t log_bytes_max = 16UL << 20U;  ///< Their bytes.
};

/// Every limit has a name, and a counter for what happens at it (counters.hpp). Defaults are those
/// of WIRE section 1.
struct Options {
  std::string path = "/socket.io/";
  std::chrono::milliseconds ping_interval{25'000};
  std::chrono::milliseconds ping_timeout{20'000};
  std::chrono::milliseconds upgrade_timeout{10'000};
  /// For a link to join a namespace: whoever only shakes hands is reaped.
  std::chrono::milliseconds connect_timeout{45'000};
  std::chrono::milliseconds flush_timeout{5'000};  ///< For a link that we close to take the rest.
  std::size_t payload_bytes_max = 1'000'000;       ///< Of a message or a polling body, inclusive.
  std::size_t poll_packets_max = 16;               ///< Packets in one polling response.
  std::size_t fragments_max = 16'384;              ///< Frames of one WebSocket message.
  std::size_t attachments_max = 10;                ///< Of one packet, both ways.
  std::size_t attachment_bytes_max = 10'000'000;   ///< Of all attachments of one packet.
  std::size_t json_depth_max = 96;                 ///< Arrays and objects in each other.
  std::size_t namespaces_per_link_max = 16;        ///< CONNECT_ERROR beyond.
  std::size_t connects_refused_max = 32;  ///< CONNECT_ERRORs on one link; one more ends it.
  std::size_t connects_max = 128;         ///< CONNECTs on one link in `connects_window`.
  std::chrono::milliseconds connects_window{10'000};  ///< One more within it ends the link.
  std::size_t inbox_events_max = 64;           ///< Events of one link begun and not finished.
  std::size_t asks_max = 256;                  ///< Acks that one socket owes; no more are asked.
  std::size_t links_per_address_max = 0;       ///< Open at a time; 429 beyond. 0: no limit.
  Rate links_per_address_rate;                 ///< Opened; 429 with Retry-After beyond.
  std::size_t outbox_bytes_max = 1024 * 1024;  ///< What waits for one slow reader.
  /// Memory of what waits for all of them, per process: what several wait for counts once.
  std::size_t outbox_bytes_total_max = 1024UL * 1024 * 1024;
  std::vector<std::string> cors_origins;  ///< Empty: no CORS headers. "*": anybody.
  bool cors_credentials = false;
  std::string cookie_name;  ///< Of a cookie with the sid in the polling handshake. Empty: none.
  /// Looks at the request that wants to open a link; a text refuses it. Any shard.
  std::function<std::optional<std::string>(const http::Request&)> allow_request;
  RecoveryOptions recovery;
};

}  // namespace knotos::server
