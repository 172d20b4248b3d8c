#include "base/uuid.hpp"

#include "base/digest.hpp"

#include <algorithm>
#include <vector>

namespace knotos {
namespace {

constexpr std::array<std::size_t, 4> kHyphens{8, 13, 18, 23};

std::optional<std::uint8_t> nibble(char c) {
  if (c >= '0' && c <= '9') return static_cast<std::uint8_t>(c - '0');
  if (c >= 'a' && c <= 'f') return static_cast<std::uint8_t>(c - 'a' + 10);
  if (c >= 'A' && c <= 'F') return static_cast<std::uint8_t>(c - 'A' + 10);
  return std::nullopt;
}

void stamp(Uuid& uuid, std::uint8_t version) {
  uuid.bytes[6] =
      static_cast<std::uint8_t>((uuid.bytes[6] & 0x0fU) | static_cast<unsigned>(version << 4U));
  uuid.bytes[8] = static_cast<std::uint8_t>((uuid.bytes[8] & 0x3fU) | 0x80U);
}

}  // namespace

std::optional<Uuid> Uuid::parse(std::string_view text) {
  if (text.size() != 36) return std::nullopt;
  Uuid uuid;
  std::size_t at = 0;
  for (std::size_t i = 0; i < text.size();) {
    if (std::ranges::find(kHyphens, i) != kHyphens.end()) {
      if (text[i] != '-') return std::nullopt;
      ++i;
      continue;
    }
    const auto high = nibble(text[i]);
    const auto low = nibble(text[i + 1]);
    if (!high || !low) return std::nullopt;
    uuid.bytes[at++] = static_cast<std::uint8_t>((*high << 4U) | *low);
    i += 2;
  }
  return uuid;
}

std::string Uuid::to_string() const {
  constexpr std::string_view kDigits = "0123456789abcdef";
  std::string text;
  text.reserve(36);
  for (std::size_t i = 0; i < bytes.size(); ++i) {
    if (i == 4 || i == 6 || i == 8 || i == 10) text += '-';
    text += kDigits[bytes[i] >> 4U];
    text += kDigits[bytes[i] & 0x0fU];
  }
  return text;
}

Uuid make_uuid_v4(std::array<std::uint8_t, 16> random) {
  Uuid uuid{random};
  stamp(uuid, 4);
  return uuid;
}

Uuid make_uuid_v7(Time time, std::array<std::uint8_t, 10> random) {
  Uuid uuid;
  auto milliseconds = static_cast<std::uint64_t>(time.time_since_epoch().count());
  for (std::size_t i = 6; i-- > 0;) {
    uuid.bytes[i] = static_cast<std::uint8_t>(milliseconds & 0xffU);
    milliseconds >>= 8U;
  }
  std::ranges::copy(random, uuid.bytes.begin() + 6);
  stamp(uuid, 7);
  return uuid;
}

Uuid make_uuid_v5(const Uuid& space, std::span<const std::uint8_t> name) {
  std::vector<std::uint8_t> input(space.bytes.begin(), space.bytes.end());
  input.insert(input.end(), name.begin(), name.end());
  const auto digest = sha1(input);
  Uuid uuid;
  std::copy_n(digest.begin(), uuid.bytes.size(), uuid.bytes.begin());
  stamp(uuid, 5);
  return uuid;
}

}  // namespace knotos
