#include "protocol/socketio/fault.hpp"

#include "base/metrics.hpp"

#include <array>
#include <utility>

namespace knotos::socketio {
namespace {

constexpr std::array<std::string_view, kFaultCount> kNames{
    "empty",
    "unknown-type",
    "connect-error-from-client",
    "bad-attachment-count",
    "too-many-attachments",
    "bad-ack-id",
    "missing-ack-id",
    "unexpected-ack-id",
    "missing-payload",
    "unexpected-payload",
    "malformed-json",
    "json-too-deep",
    "wrong-payload-type",
    "bad-event-name",
    "reserved-event-name",
    "bad-placeholder",
    "interrupted-attachments",
    "unexpected-binary",
    "attachments-too-big",
};

struct FaultCounter : metrics::Counter {
  explicit FaultCounter(std::size_t fault)
      : Counter("sio_faults_total", "Socket.IO packets that closed their link.", "fault",
                kNames[fault]) {}
};

template <std::size_t... Faults>
std::array<FaultCounter, kFaultCount> make_counters(std::index_sequence<Faults...>) {
  return {FaultCounter(Faults)...};
}

std::array<FaultCounter, kFaultCount> counters =
    make_counters(std::make_index_sequence<kFaultCount>());

}  // namespace

std::string_view name_of(Fault fault) { return kNames[static_cast<std::size_t>(fault)]; }

void count(Fault fault) { counters[static_cast<std::size_t>(fault)].add(); }

}  // namespace knotos::socketio
