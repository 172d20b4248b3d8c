#pragma once

#include "protocol/http/message.hpp"

#include <string>
#include <string_view>

namespace knotos::runtime {

struct ResponseFrame {
  bool is_http_1_0 = false;
  bool closes = false;
  std::string_view date;  ///< As `http_date` has it.
};

/// Status line and headers of a response, with Date, Connection and, where the status allows a
/// body, Content-Length. A header that holds a line break, or whose name is none, is left out and
/// logged: it would forge what follows it.
[[nodiscard]] std::string response_head(const http::Response& response, const ResponseFrame& frame);

/// IMF-fixdate (RFC 9110 section 5.6.7) of now, made anew once a second. One a thread.
[[nodiscard]] std::string_view http_date();

}  // namespace knotos::runtime
