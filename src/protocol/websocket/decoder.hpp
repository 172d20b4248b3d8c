#pragma once

#include "protocol/websocket/frame.hpp"

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
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
  [[nodiscard]] std::size_t capacity() const { return capacity_; }

 private:
  std::unique_ptr<std::uint8_t[]> bytes_;
  std::size_t capacity_ = 0;
};

struct Message {
  bool is_text = true;
  std::string_view payload;  ///< A text is valid UTF-8.
};
struct Ping {
  std::string_view payload;  ///< To be sent back in a pong.
};
struct Pong {
  std::string_view payload;
};
/// The peer closes. Nothing follows.
struct Close {
  std::uint16_t code = 0;  ///< 0: the frame had none (1005).
  std::string_view reason;
};
/// The peer broke the protocol or a limit. Nothing follows.
struct Failure {
  std::uint16_t code = 0;   ///< 1002, 1007 or 1009: to be sent in a close frame.
  std::string_view reason;  ///< A constant sentence for the log.
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
  static constexpr std::size_t kHeaderBytesMax = 14;

  [[nodiscard]] bool take_header(std::span<const std::uint8_t>& bytes);
  [[nodiscard]] std::optional<Failure> begin_frame();
  [[nodiscard]] std::optional<Failure> check_data_frame();
  [[nodiscard]] std::optional<Event> take_payload(std::span<const std::uint8_t>& bytes,
                                                  Scratch& scratch);
  [[nodiscard]] std::optional<Event> end_frame(std::string_view payload);
  [[nodiscard]] Event end_message(std::string_view payload);
  [[nodiscard]] Event end_close(std::string_view payload);
  [[nodiscard]] Event end_with(Event event);
  [[nodiscard]] std::string_view finish_in_scratch(std::size_t begin, Scratch& scratch);
  [[nodiscard]] bool is_control() const { return (static_cast<unsigned>(opcode_) & 0x8U) != 0; }
  void release();

  DecoderLimits limits_;
  // The fragments so far, then what has come of the frame in progress, all unmasked.
  std::string buffer_;
  std::size_t message_bytes_ = 0;  ///< Of `buffer_`: finished fragments.
  std::size_t fragments_ = 0;      ///< Of the message in progress. 0: none.
  std::size_t frame_bytes_ = 0;    ///< Announced.
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
