#pragma once

#include "protocol/http/message.hpp"

#include <string>
#include <string_view>

/// The request that opened a link, kept in one string for as long as the link lives: a later
/// CONNECT shows it to the application again. Without its body, and without the headers that
/// concern the connection, caches and what a browser says of itself.
namespace knotos::server {

[[nodiscard]] std::string pack_opener(const http::Request& request);
[[nodiscard]] http::Request unpack_opener(std::string_view packed);
[[nodiscard]] std::string_view address_of_opener(std::string_view packed);

}  // namespace knotos::server
