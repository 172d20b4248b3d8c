#pragma once

#include <array>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>

namespace knotos {

using Sha1 = std::array<std::uint8_t, 20>;
using Sha256 = std::array<std::uint8_t, 32>;

[[nodiscard]] Sha1 sha1(std::span<const std::uint8_t> data);
[[nodiscard]] Sha256 sha256(std::span<const std::uint8_t> data);
[[nodiscard]] Sha256 hmac_sha256(std::span<const std::uint8_t> key,
                                 std::span<const std::uint8_t> data);

/// Takes the same time wherever the two differ. Lengths are not secret.
[[nodiscard]] bool equal_in_constant_time(std::span<const std::uint8_t> a,
                                          std::span<const std::uint8_t> b);

[[nodiscard]] inline std::span<const std::uint8_t> as_octets(std::string_view text) {
  return {reinterpret_cast<const std::uint8_t*>(text.data()), text.size()};
}

/// Standard alphabet with padding (RFC 4648 section 4).
[[nodiscard]] std::string base64_encode(std::span<const std::uint8_t> data);
/// URL-safe alphabet without padding (RFC 4648 section 5).
[[nodiscard]] std::string base64url_encode(std::span<const std::uint8_t> data);
/// False where the text is not exactly such an encoding.
[[nodiscard]] bool base64_decode(std::string_view text, std::string& out);
[[nodiscard]] bool base64url_decode(std::string_view text, std::string& out);

}  // namespace knotos
