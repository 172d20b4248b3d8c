#include "base/assert.hpp"
#include "unit/protocol/frames.hpp"

#include "fuzz/input.hpp"

#include <iterator>

namespace knotos::fuzz {
namespace {

using Lines = std::vector<std::string>;

constexpr websocket::DecoderLimits kLimits{.message_bytes_max = 300, .fragments_max = 6};
/// Of a message in progress, and of a control frame in the middle of it. The string that holds them
/// doubles as it grows.
constexpr std::size_t kBufferedMax =
    2 * (kLimits.message_bytes_max + websocket::kControlPayloadBytesMax);

Lines fed_in_pieces(std::string_view bytes, std::size_t piece_size) {
  websocket::Decoder decoder(kLimits);
  websocket::Scratch scratch;
  Lines lines;
  while (!bytes.empty()) {
    const std::string piece(bytes.substr(0, piece_size));
    bytes.remove_prefix(piece.size());
    auto more = test::feed(decoder, scratch, piece);
    KN_ASSERT(decoder.buffered_bytes() <= kBufferedMax);
    lines.insert(lines.end(), std::make_move_iterator(more.begin()),
                 std::make_move_iterator(more.end()));
  }
  const bool has_ended = !lines.empty() && (lines.back().starts_with("close ") ||
                                            lines.back().starts_with("failure "));
  KN_ASSERT(decoder.has_ended() == has_ended);
  KN_ASSERT(!has_ended || decoder.buffered_bytes() == 0);
  return lines;
}

}  // namespace
}  // namespace knotos::fuzz

/// The first byte says how the others are cut. However that is, the events are the same, and what
/// is kept is bounded.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace knotos;
  fuzz::Input input(data, size);
  const std::size_t piece_size = input.byte() + 1;
  const auto bytes = input.rest();
  const auto whole = fuzz::fed_in_pieces(bytes, bytes.size());
  KN_ASSERT(fuzz::fed_in_pieces(bytes, piece_size) == whole);
  for (const auto& line : whole) {
    KN_ASSERT(line.size() <= fuzz::kLimits.message_bytes_max + std::string_view("binary ").size());
  }
  return 0;
}
