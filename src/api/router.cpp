#include "api/router.hpp"

#include <algorithm>
#include <optional>

namespace knotos::api {
namespace {

constexpr std::size_t kSegmentsMax = 16;

std::vector<std::string> split(std::string_view path) {
  std::vector<std::string> segments;
  if (!path.starts_with('/')) return segments;
  path.remove_prefix(1);
  while (segments.size() <= kSegmentsMax) {
    const auto slash = path.find('/');
    segments.emplace_back(path.substr(0, slash));
    if (slash == std::string_view::npos) break;
    path.remove_prefix(slash + 1);
  }
  return segments;
}

/// nullopt where the path can be no route's.
std::optional<std::vector<std::string>> decoded_segments(std::string_view path) {
  auto segments = split(path);
  if (segments.empty() || segments.size() > kSegmentsMax) return std::nullopt;
  for (auto& segment : segments) {
    auto decoded = http::percent_decode(segment);
    if (!decoded) return std::nullopt;
    segment = *std::move(decoded);
  }
  return segments;
}

bool is_parameter(std::string_view segment) {
  return segment.starts_with('{') && segment.ends_with('}');
}

std::string_view name_of_parameter(std::string_view segment) {
  return segment.substr(1, segment.size() - 2);
}

bool fits(const std::vector<std::string>& pattern, const std::vector<std::string>& path) {
  return std::ranges::equal(pattern, path, [](const auto& wanted, const auto& given) {
    return is_parameter(wanted) ? !given.empty() : wanted == given;
  });
}

void add_method(std::string& allowed, std::string_view method) {
  if (!allowed.empty()) allowed += ", ";
  allowed += method;
}

}  // namespace

void Router::add(Route route) {
  auto segments = split(route.path);
  entries_.push_back(std::make_unique<const Entry>(Entry{std::move(route), std::move(segments)}));
}

std::vector<const Route*> Router::routes() const {
  std::vector<const Route*> routes;
  for (const auto& entry : entries_) routes.push_back(&entry->route);
  return routes;
}

std::variant<Router::Found, Router::WrongMethod, Router::Unknown> Router::find(
    std::string_view method, std::string_view path) const {
  const auto segments = decoded_segments(path);
  if (!segments) return Unknown{};
  std::string allowed;
  for (const auto& entry : entries_) {
    if (!fits(entry->segments, *segments)) continue;
    const auto& route = entry->route;
    if (route.method == method || (method == "HEAD" && route.method == "GET")) {
      Found found{.route = &route, .parameters = {}};
      for (std::size_t i = 0; i < segments->size(); ++i) {
        const std::string_view pattern = entry->segments[i];
        if (is_parameter(pattern)) {
          found.parameters.emplace_back(name_of_parameter(pattern), (*segments)[i]);
        }
      }
      return found;
    }
    add_method(allowed, route.method);
    if (route.method == "GET") add_method(allowed, "HEAD");
  }
  if (allowed.empty()) return Unknown{};
  add_method(allowed, "OPTIONS");
  return WrongMethod{std::move(allowed)};
}

}  // namespace knotos::api
