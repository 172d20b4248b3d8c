#pragma once

#include "protocol/websocket/close_code.hpp"
#include "protocol/websocket/frame.hpp"

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <variant>

namespace knotos::websocket {

/// Where payloads are unmasked: one for all the decoders of a shard, since an event is looked at
/// before the next one is asked for. Grows to the largest message seen.
class Scratch {
 public:
  /// At least `size` bytes, of any content.
  [[nodiscard]] std::uint8_t* reserve(std::size_t size);
  /// Takes the bytes over: by their memory where that is the larger one, else by a copy.
  [[nodiscard]] std::string_view adopt(std::string&& bytes);
  [[nodiscard]] std::size_t capacity() const { return bytes_.size(); }

 private:
  std::string bytes_;
};

struct Message {
  bool is_text = true;
  std::string_view payload;  ///< A text is valid UTF-8.

  bool operator==(const Message&) const = default;
};
struct Ping {
  std::string_view payload;  ///< To be sent back in a pong.

  bool operator==(const Ping&) const = default;
};
struct Pong {
  std::string_view payload;

  bool operator==(const Pong&) const = default;
};
/// The peer closes. Nothing follows.
struct Close {
  std::uint16_t code = 0;  ///< 0: the frame had none (1005).
  std::string_view reason;

  bool operator==(const Close&) const = default;
};
/// The peer broke the protocol or a limit. Nothing follows.
struct Failure {
  CloseCode code = CloseCode::protocol_error;  ///< 1002, 1007 or 1009, for a close frame.
  std::string_view reason;                     ///< A constant, for the log.

  bool operator==(const Failure&) const = default;
};

using Event = std::variant<Message, Ping, Pong, Close, Failure>;

struct DecoderLimits {
  std::size_t message_bytes_max = 1'000'000;  ///< Of the reassembled message, inclusive.
  std::size_t fragments_max = 16'384;         ///< Frames of one message.
};

/// The server's side of RFC 6455 framing, without extensions. On one shard; owned by its link.
/// Bytes may be cut anywhere. It keeps only what an unfinished frame or message needs, grown by
/// what has come rather than by what was announced, and gives it back when that is complete; an
/// idle decoder has nothing on the heap.
///
///     while (auto event = decoder.next(bytes, scratch)) …
///
/// It may be destroyed between two calls. Time is linear in the bytes.
class Decoder {
 public:
  explicit Decoder(DecoderLimits limits) : limits_(limits) {}

  /// Takes bytes from the front until an event is complete; nullopt: all were taken. Views in the
  /// event die at the next call with the same scratch. After `Close` or `Failure` it takes
  /// everything and says nothing.
  [[nodiscard]] std::optional<Event> next(std::span<const std::uint8_t>& bytes, Scratch& scratch);

  [[nodiscard]] bool has_ended() const { return stage_ == Stage::ended; }
  /// Heap bytes held for what is unfinished.
  [[nodiscard]] std::size_t buffered_bytes() const;

 private:
  enum class Stage : std::uint8_t { header, payload, ended };
  static constexpr std::size_t kStartBytes = 2;
  static constexpr std::size_t kHeaderBytesMax = 14;

  [[nodiscard]] bool fill_header(std::span<const std::uint8_t>& bytes, std::size_t size);
  [[nodiscard]] std::size_t length_bytes() const;
  [[nodiscard]] std::optional<Failure> check_start();
  [[nodiscard]] std::optional<Failure> begin_frame();
  [[nodiscard]] std::optional<Event> take_payload(std::span<const std::uint8_t>& bytes,
                                                  Scratch& scratch);
  [[nodiscard]] Event end_frame(std::string_view payload);
  [[nodiscard]] Event end_message(std::string_view payload);
  [[nodiscard]] Event end_close(std::string_view payload);
  [[nodiscard]] Event end_with(Event event);
  [[nodiscard]] bool is_control() const { return (static_cast<unsigned>(opcode_) & 0x8U) != 0; }
  void release();

  DecoderLimits limits_;
  std::string buffer_;  ///< The fragments so far, then what has come of the frame in progress.
  std::size_t message_bytes_ = 0;  ///< Of `buffer_`: finished fragments.
  std::size_t fragments_ = 0;      ///< Of the message in progress. 0: none.
  std::size_t frame_bytes_ = 0;    ///< Announced for the frame in progress.
  std::size_t frame_taken_ = 0;
  MaskKey key_ = 0;
  std::array<std::uint8_t, kHeaderBytesMax> header_{};
  std::uint8_t header_taken_ = 0;
  Stage stage_ = Stage::header;
  Opcode opcode_ = Opcode::text;
  bool is_final_ = true;
  bool message_is_text_ = true;
};

}  // namespace knotos::websocket
