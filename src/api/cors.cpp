#include "api/cors.hpp"

#include <algorithm>

namespace knotos::api {

void Cors::add_headers(const http::Request& request, std::vector<http::Header>& headers) const {
  if (origins_.empty()) return;
  // Also where the origin is refused or absent: a cache must not give one origin's answer to
  // another.
  headers.push_back({"Vary", "Origin"});
  const auto origin = request.header("Origin");
  if (!origin || !allows(*origin)) return;
  headers.push_back({"Access-Control-Allow-Origin", std::string(*origin)});
  headers.push_back({"Access-Control-Expose-Headers",
                     "X-Request-Id, RateLimit, RateLimit-Policy, Retry-After, WWW-Authenticate"});
}

void Cors::add_preflight_headers(const http::Request& request, std::string_view allowed,
                                 std::vector<http::Header>& headers) const {
  const auto origin = request.header("Origin");
  if (!origin || !allows(*origin) || !request.header("Access-Control-Request-Method")) return;
  headers.push_back({"Access-Control-Allow-Methods", std::string(allowed)});
  headers.push_back({"Access-Control-Allow-Headers", "Authorization, Content-Type, X-Request-Id"});
  headers.push_back({"Access-Control-Max-Age", "600"});
}

bool Cors::allows(std::string_view origin) const {
  return std::ranges::any_of(origins_,
                             [origin](const auto& each) { return each == "*" || each == origin; });
}

}  // namespace knotos::api
