#include "adapters/redis/slots.hpp"

#include "adapters/redis/whole_number.hpp"

#include <algorithm>
#include <array>
#include <string>

namespace knotos::adapters::redis {
namespace {

using CrcTable = std::array<std::uint16_t, 256>;

constexpr CrcTable make_crc_table() {
  constexpr unsigned kPolynomial = 0x1021;
  CrcTable table{};
  for (unsigned byte = 0; byte < table.size(); ++byte) {
    unsigned crc = byte << 8U;
    for (int bit = 0; bit < 8; ++bit) {
      crc = (crc & 0x8000U) != 0 ? (crc << 1U) ^ kPolynomial : crc << 1U;
    }
    table[byte] = static_cast<std::uint16_t>(crc);
  }
  return table;
}

constexpr CrcTable kCrcTable = make_crc_table();

unsigned crc16(std::string_view text) {
  unsigned crc = 0;
  for (const char each : text) {
    const auto byte = static_cast<unsigned char>(each);
    crc = ((crc << 8U) & 0xffffU) ^ kCrcTable[((crc >> 8U) ^ byte) & 0xffU];
  }
  return crc;
}

std::optional<std::uint16_t> slot_in(std::int64_t number) {
  if (number < 0 || number >= static_cast<std::int64_t>(kSlots)) return std::nullopt;
  return static_cast<std::uint16_t>(number);
}

std::optional<Endpoint> endpoint_in(const Reply& server, const Endpoint& asked) {
  if (server.items.size() < 2) return std::nullopt;
  const auto port = server.items[1].number;
  if (port < 1 || port > 65'535) return std::nullopt;
  const auto& host = server.items[0].text;
  return Endpoint{.host = host.empty() ? asked.host : host,
                  .port = static_cast<std::uint16_t>(port)};
}

}  // namespace

std::uint16_t slot_of(std::string_view key) {
  if (const auto open = key.find('{'); open != std::string_view::npos) {
    const auto close = key.find('}', open + 1);
    if (close != std::string_view::npos && close > open + 1) {
      key = key.substr(open + 1, close - open - 1);
    }
  }
  return static_cast<std::uint16_t>(crc16(key) % kSlots);
}

std::optional<SlotMap> SlotMap::parse(const Reply& reply, const Endpoint& asked) {
  if (reply.kind != Reply::Kind::list) return std::nullopt;
  SlotMap map;
  for (const auto& range : reply.items) {
    if (range.items.size() < 3) return std::nullopt;
    const auto first = slot_in(range.items[0].number);
    const auto last = slot_in(range.items[1].number);
    const auto master = endpoint_in(range.items[2], asked);
    if (!first || !last || *first > *last || !master) return std::nullopt;
    auto at = std::ranges::find(map.masters_, *master);
    if (at == map.masters_.end()) at = map.masters_.insert(at, *master);
    const auto number = static_cast<std::uint16_t>(at - map.masters_.begin());
    std::fill(map.by_slot_.begin() + *first, map.by_slot_.begin() + *last + 1, number);
  }
  return map;
}

const Endpoint* SlotMap::master_of(std::uint16_t slot) const {
  const auto number = by_slot_.at(slot);
  return number == kNobody ? nullptr : &masters_[number];
}

bool SlotMap::is_whole() const { return std::ranges::find(by_slot_, kNobody) == by_slot_.end(); }

std::optional<Redirect> parse_moved(std::string_view error) {
  constexpr std::string_view kMoved = "MOVED ";
  if (!error.starts_with(kMoved)) return std::nullopt;
  error.remove_prefix(kMoved.size());
  const auto space = error.find(' ');
  // The last colon: an IPv6 address stands there without brackets.
  const auto colon = error.rfind(':');
  if (space == std::string_view::npos || colon == std::string_view::npos || colon < space) {
    return std::nullopt;
  }
  const auto slot = whole<std::uint16_t>(error.substr(0, space));
  const auto port = whole<std::uint16_t>(error.substr(colon + 1));
  if (!slot || *slot >= kSlots || !port || *port == 0) return std::nullopt;
  return Redirect{
      .slot = *slot,
      .to = {.host = std::string(error.substr(space + 1, colon - space - 1)), .port = *port}};
}

}  // namespace knotos::adapters::redis
