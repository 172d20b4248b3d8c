#pragma once

#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <iostream>
#include <random>
#include <string>

namespace knotos::test {

/// Random values for property tests. The seed is printed; KNOTOS_SEED repeats a run.
class Random {
 public:
  Random() : seed_(choose_seed()), engine_(seed_) {
    std::cout << "KNOTOS_SEED=" << seed_ << std::endl;
  }

  [[nodiscard]] std::uint32_t seed() const { return seed_; }
  /// From 0 up to, not including, `end`.
  [[nodiscard]] std::size_t below(std::size_t end) {
    return std::uniform_int_distribution<std::size_t>(0, end - 1)(engine_);
  }
  [[nodiscard]] bool one_in(std::size_t chances) { return below(chances) == 0; }
  [[nodiscard]] std::string bytes(std::size_t size) {
    std::string out(size, '\0');
    for (auto& byte : out) byte = static_cast<char>(below(256));
    return out;
  }
  /// UTF-8 of one to four bytes a character.
  [[nodiscard]] std::string text(std::size_t characters) {
    static const char* const kAlphabet[] = {"a", "Z", "\"", "\\", "7", "\n", "é", "ß", "€", "😀"};
    std::string out;
    for (std::size_t i = 0; i < characters; ++i) out += kAlphabet[below(std::size(kAlphabet))];
    return out;
  }

 private:
  static std::uint32_t choose_seed() {
    const char* given = std::getenv("KNOTOS_SEED");
    return given != nullptr ? static_cast<std::uint32_t>(std::stoul(given))
                            : std::random_device{}();
  }

  std::uint32_t seed_;
  std::mt19937 engine_;
};

}  // namespace knotos::test
