#include "protocol/websocket/decoder.hpp"

#include "base/digest.hpp"
#include "base/metrics.hpp"

#include <simdjson.h>

#include <algorithm>
#include <cstring>
#include <utility>

namespace knotos::websocket {
namespace {

constexpr unsigned kFinalBit = 0x80;
constexpr unsigned kReservedBits = 0x70;
constexpr unsigned kOpcodeBits = 0x0F;
constexpr unsigned kMaskBit = 0x80;
constexpr unsigned kLengthBits = 0x7F;
constexpr unsigned kLength16 = 126;
constexpr unsigned kLength64 = 127;

metrics::Counter failures_framing("ws_failures_total", "Links closed for what a frame held.",
                                  "reason", "framing");
metrics::Counter failures_utf8("ws_failures_total", "Links closed for what a frame held.", "reason",
                               "utf8");
metrics::Counter failures_too_big("ws_failures_total", "Links closed for what a frame held.",
                                  "reason", "too-big");
metrics::Counter failures_fragments("ws_failures_total", "Links closed for what a frame held.",
                                    "reason", "fragments");

Failure framing(std::string_view reason) {
  failures_framing.add();
  return {CloseCode::protocol_error, reason};
}

Failure bad_utf8(std::string_view reason) {
  failures_utf8.add();
  return {CloseCode::invalid_payload, reason};
}

Failure too_big(std::string_view reason) {
  failures_too_big.add();
  return {CloseCode::too_big, reason};
}

Failure too_many_fragments() {
  failures_fragments.add();
  return {CloseCode::too_big, "too many fragments"};
}

bool is_known(unsigned opcode) { return opcode <= 0x2 || (opcode >= 0x8 && opcode <= 0xA); }

std::uint64_t read_big_endian(const std::uint8_t* bytes, std::size_t size) {
  std::uint64_t value = 0;
  for (std::size_t i = 0; i < size; ++i) value = value << 8U | bytes[i];
  return value;
}

bool is_utf8(std::string_view text) { return simdjson::validate_utf8(text.data(), text.size()); }

}  // namespace

std::uint8_t* Scratch::reserve(std::size_t size) {
  if (bytes_.size() < size) {
    bytes_.clear();
    bytes_.resize_and_overwrite(size, [](char*, std::size_t length) { return length; });
  }
  return reinterpret_cast<std::uint8_t*>(bytes_.data());
}

std::string_view Scratch::adopt(std::string&& bytes) {
  const std::size_t size = bytes.size();
  if (size > bytes_.size()) {
    bytes_ = std::exchange(bytes, {});
  } else {
    std::memcpy(bytes_.data(), bytes.data(), size);
    std::string().swap(bytes);
  }
  return std::string_view(bytes_).substr(0, size);
}

std::optional<Event> Decoder::next(std::span<const std::uint8_t>& bytes, Scratch& scratch) {
  while (stage_ != Stage::ended) {
    if (stage_ == Stage::header) {
      if (!fill_header(bytes, kStartBytes)) return std::nullopt;
      // Before the rest has come: a peer that has gone wrong is told so at once.
      if (auto failure = check_start()) return end_with(*failure);
      if (!fill_header(bytes, kStartBytes + length_bytes() + sizeof(MaskKey))) return std::nullopt;
      if (auto failure = begin_frame()) return end_with(*failure);
    }
    if (auto event = take_payload(bytes, scratch)) return event;
    if (stage_ == Stage::payload) return std::nullopt;
  }
  bytes = {};
  return std::nullopt;
}

std::size_t Decoder::buffered_bytes() const {
  // A string within its own object holds nothing on the heap.
  return buffer_.capacity() > std::string().capacity() ? buffer_.capacity() : 0;
}

bool Decoder::fill_header(std::span<const std::uint8_t>& bytes, std::size_t size) {
  if (header_taken_ < size) {
    const auto taken = std::min(bytes.size(), size - header_taken_);
    std::copy_n(bytes.begin(), taken, header_.begin() + header_taken_);
    header_taken_ = static_cast<std::uint8_t>(header_taken_ + taken);
    bytes = bytes.subspan(taken);
  }
  return header_taken_ >= size;
}

std::size_t Decoder::length_bytes() const {
  const unsigned length = header_[1] & kLengthBits;
  if (length == kLength16) return sizeof(std::uint16_t);
  return length == kLength64 ? sizeof(std::uint64_t) : 0;
}

std::optional<Failure> Decoder::check_start() {
  const unsigned opcode = header_[0] & kOpcodeBits;
  if ((header_[0] & kReservedBits) != 0) return framing("reserved bits are set");
  if (!is_known(opcode)) return framing("unknown opcode");
  if ((header_[1] & kMaskBit) == 0) return framing("frame is not masked");

  opcode_ = static_cast<Opcode>(opcode);
  is_final_ = (header_[0] & kFinalBit) != 0;
  if (is_control()) {
    if (!is_final_) return framing("control frame is fragmented");
    if ((header_[1] & kLengthBits) > kControlPayloadBytesMax) {
      return framing("control frame is too long");
    }
    return std::nullopt;
  }
  const bool continues = opcode_ == Opcode::continuation;
  if (continues && fragments_ == 0) return framing("continuation of nothing");
  if (!continues && fragments_ != 0) return framing("message inside a message");
  if (fragments_ >= limits_.fragments_max) return too_many_fragments();
  return std::nullopt;
}

std::optional<Failure> Decoder::begin_frame() {
  const std::size_t length_size = length_bytes();
  std::uint64_t length = header_[1] & kLengthBits;
  if (length_size != 0) {
    length = read_big_endian(header_.data() + kStartBytes, length_size);
    if (length < kLength16 || (length_size == 8 && length <= 0xFFFF) || length >> 63U != 0) {
      return framing("length is not in its shortest form");
    }
  }
  if (!is_control()) {
    // The finished fragments never exceed the limit, so this cannot wrap around.
    if (length > limits_.message_bytes_max - message_bytes_) return too_big("message is too big");
    if (opcode_ != Opcode::continuation) message_is_text_ = opcode_ == Opcode::text;
    ++fragments_;
  }
  std::memcpy(&key_, header_.data() + kStartBytes + length_size, sizeof key_);
  frame_bytes_ = static_cast<std::size_t>(length);
  frame_taken_ = 0;
  header_taken_ = 0;
  stage_ = Stage::payload;
  return std::nullopt;
}

std::optional<Event> Decoder::take_payload(std::span<const std::uint8_t>& bytes, Scratch& scratch) {
  const auto taken = bytes.first(std::min(bytes.size(), frame_bytes_ - frame_taken_));
  bytes = bytes.subspan(taken.size());

  const bool is_alone = is_control() || (is_final_ && message_bytes_ == 0);
  if (is_alone && taken.size() == frame_bytes_) {
    auto* out = scratch.reserve(frame_bytes_);
    apply_mask(taken, out, key_, 0);
    return end_frame({reinterpret_cast<const char*>(out), frame_bytes_});
  }

  const std::size_t begin = buffer_.size();
  buffer_.append(reinterpret_cast<const char*>(taken.data()), taken.size());
  apply_mask(as_octets(buffer_).subspan(begin),
             reinterpret_cast<std::uint8_t*>(buffer_.data()) + begin, key_, frame_taken_);
  frame_taken_ += taken.size();
  if (frame_taken_ < frame_bytes_) return std::nullopt;

  if (is_control()) {
    const auto payload = scratch.adopt(buffer_.substr(message_bytes_));
    buffer_.resize(message_bytes_);
    if (buffer_.empty()) release();
    return end_frame(payload);
  }
  if (!is_final_) {
    message_bytes_ = buffer_.size();
    stage_ = Stage::header;
    return std::nullopt;
  }
  return end_frame(scratch.adopt(std::move(buffer_)));
}

Event Decoder::end_frame(std::string_view payload) {
  stage_ = Stage::header;
  switch (opcode_) {
    case Opcode::ping:
      return Ping{payload};
    case Opcode::pong:
      return Pong{payload};
    case Opcode::close:
      return end_close(payload);
    case Opcode::continuation:
    case Opcode::text:
    case Opcode::binary:
      break;
  }
  return end_message(payload);
}

Event Decoder::end_message(std::string_view payload) {
  fragments_ = 0;
  message_bytes_ = 0;
  if (message_is_text_ && !is_utf8(payload)) return end_with(bad_utf8("text is not UTF-8"));
  return Message{message_is_text_, payload};
}

Event Decoder::end_close(std::string_view payload) {
  if (payload.empty()) return end_with(Close{});
  if (payload.size() == 1) return end_with(framing("close code is cut"));
  const auto bytes = as_octets(payload);
  const auto code =
      static_cast<std::uint16_t>(read_big_endian(bytes.data(), sizeof(std::uint16_t)));
  if (!may_be_sent(code)) return end_with(framing("close code may not be sent"));
  const auto reason = payload.substr(sizeof code);
  if (!is_utf8(reason)) return end_with(bad_utf8("close reason is not UTF-8"));
  return end_with(Close{code, reason});
}

Event Decoder::end_with(Event event) {
  stage_ = Stage::ended;
  release();
  return event;
}

void Decoder::release() { std::string().swap(buffer_); }

}  // namespace knotos::websocket
