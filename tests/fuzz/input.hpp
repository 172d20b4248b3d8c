#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <string_view>

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size);

namespace knotos::fuzz {

/// What the fuzzer made up, to be taken from the front: zeros when it is used up.
class Input {
 public:
  Input(const std::uint8_t* data, std::size_t size)
      : rest_(reinterpret_cast<const char*>(data), size) {}

  [[nodiscard]] bool is_empty() const { return rest_.empty(); }
  [[nodiscard]] std::string_view rest() const { return rest_; }

  [[nodiscard]] unsigned byte() {
    const auto taken = bytes(1);
    return taken.empty() ? 0 : static_cast<unsigned char>(taken.front());
  }
  /// From 0 up to, not including, `end`, which is at most 256.
  [[nodiscard]] unsigned below(unsigned end) { return byte() % end; }
  /// As many as there are, up to `size`.
  [[nodiscard]] std::string_view bytes(std::size_t size) {
    const auto taken = rest_.substr(0, std::min(size, rest_.size()));
    rest_.remove_prefix(taken.size());
    return taken;
  }

 private:
  std::string_view rest_;
};

}  // namespace knotos::fuzz
