#pragma once

#include <cstdint>
#include <filesystem>
#include <vector>

namespace knotos::adapters::crypto {

using Secret = std::vector<std::uint8_t>;

inline constexpr std::size_t kSecretBytesMin = 32;
inline constexpr std::size_t kSecretBytesMax = 4096;

/// The whole of the file. Throws std::runtime_error with one sentence for the operator where it is
/// missing, shorter than 32 bytes or longer than 4 KiB, or open to others than its owner.
[[nodiscard]] Secret load_secret(const std::filesystem::path& path);

/// As `load_secret`; where there is no file, one of 32 random bytes is made first. The file appears
/// whole or not at all, and of several processes at once all get the same. Throws as above, and
/// where it cannot be written.
[[nodiscard]] Secret load_or_make_secret(const std::filesystem::path& path);

}  // namespace knotos::adapters::crypto
