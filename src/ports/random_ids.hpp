#pragma once

#include "domain/ids.hpp"
#include "ports/world.hpp"

#include <array>

namespace knotos::ports {

/// A fresh random id: users, groups, devices.
template <class IdType>
[[nodiscard]] IdType random_id(Random& random) {
  std::array<std::uint8_t, 16> bytes{};
  random.fill(bytes);
  return IdType(make_uuid_v4(bytes));
}

/// A fresh message id, which sorts by its time.
[[nodiscard]] inline domain::MessageId random_message_id(Random& random, Time now) {
  std::array<std::uint8_t, 10> bytes{};
  random.fill(bytes);
  return domain::MessageId(make_uuid_v7(now, bytes));
}

}  // namespace knotos::ports
