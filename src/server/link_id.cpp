#include "server/link_id.hpp"

#include "base/assert.hpp"

#include <algorithm>

namespace knotos::server {

namespace {

constexpr std::string_view kAlphabet =
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
constexpr std::size_t kShardCharacters = 2;
constexpr std::size_t kPlaceCharacters = 6;

void write_number(std::uint32_t number, std::span<char> out) {
  for (std::size_t i = out.size(); i > 0; --i) {
    out[i - 1] = kAlphabet[number % kAlphabet.size()];
    number /= static_cast<std::uint32_t>(kAlphabet.size());
  }
}

std::optional<std::uint32_t> read_number(std::string_view text) {
  std::uint32_t number = 0;
  for (const char c : text) {
    const auto digit = kAlphabet.find(c);
    if (digit == std::string_view::npos) return std::nullopt;
    number =
        number * static_cast<std::uint32_t>(kAlphabet.size()) + static_cast<std::uint32_t>(digit);
  }
  return number;
}

void write_random(const Random& random, std::span<char> out) {
  std::array<std::uint8_t, std::tuple_size_v<IdText>> bytes{};
  const auto used = std::span(bytes).first(out.size());
  random(used);
  // 64 characters divide 256 values evenly.
  std::ranges::transform(used, out.begin(),
                         [](std::uint8_t byte) { return kAlphabet[byte % kAlphabet.size()]; });
}

}  // namespace

IdText make_sid(LinkPlace place, const Random& random) {
  KN_ASSERT(place.shard < kLinkShardsMax && place.slot < kLinkSlotsMax);
  IdText sid{};
  const std::span text(sid);
  write_number(place.shard, text.first(kShardCharacters));
  write_number(place.slot, text.subspan(kShardCharacters, kPlaceCharacters - kShardCharacters));
  write_random(random, text.subspan(kPlaceCharacters));
  return sid;
}

std::optional<LinkPlace> place_of(std::string_view sid) {
  if (sid.size() != std::tuple_size_v<IdText>) return std::nullopt;
  const auto shard = read_number(sid.substr(0, kShardCharacters));
  const auto slot = read_number(sid.substr(kShardCharacters, kPlaceCharacters - kShardCharacters));
  if (!shard || !slot) return std::nullopt;
  return LinkPlace{.shard = *shard, .slot = *slot};
}

IdText make_socket_id(const Random& random) {
  IdText id{};
  write_random(random, id);
  return id;
}

}  // namespace knotos::server
