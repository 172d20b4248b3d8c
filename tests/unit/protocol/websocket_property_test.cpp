#include "protocol/websocket/decoder.hpp"
#include "protocol/websocket/encoder.hpp"

#include "unit/protocol/frames.hpp"
#include "unit/protocol/random.hpp"

#include <gtest/gtest.h>

namespace knotos::websocket {
namespace {

using test::client_frame;
using test::decoded;
using test::feed;
using test::Random;

using Lines = std::vector<std::string>;

std::array<std::uint8_t, 4> random_key(Random& random) {
  std::array<std::uint8_t, 4> key{};
  for (auto& byte : key) byte = static_cast<std::uint8_t>(random.below(256));
  return key;
}

struct Script {
  std::string bytes;
  Lines events;
};

void add_control(Random& random, Script& script) {
  const bool is_ping = random.one_in(2);
  const auto payload = random.bytes(random.below(kControlPayloadBytesMax + 1));
  script.bytes += client_frame(
      {.opcode = is_ping ? Opcode::ping : Opcode::pong, .key = random_key(random)}, payload);
  script.events.push_back((is_ping ? "ping " : "pong ") + payload);
}

void add_message(Random& random, Script& script) {
  const bool is_text = random.one_in(2);
  const std::size_t size = random.one_in(8) ? random.below(70'000) : random.below(300);
  const auto payload = is_text ? random.text(size / 2) : random.bytes(size);
  std::string_view rest = payload;
  auto opcode = is_text ? Opcode::text : Opcode::binary;
  while (random.one_in(3)) {
    const auto part = rest.substr(0, random.below(rest.size() + 1));
    rest.remove_prefix(part.size());
    script.bytes +=
        client_frame({.opcode = opcode, .is_final = false, .key = random_key(random)}, part);
    opcode = Opcode::continuation;
    if (random.one_in(3)) add_control(random, script);
  }
  script.bytes += client_frame({.opcode = opcode, .key = random_key(random)}, rest);
  script.events.push_back((is_text ? "text " : "binary ") + payload);
}

Script random_script(Random& random) {
  Script script;
  for (std::size_t left = random.below(12); left > 0; --left) {
    random.one_in(4) ? add_control(random, script) : add_message(random, script);
  }
  if (random.one_in(2)) {
    script.bytes += test::client_close(
        "\x03\xe8"
        "bye");
    script.events.emplace_back("close 1000 bye");
  }
  return script;
}

/// The same bytes in random pieces, some of them empty.
Lines decoded_in_pieces(Random& random, std::string_view bytes, std::size_t piece_max) {
  Decoder decoder(DecoderLimits{});
  Scratch scratch;
  Lines lines;
  while (!bytes.empty()) {
    const auto piece = bytes.substr(0, random.below(piece_max + 1));
    bytes.remove_prefix(piece.size());
    // A copy of its own, so that a sanitizer sees every step outside of it.
    const auto more = feed(decoder, scratch, std::string(piece));
    lines.insert(lines.end(), more.begin(), more.end());
  }
  return lines;
}

TEST(DecoderPropertyTest, CutAnywhereGivesTheSameEvents) {
  Random random;
  for (int round = 0; round < 100; ++round) {
    const auto script = random_script(random);
    ASSERT_EQ(decoded(script.bytes), script.events) << "seed " << random.seed();
    for (const std::size_t piece_max : {1U, 3U, 20U, 1000U, 100'000U}) {
      ASSERT_EQ(decoded_in_pieces(random, script.bytes, piece_max), script.events)
          << "seed " << random.seed() << ", pieces up to " << piece_max;
    }
  }
}

TEST(DecoderPropertyTest, CutAnywhereGivesTheSameEventsOfBrokenBytesToo) {
  Random random;
  for (int round = 0; round < 300; ++round) {
    auto bytes = random_script(random).bytes;
    for (std::size_t flips = random.below(4); flips > 0 && !bytes.empty(); --flips) {
      bytes[random.below(std::min<std::size_t>(bytes.size(), 400))] =
          static_cast<char>(random.below(256));
    }
    ASSERT_EQ(decoded_in_pieces(random, bytes, 7), decoded(bytes)) << "seed " << random.seed();
  }
}

TEST(DecoderPropertyTest, EncodeThenDecodeIsIdentity) {
  Random random;
  for (int round = 0; round < 200; ++round) {
    const bool is_text = random.one_in(2);
    const std::size_t size = random.one_in(4) ? random.below(140'000) : random.below(140);
    const auto payload = is_text ? random.text(size / 4) : random.bytes(size);
    std::string frame;
    append_frame(frame, is_text ? Opcode::text : Opcode::binary, payload);
    // A server's frame is a client's without the mask: a key of zeros makes it one.
    const auto header = frame_header(Opcode::text, payload.size());
    frame[1] = static_cast<char>(static_cast<unsigned char>(frame[1]) | 0x80U);
    frame.insert(header.size, 4, '\0');
    ASSERT_EQ(decoded(frame), Lines{(is_text ? "text " : "binary ") + payload})
        << "seed " << random.seed();
  }
}

}  // namespace
}  // namespace knotos::websocket
