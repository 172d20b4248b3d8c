#pragma once

#include "protocol/http/message.hpp"

#include <functional>
#include <string_view>

namespace knotos::runtime {

/// What a mount answers to a request whose path was its own, but which never reached its handler:
/// the body was too large (413) or came too slowly (408). `head`: the request without its body.
/// `text` says what was wrong, for people. On the connection's shard.
using HttpRefusal = std::function<http::Response(const http::Request& head, unsigned status,
                                                 std::string_view text)>;

}  // namespace knotos::runtime
