#include "domain/ids.hpp"

#include "base/digest.hpp"

#include <algorithm>
#include <vector>

namespace knotos::domain {
namespace {

// Name spaces of our own: never change them, or every direct chat gets another id.
constexpr Uuid kDirectSpace{{0x6b, 0x6e, 0x6f, 0x74, 0x6f, 0x73, 0x4d, 0x01, 0x9d, 0x69, 0x72, 0x65,
                             0x63, 0x74, 0x00, 0x01}};
constexpr Uuid kSavedSpace{{0x6b, 0x6e, 0x6f, 0x74, 0x6f, 0x73, 0x4d, 0x01, 0x9d, 0x73, 0x61, 0x76,
                            0x65, 0x64, 0x00, 0x01}};
constexpr Uuid kGroupSpace{{0x6b, 0x6e, 0x6f, 0x74, 0x6f, 0x73, 0x4d, 0x01, 0x9d, 0x67, 0x72, 0x6f,
                            0x75, 0x70, 0x00, 0x01}};

}  // namespace

ChatId direct_chat_id(UserId one, UserId other) {
  if (other < one) std::swap(one, other);
  std::vector<std::uint8_t> name(one.uuid().bytes.begin(), one.uuid().bytes.end());
  name.insert(name.end(), other.uuid().bytes.begin(), other.uuid().bytes.end());
  return ChatId(make_uuid_v5(kDirectSpace, name));
}

ChatId saved_chat_id(UserId user) { return ChatId(make_uuid_v5(kSavedSpace, user.uuid().bytes)); }

ChatId group_chat_id(UserId creator, std::string_view client_chat_id) {
  std::vector<std::uint8_t> name(creator.uuid().bytes.begin(), creator.uuid().bytes.end());
  const auto rest = as_octets(client_chat_id);
  name.insert(name.end(), rest.begin(), rest.end());
  return ChatId(make_uuid_v5(kGroupSpace, name));
}

}  // namespace knotos::domain
