#pragma once

#include "protocol/http/message.hpp"

#include <functional>
#include <string_view>

namespace knotos::runtime {

/// What a mount answers to a request whose path was its own, but which never reached its handler:
/// the body was too large (413) or came too slowly (408). `text` says so for people; `target` is
/// the request's path and query, as they came. On the connection's shard.
using HttpRefusal =
    std::function<http::Response(unsigned status, std::string_view text, std::string_view target)>;

}  // namespace knotos::runtime
