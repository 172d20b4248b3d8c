#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

/// Connection state recovery on the wire (WIRE section 7): what a client brings back, and the
/// offsets that its events carried.
namespace knotos::socketio {

/// A place in the log of one shard. Of one shard, they are ordered.
struct Offset {
  std::uint32_t shard = 0;
  std::uint64_t sequence = 0;

  bool operator==(const Offset&) const = default;
};

/// Above every shard that an offset can name.
inline constexpr std::uint32_t kOffsetShardsMax = 1U << 12U;

/// URL-safe digits of base 64: two of the shard, then those of the sequence, without leading zeros.
[[nodiscard]] std::string offset_text(const Offset& offset);
/// nullopt: `offset_text` never made such a text.
[[nodiscard]] std::optional<Offset> read_offset(std::string_view text);

/// What a CONNECT says of an earlier session.
struct RecoveryClaim {
  std::string pid;
  std::optional<std::string> offset;  ///< None: the client says that it has had no event.
};

/// Reads `pid` and `offset` from the payload of a CONNECT: an object, checked already. nullopt:
/// there is no `pid` that is a text, or an `offset` that is none; an application may have keys of
/// these names, so that is no fault. Of a repeated key the last one counts. Linear time.
[[nodiscard]] std::optional<RecoveryClaim> read_claim(std::string_view payload);

}  // namespace knotos::socketio
