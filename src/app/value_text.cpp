#include "app/value_text.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <utility>

namespace knotos::app {
namespace {

constexpr std::array<std::pair<std::string_view, log::Level>, 4> kLevels{{
    {"debug", log::Level::debug},
    {"info", log::Level::info},
    {"warning", log::Level::warning},
    {"error", log::Level::error},
}};
constexpr std::array<std::pair<std::string_view, log::Format>, 2> kFormats{{
    {"text", log::Format::text},
    {"json", log::Format::json},
}};
constexpr std::array<std::pair<std::string_view, std::int64_t>, 4> kUnits{{
    {"ms", 1},
    {"s", 1'000},
    {"m", 60'000},
    {"h", 3'600'000},
}};
/// Longer than anybody means, and far from overflow.
constexpr std::uint64_t kMillisecondsMax = 10ULL * 365 * 24 * 3'600'000;

std::optional<std::uint64_t> whole_number(std::string_view text) {
  std::uint64_t value = 0;
  const auto [end, ec] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (ec != std::errc{} || end != text.data() + text.size()) return std::nullopt;
  return value;
}

template <class Table, class Value>
Problem parse_word(const Table& table, std::string_view text, Value& out) {
  const auto* const found =
      std::ranges::find(table, text, [](const auto& row) { return row.first; });
  if (found != table.end()) {
    out = found->second;
    return std::nullopt;
  }
  std::string words;
  for (const auto& row : table) words += (words.empty() ? "" : ", ") + std::string(row.first);
  return "must be one of " + words;
}

template <class Table, class Value>
std::string show_word(const Table& table, Value value) {
  const auto* const found =
      std::ranges::find(table, value, [](const auto& row) { return row.second; });
  return found == table.end() ? std::string() : std::string(found->first);
}

}  // namespace

Problem parse_value(std::string_view text, std::string& out) {
  if (text.empty()) return "must not be empty";
  out = text;
  return std::nullopt;
}

Problem parse_value(std::string_view text, std::size_t& out) {
  const auto value = whole_number(text);
  if (!value) return "must be a whole number";
  out = *value;
  return std::nullopt;
}

Problem parse_value(std::string_view text, std::vector<std::string>& out) {
  out.clear();
  while (!text.empty()) {
    const auto comma = std::min(text.find(','), text.size());
    if (comma > 0) out.emplace_back(text.substr(0, comma));
    text.remove_prefix(std::min(comma + 1, text.size()));
  }
  return std::nullopt;
}

Problem parse_value(std::string_view text, std::chrono::milliseconds& out) {
  const auto value = whole_number(text);
  if (!value || *value == 0 || *value > kMillisecondsMax)
    return "must be a number of milliseconds, 1 or more";
  out = std::chrono::milliseconds(static_cast<std::int64_t>(*value));
  return std::nullopt;
}

Problem parse_value(std::string_view text, Rate& out) {
  if (text == "0") {
    out.count = 0;
    return std::nullopt;
  }
  constexpr const char* kForm =
      "must be like 20/10s (a count, and ms, s, m or h), or 0 for no limit";
  const auto slash = text.find('/');
  if (slash == std::string_view::npos) return kForm;
  const auto count = whole_number(text.substr(0, slash));
  const auto rest = text.substr(slash + 1);
  const auto digits = std::min(rest.find_first_not_of("0123456789"), rest.size());
  const auto amount = whole_number(rest.substr(0, digits));
  const auto* const unit =
      std::ranges::find(kUnits, rest.substr(digits), [](const auto& row) { return row.first; });
  if (!count || *count == 0 || *count > 1'000'000'000 || !amount || *amount == 0 ||
      *amount > 1'000'000 || unit == kUnits.end()) {
    return kForm;
  }
  out.count = static_cast<std::uint32_t>(*count);
  out.window = std::chrono::milliseconds(static_cast<std::int64_t>(*amount) * unit->second);
  out.burst = std::min(out.burst, out.count);
  return std::nullopt;
}

Problem parse_value(std::string_view text, log::Level& out) {
  return parse_word(kLevels, text, out);
}
Problem parse_value(std::string_view text, log::Format& out) {
  return parse_word(kFormats, text, out);
}

std::string show_value(const std::string& value) { return value; }
std::string show_value(std::size_t value) { return std::to_string(value); }

std::string show_value(const std::vector<std::string>& value) {
  std::string joined;
  for (const auto& each : value) joined += (joined.empty() ? "" : ",") + each;
  return joined;
}

std::string show_value(std::chrono::milliseconds value) { return std::to_string(value.count()); }

std::string show_value(const Rate& value) {
  if (value.count == 0) return "0";
  const auto window = value.window.count();
  return std::to_string(value.count) + '/' +
         (window % 1'000 == 0 ? std::to_string(window / 1'000) + "s"
                              : std::to_string(window) + "ms");
}

std::string show_value(log::Level value) { return show_word(kLevels, value); }
std::string show_value(log::Format value) { return show_word(kFormats, value); }

Problem parse_endpoint(std::string_view text, std::string& host, std::uint16_t& port) {
  constexpr const char* kForm = "must be like 127.0.0.1:8080";
  const auto colon = text.rfind(':');
  if (colon == std::string_view::npos || colon == 0) return kForm;
  const auto number = whole_number(text.substr(colon + 1));
  if (!number || *number > 65'535) return kForm;
  auto name = text.substr(0, colon);
  if (name.front() == '[' && name.back() == ']') name = name.substr(1, name.size() - 2);
  if (name.empty()) return kForm;
  host = name;
  port = static_cast<std::uint16_t>(*number);
  return std::nullopt;
}

std::string show_endpoint(const std::string& host, std::uint16_t port) {
  const bool is_v6 = host.find(':') != std::string::npos;
  return (is_v6 ? '[' + host + ']' : host) + ':' + std::to_string(port);
}

std::string without_secrets(std::string_view text) {
  constexpr std::string_view kScheme = "://";
  const auto scheme = text.find(kScheme);
  const auto at = text.rfind('@');
  if (scheme == std::string_view::npos || at == std::string_view::npos || at < scheme) {
    return std::string(text);
  }
  const auto begin = scheme + kScheme.size();
  return std::string(text.substr(0, begin)) + "***" + std::string(text.substr(at));
}

}  // namespace knotos::app
