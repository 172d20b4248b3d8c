#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

/// HTTP requests and responses as values. Whoever parses them is elsewhere.
namespace knotos::http {

struct Header {
  std::string name;
  std::string value;
};

struct Request {
  std::string method;
  std::string target;  ///< As it came: path and query, not decoded.
  std::vector<Header> headers;
  std::string body;
  std::string remote_address;  ///< Of the client, without port.
  unsigned version = 11;

  /// The target up to the `?`, not decoded.
  [[nodiscard]] std::string_view path() const;
  /// The target after the `?`, not decoded; empty where there is none.
  [[nodiscard]] std::string_view query() const;
  /// The first header of that name, in any case.
  [[nodiscard]] std::optional<std::string_view> header(std::string_view name) const;
  /// Whether a comma-separated header holds the token, in any case.
  [[nodiscard]] bool header_has_token(std::string_view name, std::string_view token) const;
};

struct Response {
  unsigned status = 200;
  std::vector<Header>
      headers;  ///< Without Content-Length, Connection and Date: the server adds these.
  std::string body;
  bool closes_connection = false;
};

/// Percent-decoding; `+` stays. nullopt: a broken escape.
[[nodiscard]] std::optional<std::string> percent_decode(std::string_view text);

/// The parameters of a query string, decoded; what does not decode is kept as it is.
class Query {
 public:
  explicit Query(std::string_view text);

  /// The last of that name; nullopt where there is none.
  [[nodiscard]] std::optional<std::string_view> get(std::string_view name) const;
  [[nodiscard]] const std::vector<std::pair<std::string, std::string>>& all() const {
    return parameters_;
  }

 private:
  std::vector<std::pair<std::string, std::string>> parameters_;
};

}  // namespace knotos::http
