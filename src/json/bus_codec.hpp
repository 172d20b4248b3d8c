#pragma once

#include "ports/bus_codec.hpp"
#include "ports/world.hpp"

#include <cstddef>
#include <string>

namespace knotos::json {

/// The envelopes of the bus: `{"event": …, "data": …}`, with `rev` where it is durable, so that
/// consumers that know nothing of Knotos understand them: `data` is what clients get. What only
/// other processes of ours need is in `knotos`, which also marks an envelope as ours.
///
/// An envelope of somebody else without `rev` is a ForeignEvent. With one it is a hint that the
/// chat moved on: the store is asked, its data is not believed.
class BusCodec final : public ports::BusCodec {
 public:
  struct Limits {
    std::size_t bytes_max = 1'000'000;
    std::size_t name_bytes_max = 128;  ///< Of a stranger's event.
  };

  /// `process`: 1 to 64 characters of [A-Za-z0-9_-], another one in each process.
  BusCodec(std::string process, const ports::Clock& clock, Limits limits);

  [[nodiscard]] ports::BusEnvelope encode(const ports::BusEvent& event) const override;
  [[nodiscard]] std::expected<ports::BusEvent, ports::EnvelopeFault> decode(
      const ports::BusChannel& channel, std::string_view text) const override;

 private:
  std::string head_;  ///< How each of this process's envelopes begins.
  const ports::Clock& clock_;
  Limits limits_;
};

}  // namespace knotos::json
