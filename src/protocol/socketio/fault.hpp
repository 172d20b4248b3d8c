#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

namespace knotos::socketio {

/// Why a packet closes its link: for logs and counters.
enum class Fault : std::uint8_t {
  empty,
  unknown_type,
  connect_error_from_client,
  bad_attachment_count,
  too_many_attachments,
  bad_ack_id,
  missing_ack_id,
  unexpected_ack_id,
  missing_payload,
  unexpected_payload,
  malformed_json,
  json_too_deep,
  wrong_payload_type,
  bad_event_name,
  reserved_event_name,
  bad_placeholder,
  interrupted_attachments,
  unexpected_binary,
  attachments_too_big,
};

inline constexpr std::size_t kFaultCount = static_cast<std::size_t>(Fault::attachments_too_big) + 1;

/// A constant, as in `malformed-json`.
[[nodiscard]] std::string_view name_of(Fault fault);

/// Adds one to the fault's counter, `sio_faults_total`.
void count(Fault fault);

}  // namespace knotos::socketio
