#pragma once

#include "protocol/socketio/packet.hpp"

#include <cstddef>
#include <cstdint>
#include <expected>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace knotos::socketio {

/// A binary event or ack with all that belongs to it.
struct BinaryPacket {
  PacketType type = PacketType::binary_event;
  std::string name_space;
  std::optional<std::uint64_t> ack_id;
  std::string payload;
  std::string event;
  std::vector<Slice> arguments;  ///< Of `payload`.
  std::vector<std::string> attachments;
};

struct AssemblerLimits {
  std::size_t bytes_max = 10'000'000;  ///< Of all attachments of one packet.
  std::size_t json_depth_max = 96;     ///< At least that of the packets.
};

/// Puts a binary packet together from its text and the binary messages that follow it. One a link,
/// on its shard; owned by it. Every Socket.IO message of the link passes through it, in order.
/// Idle, it has nothing on the heap. Faults are counted; close the link after one.
class Assembler {
 public:
  explicit Assembler(AssemblerLimits limits) : limits_(limits) {}

  enum class Outcome : std::uint8_t {
    passes,    ///< Not a binary packet: use it as it is.
    collects,  ///< Attachments are missing.
    complete,  ///< `take` has it.
  };

  /// A text packet. Faults: interrupted_attachments, bad_placeholder.
  [[nodiscard]] std::expected<Outcome, Fault> text(const Packet& packet);
  /// A binary message. Faults: unexpected_binary, attachments_too_big.
  [[nodiscard]] std::expected<Outcome, Fault> binary(std::string_view bytes);
  /// Once after `complete`.
  [[nodiscard]] BinaryPacket take();

  [[nodiscard]] bool is_collecting() const { return packet_.has_value(); }
  [[nodiscard]] std::size_t collected_bytes() const { return bytes_; }

 private:
  AssemblerLimits limits_;
  std::optional<BinaryPacket> packet_;
  std::size_t missing_ = 0;
  std::size_t bytes_ = 0;
};

/// Whether each object with `_placeholder` exactly true names, by an integer `num`, one of
/// `attachments`. `payload` is valid JSON.
[[nodiscard]] bool placeholders_fit(std::string_view payload, std::size_t attachments,
                                    std::size_t depth_max);

}  // namespace knotos::socketio
