#pragma once

#include "base/time.hpp"

#include <array>
#include <compare>
#include <cstdint>
#include <cstring>
#include <functional>
#include <optional>
#include <span>
#include <string>
#include <string_view>

namespace knotos {

/// A UUID (RFC 9562), sixteen bytes. Text is lower case with hyphens.
struct Uuid {
  std::array<std::uint8_t, 16> bytes{};

  auto operator<=>(const Uuid&) const = default;

  /// 36 characters, either case. Any version.
  [[nodiscard]] static std::optional<Uuid> parse(std::string_view text);
  [[nodiscard]] std::string to_string() const;
};

/// Version 4 from sixteen random bytes.
[[nodiscard]] Uuid make_uuid_v4(std::array<std::uint8_t, 16> random);

/// Version 7: sorts by `time`; the rest from ten random bytes.
[[nodiscard]] Uuid make_uuid_v7(Time time, std::array<std::uint8_t, 10> random);

/// Version 5: the same name in the same space gives the same id everywhere.
[[nodiscard]] Uuid make_uuid_v5(const Uuid& space, std::span<const std::uint8_t> name);

/// An identifier that is its own type: `UserId` and `ChatId` do not convert.
template <class Tag>
class Id {
 public:
  Id() = default;
  explicit Id(Uuid uuid) : uuid_(uuid) {}

  [[nodiscard]] static std::optional<Id> parse(std::string_view text) {
    const auto uuid = Uuid::parse(text);
    if (!uuid) return std::nullopt;
    return Id(*uuid);
  }

  [[nodiscard]] const Uuid& uuid() const { return uuid_; }
  [[nodiscard]] std::string to_string() const { return uuid_.to_string(); }

  auto operator<=>(const Id&) const = default;

 private:
  Uuid uuid_;
};

/// Random and name-based UUIDs are spread already; eight of their bytes make the hash.
[[nodiscard]] inline std::size_t hash_of(const Uuid& uuid) {
  std::uint64_t head = 0;
  std::uint64_t tail = 0;
  std::memcpy(&head, uuid.bytes.data(), sizeof head);
  std::memcpy(&tail, uuid.bytes.data() + 8, sizeof tail);
  return static_cast<std::size_t>((head * 0x9e3779b97f4a7c15ULL) ^ tail);
}

}  // namespace knotos

template <>
struct std::hash<knotos::Uuid> {
  std::size_t operator()(const knotos::Uuid& uuid) const noexcept { return knotos::hash_of(uuid); }
};

template <class Tag>
struct std::hash<knotos::Id<Tag>> {
  std::size_t operator()(const knotos::Id<Tag>& id) const noexcept {
    return knotos::hash_of(id.uuid());
  }
};
