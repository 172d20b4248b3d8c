#include "protocol/websocket/handshake.hpp"

#include <gtest/gtest.h>

namespace knotos::websocket {
namespace {

http::Request upgrade_request() {
  http::Request request;
  request.method = "GET";
  request.target = "/chat";
  request.headers = {{"Host", "server.example.com"},
                     {"Upgrade", "websocket"},
                     {"Connection", "Upgrade"},
                     {"Sec-WebSocket-Key", "dGhlIHNhbXBsZSBub25jZQ=="},
                     {"Sec-WebSocket-Version", "13"}};
  return request;
}

void set(http::Request& request, std::string_view name, std::string value) {
  for (auto& header : request.headers) {
    if (header.name == name) {
      header.value = std::move(value);
      return;
    }
  }
  request.headers.push_back({std::string(name), std::move(value)});
}

void drop(http::Request& request, std::string_view name) {
  std::erase_if(request.headers, [name](const auto& header) { return header.name == name; });
}

TEST(HandshakeTest, AnswersTheExampleOfTheRfc) {
  const auto opening = check_opening(upgrade_request());
  ASSERT_TRUE(opening);
  EXPECT_EQ(opening->accept, "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=");
  EXPECT_EQ(opening_response(*opening),
            "HTTP/1.1 101 Switching Protocols\r\n"
            "Upgrade: websocket\r\n"
            "Connection: Upgrade\r\n"
            "Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n"
            "\r\n");
}

TEST(HandshakeTest, TakesBrowsersHeadersInAnyCase) {
  auto request = upgrade_request();
  set(request, "Upgrade", "WebSocket");
  set(request, "Connection", "keep-alive, Upgrade");
  set(request, "Sec-WebSocket-Extensions", "permessage-deflate; client_max_window_bits");
  for (auto& header : request.headers) {
    for (auto& character : header.name) character = static_cast<char>(std::tolower(character));
  }
  const auto opening = check_opening(request);
  ASSERT_TRUE(opening);
  EXPECT_EQ(opening_response(*opening).find("xtensions"), std::string::npos)
      << "No extension is ever taken up.";
}

TEST(HandshakeTest, RefusesWhatIsNoOpening) {
  struct Row {
    const char* name;
    const char* value;  // Null: the header is absent.
    const char* reason;
  };
  for (const auto& row : std::vector<Row>{
           {"Upgrade", nullptr, "Invalid Upgrade header"},
           {"Upgrade", "h2c", "Invalid Upgrade header"},
           {"Connection", nullptr, "Invalid Upgrade header"},
           {"Connection", "keep-alive", "Invalid Upgrade header"},
           {"Sec-WebSocket-Key", nullptr, "Missing or invalid Sec-WebSocket-Key header"},
           {"Sec-WebSocket-Key", "", "Missing or invalid Sec-WebSocket-Key header"},
           {"Sec-WebSocket-Key", "dGhlIHNhbXBsZSBub25jZQ",
            "Missing or invalid Sec-WebSocket-Key header"},
           {"Sec-WebSocket-Key",
            "dGhlIHNhbXBsZSBub25jZQ=", "Missing or invalid Sec-WebSocket-Key header"},
           {"Sec-WebSocket-Key",
            "dGhlIHNhbXBsZSBub25jZ===", "Missing or invalid Sec-WebSocket-Key header"},
           {"Sec-WebSocket-Key",
            "dGhlIHNhbXBsZSBub25j\r\nQ==", "Missing or invalid Sec-WebSocket-Key header"},
           {"Sec-WebSocket-Version", nullptr, "Missing or invalid Sec-WebSocket-Version header"},
           {"Sec-WebSocket-Version", "8", "Missing or invalid Sec-WebSocket-Version header"},
           {"Sec-WebSocket-Version", "013", "Missing or invalid Sec-WebSocket-Version header"},
           {"Sec-WebSocket-Protocol", "", "Invalid Sec-WebSocket-Protocol header"},
           {"Sec-WebSocket-Protocol", ",a", "Invalid Sec-WebSocket-Protocol header"},
           {"Sec-WebSocket-Protocol", "a b", "Invalid Sec-WebSocket-Protocol header"},
           {"Sec-WebSocket-Protocol", "a\r\nX-Evil: 1", "Invalid Sec-WebSocket-Protocol header"},
       }) {
    auto request = upgrade_request();
    row.value == nullptr ? drop(request, row.name) : set(request, row.name, row.value);
    const auto opening = check_opening(request);
    ASSERT_FALSE(opening) << row.name << ": " << (row.value == nullptr ? "-" : row.value);
    EXPECT_EQ(opening.error().reason, row.reason);
  }
}

TEST(HandshakeTest, RefusesOtherMethodsAndOldHttp) {
  auto request = upgrade_request();
  request.method = "POST";
  EXPECT_FALSE(check_opening(request));
  request = upgrade_request();
  request.version = 10;
  EXPECT_FALSE(check_opening(request));
}

TEST(HandshakeTest, EchoesTheFirstSubprotocol) {
  for (const auto* offered : {"chat.v1", "chat.v1, chat.v2", "  chat.v1\t,x", "chat.v1,"}) {
    auto request = upgrade_request();
    set(request, "Sec-WebSocket-Protocol", offered);
    const auto opening = check_opening(request);
    ASSERT_TRUE(opening) << offered;
    EXPECT_EQ(opening->subprotocol, "chat.v1");
    EXPECT_NE(opening_response(*opening).find("\r\nSec-WebSocket-Protocol: chat.v1\r\n"),
              std::string::npos);
  }
}

TEST(HandshakeTest, HeadersMayBeAddedToTheAnswer) {
  const auto response = opening_response({.accept = "x", .subprotocol = {}}, {{"X-One", "1"}});
  EXPECT_TRUE(response.ends_with("\r\nSec-WebSocket-Accept: x\r\nX-One: 1\r\n\r\n"));
}

TEST(HandshakeTest, ARefusalIsPlainTextAndNamesTheVersionWeSpeak) {
  auto request = upgrade_request();
  set(request, "Sec-WebSocket-Version", "7");
  const auto response = refusal_response(check_opening(request).error());
  EXPECT_EQ(response.status, 400U);
  EXPECT_TRUE(response.closes_connection);
  EXPECT_EQ(response.body, "Missing or invalid Sec-WebSocket-Version header");
  ASSERT_EQ(response.headers.size(), 2U);
  EXPECT_EQ(response.headers[0].value, "text/html");
  EXPECT_EQ(response.headers[1].name, "Sec-WebSocket-Version");
  EXPECT_EQ(response.headers[1].value, "13");
  EXPECT_EQ(refusal_response("no").headers.size(), 1U);
}

TEST(HandshakeTest, SaysWhetherWebSocketIsAskedFor) {
  auto request = upgrade_request();
  EXPECT_TRUE(wants_upgrade(request));
  drop(request, "Upgrade");
  EXPECT_FALSE(wants_upgrade(request));
}

}  // namespace
}  // namespace knotos::websocket
