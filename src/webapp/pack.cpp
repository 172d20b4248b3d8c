#include "webapp/pack.hpp"

#include <array>
#include <charconv>
#include <stdexcept>
#include <string>
#include <utility>

namespace knotos::webapp {
namespace {

constexpr std::string_view kMagic = "knotos-web-pack 1\n";
constexpr std::size_t kFields = 8;

[[noreturn]] void refuse(std::string_view what) {
  throw std::runtime_error("the web client in this binary cannot be read: " + std::string(what));
}

std::array<std::string_view, kFields> fields_of(std::string_view line) {
  std::array<std::string_view, kFields> fields;
  for (std::size_t i = 0; i < kFields; ++i) {
    const auto end = line.find('\t');
    if ((end == std::string_view::npos) != (i + 1 == kFields)) refuse("a line of its list");
    fields[i] = line.substr(0, end);
    line.remove_prefix(end == std::string_view::npos ? line.size() : end + 1);
  }
  return fields;
}

std::size_t number(std::string_view text) {
  std::size_t value = 0;
  const auto [end, ec] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (ec != std::errc() || end != text.data() + text.size()) refuse("a number");
  return value;
}

std::string_view slice(std::string_view bytes, std::string_view offset, std::string_view size) {
  const auto from = number(offset);
  const auto count = number(size);
  if (from > bytes.size() || count > bytes.size() - from) refuse("a file beyond its end");
  return bytes.substr(from, count);
}

}  // namespace

Assets read_pack(std::string_view pack) {
  Assets assets;
  if (pack.empty()) return assets;
  if (!pack.starts_with(kMagic)) refuse("its first line");
  const auto list_end = pack.find("\n\n");
  if (list_end == std::string_view::npos) refuse("its list has no end");
  const auto bytes = pack.substr(list_end + 2);
  auto list = pack.substr(kMagic.size(), list_end + 1 - kMagic.size());
  while (!list.empty()) {
    const auto line = list.substr(0, list.find('\n'));
    list.remove_prefix(line.size() + 1);
    const auto fields = fields_of(line);
    assets.emplace(fields[0], Asset{.type = fields[1],
                                    .hash = fields[2],
                                    .is_immutable = fields[3] == "immutable",
                                    .content = slice(bytes, fields[4], fields[5]),
                                    .gzip = slice(bytes, fields[6], fields[7])});
  }
  return assets;
}

}  // namespace knotos::webapp
