#pragma once

#include "protocol/http/message.hpp"

#include <expected>
#include <string>
#include <string_view>
#include <vector>

namespace knotos::websocket {

/// A valid opening (RFC 6455 section 4.2.1).
struct Opening {
  std::string accept;       ///< Sec-WebSocket-Accept.
  std::string subprotocol;  ///< The first that was offered; empty: none.
};

/// Why an opening is none. A constant sentence for the peer.
struct OpeningRefusal {
  std::string_view reason;
  bool names_version = false;  ///< The answer says which version we speak.
};

/// Whether the request asks for WebSocket at all: `Upgrade: websocket` and `Connection: upgrade`.
[[nodiscard]] bool wants_upgrade(const http::Request& request);

/// Checks an upgrade request: GET, HTTP/1.1, version 13, a key of 16 bytes. Extensions are never
/// taken up, so their header is not looked at. Time is linear in the bytes of the headers.
[[nodiscard]] std::expected<Opening, OpeningRefusal> check_opening(const http::Request& request);

/// The 101 response as bytes for the bare connection. `headers` are added, as they are.
[[nodiscard]] std::string opening_response(const Opening& opening,
                                           const std::vector<http::Header>& headers = {});

/// The 400 in plain text (WIRE 3.1), which closes the connection.
[[nodiscard]] http::Response refusal_response(std::string_view reason);
[[nodiscard]] http::Response refusal_response(const OpeningRefusal& refusal);

/// base64(SHA-1(key + GUID)).
[[nodiscard]] std::string accept_for(std::string_view key);

}  // namespace knotos::websocket
