#include "webapp/webapp.hpp"

#include "base/metrics.hpp"

#include <algorithm>
#include <array>
#include <string>

namespace knotos::webapp {
namespace {

metrics::Counter served("webapp_responses_total", "Files of the web client answered.", "answer",
                        "whole");
metrics::Counter revalidated("webapp_responses_total", "Files of the web client answered.",
                             "answer", "not-modified");

constexpr std::string_view kPage = "/index.html";
/// The page that shows the descriptions of the API, and what it is made of.
constexpr std::string_view kDocs = "/docs";
constexpr std::string_view kDocsPage = "/docs/index.html";

/// The client's own places, each answered with its page: web/src/app/router.svelte.ts.
constexpr std::array<std::string_view, 3> kRoutes = {"/chats/", "/invites/", "/settings"};

constexpr std::string_view kWithoutClient =
    "Knotos is running. This binary was built without its web client: install Node.js 18 or newer "
    "and npm, and run ./dev build again.\n";
constexpr std::string_view kWithoutDocs =
    "The descriptions are at /openapi.json and /asyncapi.json. This binary was built without the "
    "page that shows them: install Node.js 18 or newer and npm, and run ./dev build again.\n";

/// Scripts, styles, images and connections of this server's own only, and nothing inline: what
/// should ever get into the page as markup runs nothing and asks nobody. Trusted types: no string
/// becomes markup or the address of a script but through the two policies.
constexpr std::string_view kContentSecurityPolicy =
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' blob:; "
    "font-src 'self'; connect-src 'self'; manifest-src 'self'; worker-src 'self'; "
    "base-uri 'none'; form-action 'none'; frame-ancestors 'none'; "
    "require-trusted-types-for 'script'; trusted-types svelte-trusted-html knotos-worker";

/// Likewise, but Swagger UI makes markup of strings, and has its arrows as data URLs.
constexpr std::string_view kDocsSecurityPolicy =
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; "
    "connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

bool is_docs(std::string_view path) {
  return path == kDocs || (path.starts_with(kDocs) && path[kDocs.size()] == '/');
}

std::string_view trimmed(std::string_view text) {
  const auto is_blank = [](char c) { return c == ' ' || c == '\t'; };
  while (!text.empty() && is_blank(text.front())) text.remove_prefix(1);
  while (!text.empty() && is_blank(text.back())) text.remove_suffix(1);
  return text;
}

/// Calls with each element of a comma-separated list until one answers true.
template <class Predicate>
bool any_element(std::string_view list, Predicate predicate) {
  while (!list.empty()) {
    const auto element = list.substr(0, list.find(','));
    if (predicate(trimmed(element))) return true;
    list.remove_prefix(std::min(list.size(), element.size() + 1));
  }
  return false;
}

/// RFC 9110 section 12.5.3, for gzip alone: named, or meant by `*`, and not with a weight of zero.
bool takes_gzip(const http::Request& request) {
  const auto accepted = request.header("accept-encoding");
  return accepted && any_element(*accepted, [](std::string_view element) {
           const auto name = trimmed(element.substr(0, element.find(';')));
           if (name != "gzip" && name != "*") return false;
           const auto weight = element.find("q=");
           if (weight == std::string_view::npos) return true;
           const auto digits = element.substr(weight + 2);
           return digits.find_first_of("123456789") != std::string_view::npos;
         });
}

/// RFC 9110 section 13.1.2: the weak comparison.
bool matches(const http::Request& request, std::string_view tag) {
  const auto known = request.header("if-none-match");
  return known && any_element(*known, [tag](std::string_view element) {
           if (element == "*") return true;
           if (element.starts_with("W/")) element.remove_prefix(2);
           return element == tag;
         });
}

std::vector<http::Header> security_headers(std::string_view path) {
  const auto policy = is_docs(path) ? kDocsSecurityPolicy : kContentSecurityPolicy;
  return {{"Content-Security-Policy", std::string(policy)},
          {"X-Content-Type-Options", "nosniff"},
          {"Referrer-Policy", "no-referrer"},
          {"Cross-Origin-Opener-Policy", "same-origin"},
          {"Cross-Origin-Resource-Policy", "same-origin"},
          {"Permissions-Policy", "camera=(), geolocation=(), microphone=(), payment=(), usb=()"}};
}

http::Response plain(unsigned status, std::string_view path, std::string_view text) {
  http::Response response{
      .status = status, .headers = security_headers(path), .body = std::string(text)};
  response.headers.push_back({"Content-Type", "text/plain; charset=utf-8"});
  response.headers.push_back({"Cache-Control", "no-store"});
  return response;
}

http::Response asset_response(const Asset& asset, const http::Request& request) {
  const bool is_gzip = !asset.gzip.empty() && takes_gzip(request);
  const auto tag = '"' + std::string(asset.hash) + (is_gzip ? "-gzip\"" : "\"");
  http::Response response{.status = 200, .headers = security_headers(request.path()), .body = {}};
  response.headers.push_back({"ETag", tag});
  response.headers.push_back(
      {"Cache-Control", asset.is_immutable ? "public, max-age=31536000, immutable" : "no-cache"});
  if (!asset.gzip.empty()) response.headers.push_back({"Vary", "Accept-Encoding"});
  if (matches(request, tag)) {
    revalidated.add();
    response.status = 304;
    return response;
  }
  served.add();
  response.headers.push_back({"Content-Type", std::string(asset.type)});
  if (is_gzip) response.headers.push_back({"Content-Encoding", "gzip"});
  response.body = std::string(is_gzip ? asset.gzip : asset.content);
  return response;
}

bool is_route(std::string_view path) {
  return path == "/" || std::ranges::any_of(kRoutes, [path](std::string_view route) {
           if (!path.starts_with(route)) return false;
           return route.ends_with('/') ? path.size() > route.size() : path == route;
         });
}

}  // namespace

Webapp::Webapp(std::string_view pack) : assets_(read_pack(pack)) {}

bool Webapp::owns(std::string_view path) const {
  return path == "/" || path == kDocs || find(path) != nullptr;
}

http::Response Webapp::respond(const http::Request& request) const {
  if (request.method != "GET" && request.method != "HEAD") {
    auto response =
        plain(405, request.path(), "This is a page: it can be read, and nothing else.\n");
    response.headers.push_back({"Allow", "GET, HEAD"});
    return response;
  }
  const auto* asset = find(request.path());
  if (asset != nullptr) return asset_response(*asset, request);
  return plain(200, request.path(), request.path() == kDocs ? kWithoutDocs : kWithoutClient);
}

const Asset* Webapp::find(std::string_view path) const {
  auto at = assets_.find(path == kDocs ? kDocsPage : path);
  if (at == assets_.end() && is_route(path)) at = assets_.find(kPage);
  return at == assets_.end() ? nullptr : &at->second;
}

}  // namespace knotos::webapp
