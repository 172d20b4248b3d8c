#include "base/assert.hpp"
#include "protocol/http/message.hpp"

#include "fuzz/input.hpp"

#include <string>

namespace knotos::fuzz {
namespace {

void append_escaped(std::string& out, std::string_view text) {
  constexpr std::string_view kHex = "0123456789ABCDEF";
  for (const char character : text) {
    const auto byte = static_cast<unsigned char>(character);
    ((out += '%') += kHex[byte >> 4U]) += kHex[byte & 0xFU];
  }
}

std::string escaped(const http::Query& query) {
  std::string out;
  for (const auto& [name, value] : query.all()) {
    if (!out.empty()) out += '&';
    append_escaped(out, name);
    out += '=';
    append_escaped(out, value);
  }
  return out;
}

}  // namespace
}  // namespace knotos::fuzz

/// A request's target. Of each name the last value counts, nothing grows, and what was read,
/// escaped to the last byte, reads the same.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace knotos;
  http::Request request;
  request.target = fuzz::Input(data, size).rest();
  const auto text = request.query();
  const bool has_mark = request.target.contains('?');
  KN_ASSERT(request.path().size() + text.size() + (has_mark ? 1 : 0) == request.target.size());

  const http::Query query(text);
  std::size_t bytes = 0;
  for (std::size_t i = 0; i < query.all().size(); ++i) {
    const auto& [name, value] = query.all()[i];
    bytes += name.size() + value.size();
    std::size_t last = i;
    for (std::size_t j = i + 1; j < query.all().size(); ++j) {
      if (query.all()[j].first == name) last = j;
    }
    KN_ASSERT(query.get(name) == query.all()[last].second);
  }
  KN_ASSERT(bytes <= text.size());
  KN_ASSERT(http::Query(fuzz::escaped(query)).all() == query.all());
  return 0;
}
