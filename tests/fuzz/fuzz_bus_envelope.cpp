#include "base/assert.hpp"
#include "fuzz/input.hpp"
#include "json/bus_codec.hpp"

namespace knotos::fuzz {
namespace {

class Epoch final : public ports::Clock {
 public:
  Time now() const override { return {}; }
  SteadyTime steady_now() const override { return {}; }
};

}  // namespace
}  // namespace knotos::fuzz

/// Anybody may publish: what another process reads from an envelope, it can write, and a third one
/// reads it again.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace knotos;
  fuzz::Input input(data, size);
  const auto kind = static_cast<ports::ChannelKind>(input.below(3));
  const auto text = input.rest();
  // The channel of the seeds.
  ports::BusChannel channel{.kind = kind, .id = {}};
  channel.id.bytes.fill(0x11);

  const fuzz::Epoch clock;
  const json::BusCodec reader("reader", clock, {});
  const json::BusCodec writer("writer", clock, {});
  const auto event = reader.decode(channel, text);
  if (!event) return 0;
  const auto envelope = writer.encode(*event);
  KN_ASSERT(envelope.channel == channel);
  const auto again = reader.decode(channel, envelope.text);
  KN_ASSERT(again && again->index() == event->index());
  return 0;
}
