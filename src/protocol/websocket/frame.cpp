#include "protocol/websocket/frame.hpp"

#include <array>
#include <cstring>

namespace knotos::websocket {

void apply_mask(std::span<const std::uint8_t> in, std::uint8_t* out, MaskKey key,
                std::size_t offset) {
  std::array<std::uint8_t, sizeof(MaskKey)> wire{};
  std::memcpy(wire.data(), &key, wire.size());
  std::array<std::uint8_t, 8> repeated{};
  for (std::size_t i = 0; i < repeated.size(); ++i) repeated[i] = wire[(offset + i) % wire.size()];
  std::uint64_t wide = 0;
  std::memcpy(&wide, repeated.data(), sizeof wide);

  std::size_t done = 0;
  for (; in.size() - done >= sizeof wide; done += sizeof wide) {
    std::uint64_t word = 0;
    std::memcpy(&word, in.data() + done, sizeof word);
    word ^= wide;
    std::memcpy(out + done, &word, sizeof word);
  }
  for (std::size_t i = 0; done < in.size(); ++i, ++done) {
    out[done] = static_cast<std::uint8_t>(in[done] ^ repeated[i]);
  }
}

}  // namespace knotos::websocket
