#include "server/opener.hpp"

#include <algorithm>
#include <array>
#include <cctype>

namespace knotos::server {

namespace {

constexpr std::array<std::string_view, 5> kDroppedPrefixes{"sec-", "accept", "connection",
                                                           "upgrade", "content-"};
constexpr std::array<std::string_view, 7> kDroppedNames{
    "cache-control", "pragma", "keep-alive", "dnt", "te", "transfer-encoding", "priority"};

std::string in_lower_case(std::string_view text) {
  std::string lower(text);
  std::ranges::transform(lower, lower.begin(),
                         [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  return lower;
}

bool is_kept(const http::Header& header) {
  const auto name = in_lower_case(header.name);
  return std::ranges::none_of(kDroppedPrefixes,
                              [&](auto prefix) { return name.starts_with(prefix); }) &&
         std::ranges::none_of(kDroppedNames, [&](auto dropped) { return name == dropped; });
}

/// Up to the next line feed, which a request's parser lets into none of these.
std::string_view take_line(std::string_view& rest) {
  const auto end = rest.find('\n');
  const auto line = rest.substr(0, end);
  rest.remove_prefix(end == std::string_view::npos ? rest.size() : end + 1);
  return line;
}

}  // namespace

std::string pack_opener(const http::Request& request) {
  std::string packed = request.remote_address + '\n' + request.method + '\n' + request.target;
  for (const auto& header : request.headers) {
    if (is_kept(header)) packed += '\n' + header.name + ':' + header.value;
  }
  packed.shrink_to_fit();
  return packed;
}

http::Request unpack_opener(std::string_view packed) {
  http::Request request;
  request.remote_address = take_line(packed);
  request.method = take_line(packed);
  request.target = take_line(packed);
  while (!packed.empty()) {
    const auto line = take_line(packed);
    const auto colon = line.find(':');
    if (colon == std::string_view::npos) continue;
    request.headers.push_back(
        {std::string(line.substr(0, colon)), std::string(line.substr(colon + 1))});
  }
  return request;
}

std::string_view address_of_opener(std::string_view packed) { return take_line(packed); }

}  // namespace knotos::server
