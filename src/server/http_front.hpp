#pragma once

#include "protocol/engineio/request_fault.hpp"
#include "protocol/engineio/session.hpp"
#include "protocol/http/message.hpp"
#include "server/server.hpp"

#include <expected>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

/// What can be said of a request without knowing any session (WIRE 2.1, 2.2, 2.7), and the
/// responses. Pure functions.
namespace knotos::server {

/// A request that asks for a link, or for something of one.
struct FrontRequest {
  engineio::Transport transport = engineio::Transport::polling;
  bool wants_upgrade = false;
  bool is_protocol_4 = false;
  bool wants_base64 = false;
  std::string sid;  ///< Empty: a new link.
};

struct FrontRefusal {
  engineio::RequestFault fault = engineio::RequestFault::bad_request;
  std::string message;  ///< Empty: the catalogue's.
};

/// The checks that come before the sid is looked up; of a handshake, all of them.
[[nodiscard]] std::expected<FrontRequest, FrontRefusal> check_front(const http::Request& request,
                                                                    const Options& options);

/// The request's method and headers ask what is allowed, and CORS is configured.
[[nodiscard]] bool is_preflight(const http::Request& request, const Options& options);
[[nodiscard]] http::Response preflight_response(const http::Request& request,
                                                const Options& options);
/// Added to each answer of such a request, refusals included.
[[nodiscard]] std::vector<http::Header> cors_headers(const http::Request& request,
                                                     const Options& options);

[[nodiscard]] http::Response fault_response(const FrontRefusal& refusal);
/// 200 with packets.
[[nodiscard]] http::Response payload_response(std::string payload);
/// 200 `ok`.
[[nodiscard]] http::Response post_response();
[[nodiscard]] http::Response empty_response(unsigned status);

}  // namespace knotos::server
