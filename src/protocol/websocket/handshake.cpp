#include "protocol/websocket/handshake.hpp"

#include "base/digest.hpp"

#include <algorithm>
#include <optional>

namespace knotos::websocket {
namespace {

constexpr std::string_view kVersion = "13";
constexpr std::size_t kKeyCharacters = 24;  // 16 bytes in base64, of which two are padding.

bool is_alphanumeric(char character) {
  return (character >= '0' && character <= '9') || (character >= 'A' && character <= 'Z') ||
         (character >= 'a' && character <= 'z');
}

bool is_key(std::string_view text) {
  const auto is_base64 = [](char character) {
    return is_alphanumeric(character) || character == '+' || character == '/';
  };
  return text.size() == kKeyCharacters && text.ends_with("==") &&
         std::ranges::all_of(text.substr(0, kKeyCharacters - 2), is_base64);
}

/// The characters of a token (RFC 9110, 5.6.2): no blank, no control, nothing that could end a
/// header.
bool is_token_character(char character) {
  return is_alphanumeric(character) ||
         std::string_view("!#$%&'*+-.^_`|~").find(character) != std::string_view::npos;
}

/// The first token of a comma-separated list; nullopt where the list does not begin with one. What
/// comes after it is not looked at: the choice is ours, and made.
std::optional<std::string_view> first_token(std::string_view list) {
  const auto begin = std::min(list.find_first_not_of(" \t"), list.size());
  list.remove_prefix(begin);
  const auto end = std::ranges::find_if_not(list, is_token_character);
  const auto token = list.substr(0, static_cast<std::size_t>(end - list.begin()));
  list.remove_prefix(token.size());
  const auto behind = list.find_first_not_of(" \t");
  const bool ends_well = behind == std::string_view::npos || list[behind] == ',';
  if (token.empty() || !ends_well) return std::nullopt;
  return token;
}

std::unexpected<OpeningRefusal> refuse(std::string_view reason, bool names_version = false) {
  return std::unexpected(OpeningRefusal{reason, names_version});
}

}  // namespace

bool wants_upgrade(const http::Request& request) {
  return request.header_has_token("Upgrade", "websocket") &&
         request.header_has_token("Connection", "upgrade");
}

std::expected<Opening, OpeningRefusal> check_opening(const http::Request& request) {
  if (request.method != "GET") return refuse("Invalid HTTP method");
  if (request.version < 11) return refuse("Invalid HTTP version");
  if (!wants_upgrade(request)) return refuse("Invalid Upgrade header");

  const auto key = request.header("Sec-WebSocket-Key");
  if (!key || !is_key(*key)) return refuse("Missing or invalid Sec-WebSocket-Key header");
  if (request.header("Sec-WebSocket-Version") != kVersion) {
    return refuse("Missing or invalid Sec-WebSocket-Version header", true);
  }

  Opening opening{.accept = accept_for(*key), .subprotocol = {}};
  if (const auto offered = request.header("Sec-WebSocket-Protocol")) {
    const auto first = first_token(*offered);
    if (!first) return refuse("Invalid Sec-WebSocket-Protocol header");
    opening.subprotocol = *first;
  }
  return opening;
}

std::string opening_response(const Opening& opening, const std::vector<http::Header>& headers) {
  std::string response =
      "HTTP/1.1 101 Switching Protocols\r\n"
      "Upgrade: websocket\r\n"
      "Connection: Upgrade\r\n"
      "Sec-WebSocket-Accept: " +
      opening.accept + "\r\n";
  const auto add = [&response](std::string_view name, std::string_view value) {
    response.append(name).append(": ").append(value).append("\r\n");
  };
  if (!opening.subprotocol.empty()) add("Sec-WebSocket-Protocol", opening.subprotocol);
  for (const auto& header : headers) add(header.name, header.value);
  return response += "\r\n";
}

http::Response refusal_response(std::string_view reason) {
  return {.status = 400,
          .headers = {{"Content-Type", "text/html"}},
          .body = std::string(reason),
          .closes_connection = true};
}

http::Response refusal_response(const OpeningRefusal& refusal) {
  auto response = refusal_response(refusal.reason);
  if (refusal.names_version) {
    response.headers.push_back({"Sec-WebSocket-Version", std::string(kVersion)});
  }
  return response;
}

std::string accept_for(std::string_view key) {
  // The GUID of RFC 6455, 1.3.
  const auto text = std::string(key) + "258EAFA5-E914-47DA-95CA-C5AB0DC85B11";
  return base64_encode(sha1(as_octets(text)));
}

}  // namespace knotos::websocket
