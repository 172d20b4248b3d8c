#pragma once

#include "base/uuid.hpp"
#include "ports/bus.hpp"

#include <cstdint>
#include <expected>
#include <string>
#include <string_view>

namespace knotos::ports {

enum class ChannelKind : std::uint8_t { chat, user, presence };

/// Where an event is published: `channel:<kind>:<id>`.
struct BusChannel {
  ChannelKind kind = ChannelKind::chat;
  Uuid id;

  auto operator<=>(const BusChannel&) const = default;
};

/// An event on its way to other processes.
struct BusEnvelope {
  BusChannel channel;
  bool is_durable = false;  ///< The store knows of it: worth being told late, and twice.
  std::string text;
};

/// Why an envelope is dropped.
enum class EnvelopeFault : std::uint8_t {
  echo,         ///< This process published it and has heard it.
  too_large,    ///< More bytes than the limit.
  malformed,    ///< Not JSON, too deep, or not the shape of an envelope.
  not_allowed,  ///< A name that clients must not hear from strangers.
  unknown,      ///< Of a Knotos that knows more, or a change that nobody can look up.
};
inline constexpr std::size_t kEnvelopeFaults = 5;

/// Events as the text that travels between processes (SEMANTICS section 11). Pure; any thread.
class BusCodec {
 public:
  virtual ~BusCodec() = default;
  [[nodiscard]] virtual BusEnvelope encode(const BusEvent& event) const = 0;
  /// Anybody may have written the text.
  [[nodiscard]] virtual std::expected<BusEvent, EnvelopeFault> decode(
      const BusChannel& channel, std::string_view text) const = 0;
};

}  // namespace knotos::ports
