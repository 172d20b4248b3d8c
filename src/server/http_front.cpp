#include "server/http_front.hpp"

#include "protocol/websocket/handshake.hpp"

#include <algorithm>
#include <array>
#include <utility>

namespace knotos::server {

namespace {

using engineio::RequestFault;

/// What a header's value may hold (RFC 9110 section 5.5).
bool is_header_text(std::string_view text) {
  return std::ranges::all_of(text, [](char c) {
    const auto byte = static_cast<unsigned char>(c);
    return byte == '\t' || (byte >= 0x20 && byte != 0x7F);
  });
}

bool allows_anybody(const Options& options) {
  return std::ranges::find(options.cors_origins, "*") != options.cors_origins.end();
}

bool allows_origin(const Options& options, std::string_view origin) {
  return allows_anybody(options) ||
         std::ranges::find(options.cors_origins, origin) != options.cors_origins.end();
}

std::unexpected<FrontRefusal> refuse(RequestFault fault, std::string message = {}) {
  return std::unexpected(FrontRefusal{.fault = fault, .message = std::move(message)});
}

std::expected<FrontRequest, FrontRefusal> check_handshake(FrontRequest front,
                                                          const http::Request& request,
                                                          const Options& options) {
  if (request.method != "GET") return refuse(RequestFault::bad_handshake_method);
  const bool is_websocket = front.transport == engineio::Transport::websocket;
  // An upgrade to `transport=polling` would be cut right after its 101: refused before it.
  if (is_websocket != front.wants_upgrade) return refuse(RequestFault::bad_request);
  if (options.allow_request) {
    if (auto text = options.allow_request(request)) {
      return refuse(RequestFault::forbidden, std::move(*text));
    }
  }
  if (!front.is_protocol_4) return refuse(RequestFault::unsupported_protocol_version);
  return front;
}

}  // namespace

std::expected<FrontRequest, FrontRefusal> check_front(const http::Request& request,
                                                      const Options& options) {
  const http::Query query(request.query());
  const auto transport = query.get("transport");
  FrontRequest front;
  front.wants_upgrade = websocket::wants_upgrade(request);
  if (transport == "websocket") {
    front.transport = engineio::Transport::websocket;
  } else if (transport != "polling") {
    return refuse(RequestFault::transport_unknown);
  }
  if (const auto origin = request.header("origin")) {
    if (!is_header_text(*origin)) return refuse(RequestFault::bad_request);
    // Also with a sid and on WebSocket: a browser sends cookies along to both.
    if (!options.cors_origins.empty() && !allows_origin(options, *origin)) {
      return refuse(RequestFault::forbidden);
    }
  }
  front.is_protocol_4 = query.get("EIO") == "4";
  front.wants_base64 = query.get("b64").value_or("").size() > 0 && query.get("b64") != "0";
  front.sid = query.get("sid").value_or("");
  if (front.sid.empty()) return check_handshake(std::move(front), request, options);
  return front;
}

bool is_preflight(const http::Request& request, const Options& options) {
  return request.method == "OPTIONS" && !options.cors_origins.empty();
}

http::Response preflight_response(const http::Request& request, const Options& options) {
  http::Response response{.status = 204, .headers = cors_headers(request, options), .body = {}};
  response.headers.push_back({"Access-Control-Allow-Methods", "GET,HEAD,PUT,PATCH,POST,DELETE"});
  // RFC 9110 wants none in a 204; there are browsers that wait for a body without it.
  response.headers.push_back({"Content-Length", "0"});
  if (const auto asked = request.header("access-control-request-headers");
      asked && is_header_text(*asked)) {
    response.headers.push_back({"Access-Control-Allow-Headers", std::string(*asked)});
    response.headers.push_back({"Vary", "Access-Control-Request-Headers"});
  }
  return response;
}

std::vector<http::Header> cors_headers(const http::Request& request, const Options& options) {
  std::vector<http::Header> headers;
  if (options.cors_origins.empty()) return headers;
  if (allows_anybody(options)) {
    headers.push_back({"Access-Control-Allow-Origin", "*"});
    return headers;
  }
  headers.push_back({"Vary", "Origin"});
  const auto origin = request.header("origin");
  if (!origin || !is_header_text(*origin) || !allows_origin(options, *origin)) return headers;
  headers.push_back({"Access-Control-Allow-Origin", std::string(*origin)});
  if (options.cors_credentials) headers.push_back({"Access-Control-Allow-Credentials", "true"});
  return headers;
}

http::Response fault_response(const FrontRefusal& refusal) {
  return {.status = engineio::describe(refusal.fault).status,
          .headers = {{"Content-Type", "application/json"}},
          .body = engineio::error_body(refusal.fault, refusal.message)};
}

http::Response payload_response(std::string payload) {
  return {.status = 200,
          .headers = {{"Content-Type", "text/plain; charset=UTF-8"}, {"Cache-Control", "no-store"}},
          .body = std::move(payload)};
}

http::Response post_response() {
  return {.status = 200,
          .headers = {{"Content-Type", "text/html"}, {"Cache-Control", "no-store"}},
          .body = "ok"};
}

http::Response empty_response(unsigned status) {
  return {.status = status, .headers = {}, .body = {}};
}

}  // namespace knotos::server
