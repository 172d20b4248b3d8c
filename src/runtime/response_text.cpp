#include "runtime/response_text.hpp"

#include "base/log.hpp"
#include "base/metrics.hpp"

#include <boost/beast/http/status.hpp>

#include <algorithm>
#include <array>
#include <ctime>

namespace knotos::runtime {
namespace {

metrics::Counter headers_dropped(
    "http_response_headers_dropped_total",
    "Response headers left out because they were not valid: each is a bug.");

bool is_token(std::string_view name) {
  constexpr std::string_view kOthers = "!#$%&'*+-.^_`|~";
  const auto is_allowed = [&](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
           kOthers.find(c) != std::string_view::npos;
  };
  return !name.empty() && std::ranges::all_of(name, is_allowed);
}

bool is_value(std::string_view value) {
  return std::ranges::none_of(value, [](char c) {
    const auto byte = static_cast<unsigned char>(c);
    return (byte < 0x20 && c != '\t') || byte == 0x7f;
  });
}

void append_header(std::string& out, std::string_view name, std::string_view value) {
  out += name;
  out += ": ";
  out += value;
  out += "\r\n";
}

}  // namespace

std::string response_head(const http::Response& response, const ResponseFrame& frame) {
  std::string out = frame.is_http_1_0 ? "HTTP/1.0 " : "HTTP/1.1 ";
  const auto reason =
      boost::beast::http::obsolete_reason(static_cast<boost::beast::http::status>(response.status));
  out += std::to_string(response.status);
  out += ' ';
  out.append(reason.data(), reason.size());
  out += "\r\n";
  bool has_length = false;
  for (const auto& header : response.headers) {
    if (!is_token(header.name) || !is_value(header.value)) {
      headers_dropped.add();
      log::error("a response header was not valid", {{"name", header.name}});
      continue;
    }
    has_length = has_length || header.name == "Content-Length";
    append_header(out, header.name, header.value);
  }
  const bool has_body = response.status >= 200 && response.status != 204 && response.status != 304;
  if (has_body && !has_length)
    append_header(out, "Content-Length", std::to_string(response.body.size()));
  append_header(out, "Date", frame.date);
  if (frame.closes) {
    append_header(out, "Connection", "close");
  } else if (frame.is_http_1_0) {
    append_header(out, "Connection", "keep-alive");
  }
  out += "\r\n";
  return out;
}

std::string_view http_date() {
  thread_local std::time_t second = 0;
  thread_local std::array<char, 32> text{};
  thread_local std::size_t size = 0;
  const auto now = std::time(nullptr);
  if (now != second) {
    std::tm parts{};
    gmtime_r(&now, &parts);
    size = std::strftime(text.data(), text.size(), "%a, %d %b %Y %H:%M:%S GMT", &parts);
    second = now;
  }
  return {text.data(), size};
}

}  // namespace knotos::runtime
