#include "protocol/engineio/request_fault.hpp"

#include "protocol/json_text/strings.hpp"

#include <array>

namespace knotos::engineio {
namespace {

constexpr std::array<RequestFaultDescription, kRequestFaultCount> kCatalogue{{
    {RequestFault::transport_unknown, 400, "Transport unknown"},
    {RequestFault::session_unknown, 400, "Session ID unknown"},
    {RequestFault::bad_handshake_method, 400, "Bad handshake method"},
    {RequestFault::bad_request, 400, "Bad request"},
    {RequestFault::forbidden, 403, "Forbidden"},
    {RequestFault::unsupported_protocol_version, 400, "Unsupported protocol version"},
}};

}  // namespace

const RequestFaultDescription& describe(RequestFault fault) {
  return kCatalogue[static_cast<std::size_t>(fault)];
}

std::string error_body(RequestFault fault, std::string_view message) {
  std::string body =
      R"({"code":)" + std::to_string(static_cast<unsigned>(fault)) + R"(,"message":)";
  json_text::append_string(body, message.empty() ? describe(fault).message : message);
  return body += '}';
}

}  // namespace knotos::engineio
