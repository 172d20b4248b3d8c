#pragma once

#include "base/error.hpp"
#include "domain/ids.hpp"
#include "json/read.hpp"

#include <cstddef>
#include <vector>

/// The events of a socket that carry nothing durable. Errors of all: validation_failed, each field
/// by pointer.
namespace knotos::json {

/// Users that one `presence_subscribe` may name.
inline constexpr std::size_t kPresenceUsersMax = 200;

/// `{chatId}` of `typing_start` and `typing_stop`.
[[nodiscard]] Result<domain::ChatId> typing_request(const Object& object);

/// `{userIds}` of `presence_subscribe` and `presence_unsubscribe`: each once, ascending.
[[nodiscard]] Result<std::vector<domain::UserId>> presence_request(const Object& object);

/// `{state}` of `client_state`: whether somebody looks at the client.
[[nodiscard]] Result<bool> client_state_request(const Object& object);

/// `clientState` of CONNECT, or another field of that meaning; absent: somebody looks.
[[nodiscard]] bool read_client_state(Reader& reader, std::string_view name);

}  // namespace knotos::json
